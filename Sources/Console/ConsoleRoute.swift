public import Access

/// A request for a page, as plain values. The server has authenticated the caller.
public struct ConsoleRequest: Sendable {
    /// Nil if no user is logged in.
    public var caller: Caller?
    /// Whether the request had a session that has ended.
    public var hasEndedSession: Bool
    public var session: String?
    /// The address of the other end of the connection, without the port.
    public var address: String
    /// The path and the query as they were sent. After the log-in the browser returns to them.
    public var target: String
    public var query: FormFields
    /// The fields of a `POST`.
    public var form: FormFields
    /// The value of the field `token` in forms of this session.
    public var formToken: String
    /// Random, and new for each request.
    public var key: String

    public init(
        caller: Caller?, hasEndedSession: Bool = false, session: String? = nil, address: String, target: String,
        query: FormFields = FormFields(), form: FormFields = FormFields(), formToken: String, key: String
    ) {
        (self.caller, self.hasEndedSession, self.session, self.address) = (caller, hasEndedSession, session, address)
        (self.target, self.query, self.form) = (target, query, form)
        (self.formToken, self.key) = (formToken, key)
    }
}

/// A whole response, as plain values.
public struct ConsoleAnswer: Sendable {
    public var status: Int
    public var fields: [(name: String, value: String)]
    public var body: String

    /// A page loads nothing from other sites, runs only the console's script, and is shown in no frame. Data of
    /// subjects is not cached.
    static func page(_ html: String, status: Int = 200, more: [(name: String, value: String)] = []) -> ConsoleAnswer {
        ConsoleAnswer(
            status: status,
            fields: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy),
                ("Cache-Control", "no-store"),
            ] + guards + more, body: html)
    }

    static func redirect(to path: String, more: [(name: String, value: String)] = []) -> ConsoleAnswer {
        ConsoleAnswer(
            status: 303, fields: [("Location", path), ("Cache-Control", "no-store")] + guards + more, body: "")
    }

    static func asset(_ asset: ConsolePages.Asset) -> ConsoleAnswer {
        ConsoleAnswer(
            status: 200,
            fields: [("Content-Type", asset.type), ("Cache-Control", "public, max-age=31536000, immutable")] + guards,
            body: asset.text)
    }

    public static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

    private static let guards: [(name: String, value: String)] = [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
}

/// One path of the console.
public struct ConsoleRoute: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
    }

    /// The callers that the path is for. The console checks it too, and answers with a page.
    public enum Requirement: Hashable, Sendable {
        case anybody
        /// The permission depends on the subject in the query.
        case signedIn
        case permission(Permission)
    }

    public let method: Method
    public let path: String
    public let requirement: Requirement
    /// The names of the query's parameters.
    public let parameters: [String]
    /// A sentence for the OpenAPI document.
    public let summary: String
    public let answer: @Sendable (ConsoleRequest) async -> ConsoleAnswer
}
