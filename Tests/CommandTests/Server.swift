import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// `standing serve` in a process of its own, on a free port.
final class Server {
    /// Members that were killed are missed sooner than by default, so that the next one need not wait long; the embedded
    /// broker lets a group rest for about a session at each rebalance.
    private static let session = ["session.timeout.ms=3000", "heartbeat.interval.ms=500"]

    /// Further arguments, for a test that starts one member once: where it gets no processor for a while it is not expelled.
    static let longSession = ["--kafka", "session.timeout.ms=30000"]

    let process: Running
    let address: String

    init(broker: String, policy: String, _ arguments: [String] = []) async throws {
        process = try Running(
            [
                "serve", "--brokers", broker, "--policy", policy, "--http-port", "0", "--clock", "events",
                "--kafka", "fetch.wait.max.ms=10",
            ] + Self.session.flatMap { ["--kafka", $0] } + arguments)
        address = try await process.message(after: "listening on ")
    }

    func get(_ path: String) async -> Answer? { await answer(address + path) }

    func waitUntilReady() async throws {
        try await wait(for: "readiness: \(process.messagesSoFar.suffix(2000))") {
            guard process.isRunning else { throw Trouble("serve ended: \(process.messagesSoFar.suffix(2000))") }
            return await get("/readyz")?.status == 200 ? true : nil
        }
    }

    /// Nil while there is no standing.
    func standing(of subject: String) async throws -> Standing? {
        guard let answer = await get("/subjects/\(subject)"), answer.status == 200 else { return nil }
        return try JSONDecoder().decode(Standing.self, from: Data(answer.body.utf8))
    }

    /// Waits until every standing is as given.
    func waitUntil(_ standings: [String: Standing]) async throws {
        for (subject, expected) in standings.sorted(by: { $0.key < $1.key }) {
            var last: Standing?
            try await wait(for: "\(expected), not \(String(describing: last))") {
                last = try await standing(of: subject)
                return last == expected ? true : nil
            }
        }
    }
}

struct Answer {
    let status: Int
    let body: String
    private let headers: [String: String]

    init(_ response: HTTPURLResponse, _ body: Data) {
        status = response.statusCode
        self.body = String(decoding: body, as: UTF8.self)
        headers = Dictionary(
            response.allHeaderFields.compactMap { name, value in
                (name as? String).flatMap { name in (value as? String).map { (name.lowercased(), $0) } }
            }, uniquingKeysWith: { $1 })
    }

    func header(_ name: String) -> String? { headers[name] }
}

/// What a GET brings; nil if nothing answers. `accept`: which formats it asks for.
func answer(_ address: String, accept: String? = nil) async -> Answer? {
    guard let url = URL(string: address) else { return nil }
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: Limit.request)
    if let accept { request.setValue(accept, forHTTPHeaderField: "Accept") }
    guard let (data, response) = try? await URLSession.shared.data(for: request) else { return nil }
    return (response as? HTTPURLResponse).map { Answer($0, data) }
}

/// What `standing replay` prints and what `/subjects/{id}` begins with.
struct Standing: Decodable, Equatable {
    struct Sanction: Decodable, Equatable {
        let id: String
        let state: String
    }

    let subject: String
    let kind: String
    let score: Int
    let band: String
    let dimensions: [String: Int]
    let sanctions: [Sanction]
    let perks: [String]

    /// By subject, of the lines that `standing replay` prints.
    static func table(_ text: String) throws -> [String: Standing] {
        let standings = try text.split(separator: "\n").map {
            try JSONDecoder().decode(Standing.self, from: Data($0.utf8))
        }
        return Dictionary(standings.map { ($0.subject, $0) }) { first, _ in first }
    }
}
