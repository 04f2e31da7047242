import Foundation
import Testing

/// Debian's Prometheus in a process of its own, with the configuration and the rules of `deploy/monitoring` and a shorter interval.
final class Prometheus {
    struct Result: Decodable {
        let metric: [String: String]
        private let value: [Value]
        /// Nil if it is no number.
        var number: Double? { value.count == 2 ? value[1].number.flatMap { $0.isNaN ? nil : $0 } : nil }

        private enum Value: Decodable {
            case time(Double)
            case text(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let text = try? container.decode(String.self) {
                    self = .text(text)
                } else {
                    self = .time(try container.decode(Double.self))
                }
            }
            var number: Double? { if case .text(let text) = self { Double(text) } else { nil } }
        }
    }

    private struct Reply: Decodable {
        struct Payload: Decodable { let result: [Result] }
        let status: String
        let data: Payload?
        let error: String?
    }

    let process: Running
    private let folder: TemporaryFolder
    private let address: String

    /// `targets`: HOST:PORT by job, instead of those of the file.
    init(targets: [String: [String]]) async throws {
        folder = try TemporaryFolder()
        let rules = try DeployFolder.text("monitoring/rules.yaml").replacing("interval: 30s", with: "interval: 1s")
        try folder.write(rules, to: "rules.yaml")
        var configuration = try DeployFolder.text("monitoring/prometheus.yaml").replacing(
            "interval: 15s", with: "interval: 1s")
        for job in try DeployFolder.document("monitoring/prometheus.yaml")["scrape_configs"].items {
            let old = job["static_configs"][0]["targets"].texts.joined(separator: ", ")
            let new = targets[job["job_name"].text ?? ""] ?? []
            configuration = configuration.replacing(
                "[\(old)]", with: "[\(new.map { "\"\($0)\"" }.joined(separator: ", "))]")
        }
        let file = try folder.write(configuration, to: "prometheus.yaml")
        address = "127.0.0.1:\(try freePort())"
        process = try Running(
            ["--config.file=\(file)", "--storage.tsdb.path=\(folder.path("data"))", "--web.listen-address=\(address)"],
            executable: try #require(Tool.prometheus).url)
        try await wait(for: "Prometheus: \(process.messagesSoFar.suffix(2000))", limit: Limit.start) {
            guard process.isRunning else { throw Trouble(process.messagesSoFar) }
            return await answer("http://\(address)/-/ready")?.status == 200 ? true : nil
        }
    }

    func query(_ expression: String) async throws -> [Result] {
        var components = try #require(URLComponents(string: "http://\(address)/api/v1/query"))
        components.queryItems = [URLQueryItem(name: "query", value: expression)]
        // Prometheus takes a plus sign for a space.
        let url = (components.string ?? "").replacing("+", with: "%2B")
        guard let answer = await answer(url) else { throw Trouble("Prometheus does not answer") }
        let reply = try JSONDecoder().decode(Reply.self, from: Data(answer.body.utf8))
        guard let data = reply.data else { throw Trouble("\(expression): \(reply.error ?? reply.status)") }
        return data.result
    }

    /// Names of alerts of ours whose expression is true, whether or not it has been for long enough.
    func alerts() async throws -> Set<String> {
        try await names(of: #"ALERTS{alertname=~"Standing.*"}"#)
    }

    /// Names of alerts of ours that have fired at any time.
    func firedAlerts() async throws -> Set<String> {
        try await names(of: #"count_over_time(ALERTS{alertname=~"Standing.*",alertstate="firing"}[1h])"#)
    }

    private func names(of expression: String) async throws -> Set<String> {
        Set(try await query(expression).compactMap { $0.metric["alertname"] })
    }
}
