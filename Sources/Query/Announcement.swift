internal import Foundation
public import HTTP

/// The address that a member advertises to the others.
public enum Announcement: Sendable, Equatable {
    case address(HTTPAddress)
    /// This host, with the port that the server gets.
    case host(String)
    /// Nothing is announced, because no other machine can connect to the server.
    case nothing

    /// For a server that listens on `host`. `reach`: the machines that can connect to that address. `advertised`: the
    /// operator's address, which is used unchanged. `brokers`: `HOST:PORT,…`; if all are on this machine, the other
    /// members are too.
    public init(
        advertised: HTTPAddress?, host: String, reach: HTTPAddress.Reach, hostName: String, brokers: String
    ) {
        if let advertised {
            self = .address(advertised)
            return
        }
        let candidate: (host: String, reach: HTTPAddress.Reach) =
            reach == .everyAddress ? (hostName, HTTPAddress.reach(of: hostName)) : (host, reach)
        let isReached = candidate.reach == .network || Self.areOnThisMachine(brokers)
        self = isReached ? .host(candidate.host) : .nothing
    }

    private static func areOnThisMachine(_ brokers: String) -> Bool {
        brokers.split(separator: ",").allSatisfy { broker in
            // The address may have a protocol, `SSL://HOST:PORT`, and may lack the port.
            let text = String(broker.split(separator: "/").last ?? "").trimmingCharacters(in: .whitespaces)
            let host = HTTPAddress(text)?.host ?? text.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            return HTTPAddress.reach(of: host) == .loopback
        }
    }

    /// The address that is announced by a server with `port`; nil if none is.
    func announced(port: Int) -> HTTPAddress? {
        switch self {
        case .address(let address): address
        case .host(let host): HTTPAddress(host: host, port: port)
        case .nothing: nil
        }
    }
}
