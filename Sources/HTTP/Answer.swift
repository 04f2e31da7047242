public import Events
public import HTTPTypes
public import Hummingbird
public import NIOCore

/// An answer with its whole body.
public struct Answer: Sendable {
    public let status: HTTPResponse.Status
    /// In the order in which they are sent.
    public var fields: HTTPFields
    public let body: ByteBuffer

    /// A JSON answer. `Content-Type` and `Content-Length` are its first fields.
    public static func json(status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) -> Void) -> Answer {
        // The JSON of most standings fits.
        var writer = JSONWriter(capacity: 1024)
        write(&writer)
        return json(writer.bytes, status: status)
    }

    static func json(
        _ bytes: some Sequence<UInt8>, status: HTTPResponse.Status,
        mediaType: String = "application/json; charset=utf-8"
    ) -> Answer {
        let body = ByteBuffer(bytes: bytes)
        var fields = HTTPFields()
        fields.reserveCapacity(fieldsReserved)
        fields.append(HTTPField(name: .contentType, value: mediaType))
        fields.append(HTTPField(name: .contentLength, value: String(body.readableBytes)))
        return Answer(status: status, fields: fields, body: body)
    }

    /// A problem. `code`: nil for the status's own.
    public static func error(_ message: String, status: HTTPResponse.Status, code: String? = nil) -> Answer {
        Problem(status, code: code ?? Problem.code(of: status), message).answer
    }

    /// Room for the fields of a standing's answer.
    private static let fieldsReserved = 13
}

extension Answer {
    /// A successful answer without an entity tag of its own gets that of its bytes.
    var tagged: Answer {
        guard status == .ok, !fields.contains(where: { $0.name == .eTag }) else { return self }
        var tag = EntityTag()
        tag.add(body.readableBytesView)
        var answer = self
        answer.fields.append(HTTPField(name: .eTag, value: tag.text))
        return answer
    }
}

extension Response {
    public init(_ answer: Answer) {
        let answer = answer.tagged
        self.init(status: answer.status, headers: answer.fields, body: ResponseBody(byteBuffer: answer.body))
    }
}
