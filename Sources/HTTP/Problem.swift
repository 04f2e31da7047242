internal import Events
public import HTTPTypes
public import Hummingbird

/// A refusal or a failure, as an RFC 9457 problem: `type` is `about:blank`, so `title` is the status's own; `code` is for programs and
/// never changes; `detail` is for people. `error` repeats `detail`: scripts of before problems read it, and so do members of an
/// earlier release.
public struct Problem: Error, Sendable {
    public let status: HTTPResponse.Status
    public let code: String
    public let detail: String
    /// The parameter that is wrong; nil if it is something else.
    public let parameter: String?
    public var fields: HTTPFields

    public init(
        _ status: HTTPResponse.Status, code: String, _ detail: String, parameter: String? = nil,
        fields: HTTPFields = [:]
    ) {
        self.status = status.reasonPhrase.isEmpty ? Self.named(status) : status
        (self.code, self.detail) = (code, detail)
        (self.parameter, self.fields) = (parameter, fields)
    }

    /// The status with its phrase, which is the title: a number alone has none.
    private static func named(_ status: HTTPResponse.Status) -> HTTPResponse.Status {
        let known: [HTTPResponse.Status] = [
            .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .requestTimeout, .conflict, .gone,
            .preconditionFailed, .contentTooLarge, .unsupportedMediaType, .unprocessableContent, .tooManyRequests,
            .internalServerError, .notImplemented, .badGateway, .serviceUnavailable, .gatewayTimeout,
        ]
        return known.first { $0.code == status.code } ?? status
    }

    public static let mediaType = "application/problem+json"

    /// Of the same members in the same order.
    static let schema = JSONSchema.object([
        .init("type", .text()), .init("title", .text()), .init("status", .integer(400...599)),
        .init("detail", .text(), "For people."), .init("code", .text(), "For programs; it never changes."),
        .init("parameter", .text(), isRequired: false, "The parameter that is wrong."),
        .init("error", .text(), "As detail."),
    ])

    public var answer: Answer {
        var writer = JSONWriter(capacity: 256)
        writer.open()
        writer.member("type", "about:blank")
        writer.member("title", status.reasonPhrase)
        writer.member("status", status.code)
        writer.member("detail", detail)
        writer.member("code", code)
        if let parameter { writer.member("parameter", parameter) }
        writer.member("error", detail)
        writer.close()
        var answer = Answer.json(writer.bytes, status: status, mediaType: Self.mediaType)
        answer.fields.append(contentsOf: fields)
        return answer
    }

    public var response: Response { Response(answer) }

    /// The code of a problem that has none of its own: `Not Found` is `not-found`.
    static func code(of status: HTTPResponse.Status) -> String {
        String(status.reasonPhrase.lowercased().map { $0 == " " ? "-" : $0 })
    }

    /// 503: the client should repeat the request in a second.
    public static func retryLater(code: String = "not-now", _ detail: String) -> Problem {
        Problem(.serviceUnavailable, code: code, detail, fields: [.retryAfter: "1"])
    }
}
