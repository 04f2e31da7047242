public import Events
internal import HTTPTypes
public import Hummingbird
internal import NIOCore

extension Response {
    /// A problem (`Problem`). `code`: nil for the status's own.
    public static func error(_ message: String, status: HTTPResponse.Status, code: String? = nil) -> Response {
        Response(Answer.error(message, status: status, code: code))
    }

    /// The answer of `/livez`: 503 after a thread has made no progress for `limit`. A supervisor such as Kubernetes then ends the
    /// process.
    public static func liveness(standstill: Duration, limit: Duration) -> Response {
        guard standstill >= limit else { return .text("ok\n") }
        return .error(
            "a thread stands still for \(standstill.components.seconds) s", status: .serviceUnavailable,
            code: "standstill")
    }

    /// 503: the client should repeat the request in a second.
    public static func retryLater(_ message: String) -> Response { Problem.retryLater(message).response }

    public static func json(
        status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) -> Void
    ) -> Response {
        Response(Answer.json(status: status, write))
    }

    public static func json(_ bytes: some Sequence<UInt8>, status: HTTPResponse.Status = .ok) -> Response {
        Response(Answer.json(bytes, status: status))
    }

    public static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// Metrics in the format that the request prefers.
    public static func metrics(_ exposition: Exposition, for call: RouteCall) -> Response {
        let format = Exposition.Format(accept: call.fields[values: .accept])
        return .text(exposition.text(as: format), contentType: format.contentType)
    }
}
