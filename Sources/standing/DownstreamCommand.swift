import ArgumentParser
import Downstream
import Foundation
import Logging
import Pipeline
import Query
import Scoring

struct DownstreamOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var logging: LogOptions

    @Option(help: Setting.help("perks.database", "blacklist.database"))
    var database: String?

    @Option(help: Setting.help("perks.http-host", "blacklist.http-host"))
    var httpHost: String?

    @Option(help: Setting.help("perks.http-port", "blacklist.http-port"))
    var httpPort: String?

    @Flag(help: "Print the settings in force and where each came from, secrets redacted, and end.")
    var showConfig = false

    func run(_ kind: DownstreamService.Kind) async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let logger = try logging.logger(&settings, label: kind.rawValue)
        let prefix = kind.rawValue + "."
        let database = try settings.parse(prefix + "database", flag: self.database, expected: "a file") {
            $0.isEmpty ? nil : $0
        }
        let address = try settings.address(prefix, host: httpHost, port: httpPort)
        if showConfig { return settings.show() }
        if cluster.isEmbedded {
            throw fail("error: an embedded broker lives in another process: give its HOST:PORT", Exit.usage)
        }
        if try StartCheck.http(address) != .loopback { StartCheck.warnOfOpenAccess(address, logger) }
        try StartCheck.database(database)
        let facts: FactTopic = kind == .perks ? .perks : .sanctions
        let service: DownstreamService
        do {
            service = try DownstreamService(
                kind, kafka: cluster.kafka, topic: try cluster.pipelineTopics().facts[facts.rawValue],
                group: cluster.prefix + kind.defaultGroup, databasePath: database, host: address.host,
                port: address.port, logger: logger)
        } catch let error as ExitCode {
            throw error
        } catch {
            throw fail("error: --database \(database) cannot be opened (\(error)); give --database another file")
        }
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
    func run() async throws { try await options.run(.perks) }
}

struct BlacklistCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blacklist",
        abstract: "A downstream service: which measures are denied to whom, from the sanction facts.",
        discussion: "HTTP: GET /check?subject=&measure=, /livez, /readyz, /metrics.")
    @OptionGroup var options: DownstreamOptions
    func run() async throws { try await options.run(.blacklist) }
}
