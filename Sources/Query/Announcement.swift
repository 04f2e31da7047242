internal import Foundation
public import HTTP

/// The address that a member advertises to the others.
public enum Announcement: Sendable, Equatable {
    case address(HTTPAddress)
    /// This host, and the port that the server has in the end.
    case host(String)
    /// Nowhere: no other machine can connect to the server.
    case nothing

    /// For a server that listens on `host`, which `reach` says who can connect to. `advertised`: what the operator says;
    /// it is taken as it is. `brokers`: `HOST:PORT,…`; where all are on this machine, so are the other members.
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
            // A protocol can stand before the address, `SSL://HOST:PORT`, and the port can be left out.
            let text = String(broker.split(separator: "/").last ?? "").trimmingCharacters(in: .whitespaces)
            let host = HTTPAddress(text)?.host ?? text.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
            return HTTPAddress.reach(of: host) == .loopback
        }
    }

    /// The address that is announced by a server that has got `port`; nil if none is.
    func announced(port: Int) -> HTTPAddress? {
        switch self {
        case .address(let address): address
        case .host(let host): HTTPAddress(host: host, port: port)
        case .nothing: nil
        }
    }
}
