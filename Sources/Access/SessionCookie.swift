/// The cookie of a session. Scripts cannot read it, and pages of other sites do not send it.
public struct SessionCookie: Sendable {
    /// Over TLS the prefix `__Host-` makes browsers refuse the cookie from other hosts and from plain HTTP.
    public let name: String
    private let isTLS: Bool

    public init(isTLS: Bool) { (name, self.isTLS) = (isTLS ? "__Host-standing" : "standing", isTLS) }

    /// A longer header is not searched.
    private static let maximumHeaderBytes = 8 << 10

    /// The value of `Set-Cookie` for a new session or a renewed one.
    func setting(_ token: String) -> String { "\(name)=\(token); Max-Age=\(Sessions.absolute)\(attributes)" }

    /// The value of `Set-Cookie` that removes the cookie.
    public var removal: String { "\(name)=; Max-Age=0\(attributes)" }

    private var attributes: String { "; Path=/; HttpOnly; SameSite=Strict" + (isTLS ? "; Secure" : "") }

    /// The session's token in the value of a `Cookie` header. Nil if there is none, and also if there are several,
    /// because an attacker may have planted one of them.
    public func token(in header: String) -> String? {
        guard header.utf8.count <= Self.maximumHeaderBytes else { return nil }
        let values = header.split(separator: ";").compactMap { pair -> Substring? in
            let trimmed = pair.drop { $0 == " " || $0 == "\t" }
            guard trimmed.hasPrefix(name + "=") else { return nil }
            return trimmed.dropFirst(name.utf8.count + 1)
        }
        return values.count == 1 ? String(values[0]) : nil
    }
}
