public import Access
public import HTTPTypes

/// Who is answered by a server, beside its open routes.
public enum AccessRule: Sendable {
    /// Every client: for servers without people's files, or whose network is their boundary.
    case open
    /// Nothing is configured: only this machine, under a name of this machine.
    case loopback
    /// Callers that the gate knows, as far as their roles go.
    case gate(any Gate)

    /// The caller where nothing is configured.
    static let loopbackCaller = Caller(name: "loopback", roles: Set(Role.allCases).subtracting([.subject]))
    /// The caller of an open route, and everybody where the server is open.
    static let anybody = Caller(name: "anybody", roles: [])

    /// Without rules there is nobody whose purpose could be asked.
    var asksForPurposes: Bool { isGate }

    /// Whether a gate decides.
    public var isGate: Bool { if case .gate = self { true } else { false } }
}

/// The names under which a server is asked.
enum HostNames {
    /// The host in `HOST[:PORT]`, lower case, without brackets.
    static func host(of authority: some StringProtocol) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("[") { return String(text.dropFirst().prefix { $0 != "]" }) }
        return String(text.prefix { $0 != ":" })
    }

    /// Whether `authority` is a name or an address of the loopback interface. A web page elsewhere can make its own name lead to
    /// this machine, and then a browser here sends that name.
    static func isLoopback(_ authority: String) -> Bool {
        let host = authority.utf8.prefix { $0 != UInt8(ascii: ":") }
        // The usual ones without an allocation.
        if host.elementsEqual("127.0.0.1".utf8) || host.elementsEqual("localhost".utf8) { return true }
        return HTTPAddress.reach(of: Self.host(of: authority)) == .loopback
    }
}

extension HTTPField.Name {
    /// In a request: another member sends it on, so it is not sent on once more.
    public static let standingForwarded = Self("standing-forwarded")!
    /// In a request that another member sends on: who asked that member, sealed with the members' secret (`ForwardedCaller`).
    public static let standingCaller = Self("standing-caller")!
    /// A second one: the first is the request's authority.
    static let secondHost = Self("host")!
    static let secFetchSite = Self("sec-fetch-site")!
    static let contentTypeOptions = Self("x-content-type-options")!
    /// A proxy on this machine adds one of them: what it sends is not this machine's own.
    static let ofProxies = [Self("forwarded")!, Self("x-forwarded-for")!, Self("x-real-ip")!]
}
