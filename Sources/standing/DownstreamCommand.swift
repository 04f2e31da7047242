import ArgumentParser
import Downstream
import Foundation
import Logging

struct DownstreamOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var logging: LogOptions

    @Option(help: "The SQLite database; made if it is missing.")
    var database: String?

    @Option(help: "Address of the HTTP server.")
    var httpHost = "127.0.0.1"

    @Option(help: "Port of the HTTP server, 0 for any free one.")
    var httpPort: Int?

    func run(_ kind: DownstreamService.Kind, defaultPort: Int) async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        if cluster.isEmbedded {
            throw fail("error: an embedded broker lives in another process: give its HOST:PORT", Exit.usage)
        }
        let service = try DownstreamService(
            kind, kafka: cluster.kafka, topic: cluster.prefix + kind.defaultTopic,
            group: cluster.prefix + kind.defaultGroup, databasePath: database ?? "standing-\(kind.rawValue).sqlite",
            host: httpHost, port: httpPort ?? defaultPort, logger: try logging.logger(&settings, label: kind.rawValue))
        let task = Task { try await service.run() }
        let signals = StopSignals { task.cancel() }
        defer { signals.cancel() }
        do {
            try await task.value
        } catch is CancellationError {
        } catch let error as ExitCode {
            throw error
        } catch {
            throw fail("error: \(kind.rawValue): \(error)")
        }
    }
}

struct PerksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perks",
        abstract: "A downstream service: who holds which perk, from the perk facts.",
        discussion: "HTTP: GET /subjects/{id}/perks, /livez, /readyz, /metrics.")
    @OptionGroup var options: DownstreamOptions
    func run() async throws { try await options.run(.perks, defaultPort: 8081) }
}

struct BlacklistCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blacklist",
        abstract: "A downstream service: which measures are denied to whom, from the sanction facts.",
        discussion: "HTTP: GET /check?subject=&measure=, /livez, /readyz, /metrics.")
    @OptionGroup var options: DownstreamOptions
    func run() async throws { try await options.run(.blacklist, defaultPort: 8082) }
}
