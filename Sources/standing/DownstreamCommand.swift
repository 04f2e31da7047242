import ArgumentParser
import Downstream
import Events
import Foundation
import HTTP
import Options
import Pipeline
import Scoring
import ServiceManager
import Terminal

struct DownstreamOptions: ParsableArguments {
    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var logging: LogOptions

    @Option(help: Setting.help("perks.database", "blacklist.database"), completion: .file(extensions: ["sqlite"]))
    var database: String?

    @Option(help: Setting.help("perks.http-host", "blacklist.http-host"))
    var httpHost: String?

    @Option(help: Setting.help("perks.http-port", "blacklist.http-port"))
    var httpPort: String?

    @Option(help: Setting.help("perks.current-within", "blacklist.current-within"))
    var currentWithin: String?

    @Flag(help: Setting.help("perks.fail-open", "blacklist.fail-open"))
    var failOpen = false

    @Flag(help: "Print the settings in force and where each came from, secrets redacted, and end.")
    var showConfig = false

    /// `more`: reads the settings that only this kind has.
    func run(
        _ kind: DownstreamService.Kind,
        _ more: (inout Settings, inout DownstreamService.Options) throws -> Void = { _, _ in }
    ) async throws {
        var settings = try Settings(config: cluster.config)
        var cluster = try Cluster(self.cluster, &settings)
        let logger = try logging.logger(&settings, label: kind.rawValue)
        let prefix = kind.rawValue + "."
        let database = try settings.parse(prefix + "database", flag: self.database, expected: "a file") {
            $0.isEmpty ? nil : $0
        }
        let address = try settings.address(prefix, host: httpHost, port: httpPort)
        var options = DownstreamService.Options()
        options.currentWithin = try settings.parse(
            prefix + "current-within", flag: currentWithin, expected: "a duration of at least 1s, such as 30s"
        ) { text in
            Settings.duration(text).flatMap { $0 >= Timestamp.microsecondsPerSecond ? .microseconds($0) : nil }
        }
        options.failsOpen = try settings.flag(prefix + "fail-open", failOpen)
        options.program = cluster.program()
        try more(&settings, &options)
        if showConfig { return settings.show() }
        if try StartCheck.http(address) != .loopback { StartCheck.warnOfOpenAccess(address, logger) }
        try StartCheck.database(database)
        let facts: FactTopic = kind == .perks ? .perks : .sanctions
        let service: DownstreamService
        do {
            service = try DownstreamService(
                kind, kafka: cluster.kafka, topic: try cluster.pipelineTopics().facts[facts.rawValue],
                group: cluster.prefix + kind.defaultGroup, databasePath: database, host: address.host,
                port: address.port, options: options, logger: logger)
        } catch let error as UnusableDatabase {
            throw fail("error: --database \(error)")
        }
        let task = Task { try await service.run() }
        let notification = ServiceNotification(environment: ProcessInfo.processInfo.environment) {
            ServiceReport.Health(
                isAtWork: service.isAtWork, standstill: service.standstill, words: service.readinessInWords)
        }
        defer { notification?.stop() }
        let signals = StopSignals {
            notification?.stop()
            task.cancel()
        }
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
        discussion: """
            HTTP: GET /subjects/{id}/perks, /livez, /readyz, /metrics. While the facts are not known to their end it answers 503, \
            unless --fail-open is given.

            Examples:
              standing perks --brokers kafka:9092 --database perks.sqlite
            """)
    @OptionGroup var options: DownstreamOptions
    func run() async throws { try await options.run(.perks) }
}

struct BlacklistCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "blacklist",
        abstract: "A downstream service: which measures are denied to whom, from the sanction facts.",
        discussion: """
            HTTP: GET /check?subject=&measure=, /livez, /readyz, /metrics. While the facts are not known to their end it answers \
            503, unless --fail-open is given, and 404 for a measure that no fact and no --measures has named.

            Examples:
              standing blacklist --brokers kafka:9092 --measures air-travel,rail
            """)
    @OptionGroup var options: DownstreamOptions

    @Option(help: Setting.help("blacklist.measures"))
    var measures: String?

    @Option(help: Setting.help("clock"), completion: .clocks)
    var clock: String?

    func run() async throws {
        try await options.run(.blacklist) { settings, options in
            let measures = try settings.parseIfGiven(
                "blacklist.measures", flag: self.measures, expected: "a list of measures such as air-travel,rail"
            ) { text -> [String]? in
                let names = text.split(separator: ",", omittingEmptySubsequences: false)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                return names.contains("") ? nil : names
            }
            options.measures = measures ?? []
            let clock = try settings.parse("clock", flag: clock, expected: "wall or events") {
                PipelineConfiguration.Clock(rawValue: $0)
            }
            // In such a ledger the wall clock does not decide a sanction's term.
            if clock == .events { options.now = nil }
        }
    }
}
