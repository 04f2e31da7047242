public import Access

/// A request for a page, of plain values. Whoever serves the console has found out who makes it.
public struct ConsoleRequest: Sendable {
    /// Nil if nobody is signed in.
    public var caller: Caller?
    /// Whether a session was sent that has ended.
    public var hasEndedSession: Bool
    public var session: String?
    /// The other end of the connection, without the port.
    public var address: String
    /// The path and the query as they were sent, so that somebody who signs in comes back to them.
    public var target: String
    public var query: FormFields
    /// Of a `POST`.
    public var form: FormFields
    /// What a form of this session has to bring back in its field `token`.
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

/// A whole answer, of plain values.
public struct ConsoleAnswer: Sendable {
    public var status: Int
    public var fields: [(name: String, value: String)]
    public var body: String

    /// A page loads nothing from elsewhere, runs no script but the console's own, and is shown in no frame. Somebody's data stays in
    /// no cache.
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

    /// Who is answered with what was asked for. The console checks it itself too, and answers with a page.
    public enum Requirement: Hashable, Sendable {
        case anybody
        /// What a caller may see depends on the subject that is asked for.
        case signedIn
        case permission(Permission)
    }

    public let method: Method
    public let path: String
    public let requirement: Requirement
    /// Names of what the query can have.
    public let parameters: [String]
    /// A sentence for the document of the routes.
    public let summary: String
    public let answer: @Sendable (ConsoleRequest) async -> ConsoleAnswer
}
