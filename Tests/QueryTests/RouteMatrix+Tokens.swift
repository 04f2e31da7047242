import Access
import Testing

@testable import HTTP

extension RouteMatrix {
    /// Whatever roles a bad token names, it opens no route, and is refused for its own reason. A good one opens what its role may.
    func checkTokens(_ issuer: TokenIssuer) async throws {
        var requests = 0
        for role in Role.allCases {
            let good = "Bearer " + (try issuer.token(role))
            let bad = try TokenIssuer.BadToken.allCases.map { kind in
                (reason: kind.rawValue, token: "Bearer " + (try issuer.token(kind, role)))
            }
            for route in table.routes where route.requirement != .open {
                let values = Self.sample(route)
                // Where members ask each other, no token counts.
                let membersOnly = route.requirement == .member ? "no-member-token" : nil
                for (reason, token) in bad {
                    requests += 1
                    var matrix = self
                    // An address proves nothing only so often.
                    matrix.address = "10.\(requests >> 16).\(requests >> 8 & 255).\(requests & 255)"
                    let answer = try await matrix.send(route, route.method.rawValue, as: nil, values, token: token)
                    #expect(
                        answer.status == 401 && answer.code == membersOnly ?? reason,
                        "\(route.name) as \(role), \(reason): \(answer)")
                }
                let answer = try await send(route, route.method.rawValue, as: nil, values, token: good)
                #expect(answer.status != 401 || answer.code == membersOnly, "\(route.name) as \(role): \(answer)")
                #expect((answer.code == "forbidden") == !Self.may(role, route), "\(route.name) as \(role): \(answer)")
            }
        }
        #expect(requests > 1000)
    }
}
