import ArgumentParser
import CoreMetrics
import Dispatch
import Foundation
import Kafka
import Ledger
import Logging
import Pipeline
import Policy
import Query
import Topics

struct ServeOptions: ParsableArguments {
    @Option(help: "What this process does: intake,fold (default), intake, or fold.")
    var roles: String?

    @Option(help: "The policy for a ledger that is empty; refused if the ledger has another.")
    var policy: String?

    @Option(help: "Address of the HTTP server. Default: 127.0.0.1.")
    var httpHost: String?

    @Option(help: "Port of the HTTP server, 0 for any free one. Default: 8080.")
    var httpPort: String?

    @Option(help: "wall (default): append ticks when the wall clock runs ahead; events: only events move the clock.")
    var clock: String?

    @Option(help: "How far the wall clock may run ahead of a partition's clock. Default: 10s.")
    var tickInterval: String?

    @Option(help: "How far in the future an event's time may lie. Default: 5m.")
    var allowedSkew: String?

    @Option(help: "Folder for archive and snapshots. Default: none, and every start folds the ledger from the topic.")
    var data: String?

    @Option(help: "How often a partition's state is kept. Default: 5m.")
    var snapshotInterval: String?

    @OptionGroup var keys: KeyOptions

    @Option(help: "What this process calls itself: in checkpoints, and to other members. Default: the host's name.")
    var member: String?

    @Flag(
        help: "Also fold, without publishing, what other members own, and take it over at once. Needs --data.")
    var standby = false

    @Flag(
        help:
            "Static membership under the member's name: a restart within the session's time-out (session.timeout.ms, 10s) moves no partition."
    )
    var staticMember = false

    @Option(
        help: """
            Memory that the process should not use more of, such as 4G: from there on enrolments become dead letters \
            (event/at-memory-limit), to be redriven when there is room. Default: no limit.
            """)
    var memoryLimit: String?

    @Option(help: "HOST:PORT where other members reach the HTTP server. Default: its own host and port.")
    var advertise: String?
}

struct LogOptions: ParsableArguments {
    @Option(help: "trace, debug, info (default), notice, warning, error or critical.")
    var logLevel: String?

    @Option(help: "text (default) or json, a line each on standard error.")
    var logFormat: String?

    func logger(_ settings: inout Settings, label: String, level: String = "info") throws -> Logger {
        let level = try settings.parse("log-level", flag: logLevel, default: level, expected: "a log level") {
            Logger.Level(rawValue: $0)
        }
        let format = try settings.parse("log-format", flag: logFormat, default: "text", expected: "text or json") {
            LineLogHandler.Format(rawValue: $0)
        }
        return Logger(label: label) { LineLogHandler(label: $0, format: format, logLevel: level) }
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the engine: source topics to the ledger, the ledger to scores and facts.",
        discussion: """
            Settings: flag, then environment (STANDING_BROKERS, STANDING_HTTP_PORT, …), then --config FILE (the same names \
            as keys, librdkafka properties under kafka:). SIGTERM stops it without losing what is in flight.
            HTTP: /livez /readyz /metrics /subjects/{id} /subjects/{id}/file.
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var options: ServeOptions
    @OptionGroup var logging: LogOptions
    @Flag(help: "Print the settings in force and where each came from, secrets redacted, and end.")
    var showConfig = false

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        var cluster = try Cluster(self.cluster, &settings)
        let logger = try logging.logger(&settings, label: "standing")
        var configuration = try options.configuration(cluster, &settings)
        let http = try options.http(&settings)
        if showConfig {
            for (name, value, origin) in settings.shown { print("\(name): \(value)    # \(origin)") }
            return
        }
        let broker = try cluster.startEmbedded()
        configuration.kafka = cluster.kafka
        if let broker {
            say("embedded broker at \(broker.bootstrap) (kcat -b \(broker.bootstrap) -L); it goes with this process")
        }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let service = PipelineService(configuration, logger: logger)
        let server = QueryServer(
            service: service, metrics: metrics, host: http.host, port: http.port, advertised: http.advertised,
            logger: logger)
        if configuration.data == nil, configuration.roles.contains(.fold) {
            logger.notice("no data folder (--data): every start folds the whole ledger from the topic")
        }
        logger.notice(
            "standing starts",
            metadata: [
                "roles": "\(configuration.roles.map(\.rawValue).sorted().joined(separator: ","))",
                "brokers": "\(configuration.kafka.brokers)", "librdkafka": "\(KafkaConfiguration.libraryVersion)",
            ])
        service.start()
        let signals = StopSignals { service.requestStop() }
        defer { signals.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await server.run()
                } catch is CancellationError {
                } catch {
                    service.requestStop()
                    throw fail("error: HTTP on \(http.host):\(http.port): \(error)")
                }
            }
            group.addTask { try await onThread { try service.join() } }
            do {
                // Whichever ends first: the pipeline after a signal or for good, or the server because it cannot run.
                try await group.next()
                service.requestStop()
                group.cancelAll()
                try await group.waitForAll()
            } catch let error as PipelineError {
                group.cancelAll()
                throw fail("error: \(error)", error.isCorruption ? Exit.corruption : Exit.failed)
            }
        }
        withExtendedLifetime(broker) {}
        logger.notice("standing has stopped; everything read is acknowledged or will be read again")
    }
}

extension ServeOptions {
    func configuration(_ cluster: Cluster, _ settings: inout Settings) throws -> PipelineConfiguration {
        let roles = try settings.parse(
            "roles", flag: roles, default: "intake,fold", expected: "intake, fold or intake,fold"
        ) { text -> Set<Role>? in
            let roles = text.split(separator: ",").map { Role(rawValue: $0.trimmingCharacters(in: .whitespaces)) }
            return roles.isEmpty || roles.contains(nil) ? nil : Set(roles.compactMap { $0 })
        }
        var configuration = try cluster.pipeline(
            policy: try settings.value("policy", flag: policy).map { try loadPolicy($0.value) })
        configuration.roles = roles
        configuration.clock = try settings.parse("clock", flag: clock, default: "wall", expected: "wall or events") {
            PipelineConfiguration.Clock(rawValue: $0)
        }
        configuration.tickInterval = try settings.parse(
            "tick-interval", flag: tickInterval, default: "10s", expected: "a duration such as 10s",
            Settings.duration)
        configuration.allowedSkew = try settings.parse(
            "allowed-skew", flag: allowedSkew, default: "5m", expected: "a duration such as 5m", Settings.duration)
        configuration.data = settings.value("data", flag: data).map { LocalData($0.value) }
        if configuration.data != nil, cluster.isEmbedded {
            throw fail("error: --data with the embedded broker: its ledger goes with the process", Exit.usage)
        }
        configuration.snapshotInterval = try settings.parse(
            "snapshot-interval", flag: snapshotInterval, default: "5m", expected: "a duration such as 5m",
            Settings.duration)
        if let limit = settings.value("memory-limit", flag: memoryLimit) {
            configuration.memoryLimit = try settings.parse(
                "memory-limit", flag: memoryLimit, default: limit.value, expected: "a size such as 512M or 4G",
                Settings.bytes)
        }
        let keyring = try keys.keyring(&settings)
        let name = settings.value("member", flag: member, default: ProcessInfo.processInfo.hostName)?.value ?? ""
        configuration.members = cluster.names(.members).first.map { .init(topic: $0, member: name) }
        configuration.standsBy = try settings.flag("standby", standby)
        if configuration.standsBy, configuration.data == nil {
            throw fail("error: --standby needs --data, where the frames of others wait", Exit.usage)
        }
        if try settings.flag("static-member", staticMember) { configuration.staticMember = name }
        if !keyring.trustedKeys.isEmpty, let topic = cluster.names(.checkpoints).first {
            configuration.checkpoints = .init(topic: topic, keyring: keyring, member: name)
        }
        return configuration
    }

    func http(_ settings: inout Settings) throws -> (host: String, port: Int, advertised: String?) {
        let host = settings.value("http-host", flag: httpHost, default: "127.0.0.1")?.value ?? "127.0.0.1"
        let port = try settings.parse("http-port", flag: httpPort, default: "8080", expected: "a port from 0 to 65535")
        {
            Int($0).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        return (host, port, settings.value("advertise", flag: advertise)?.value)
    }
}

extension Cluster {
    /// The pipeline on this cluster: topics and groups under the cluster's prefix.
    func pipeline(
        policy: ScoringPolicy?, clock: PipelineConfiguration.Clock = .wall
    ) throws -> PipelineConfiguration {
        var configuration = PipelineConfiguration(kafka: kafka, topics: try pipelineTopics(), policy: policy)
        configuration.intakeGroup = prefix + configuration.intakeGroup
        configuration.foldGroup = prefix + configuration.foldGroup
        configuration.clock = clock
        return configuration
    }

    func pipelineTopics() throws -> PipelineConfiguration.Topics {
        func fact(_ name: String) throws -> String {
            guard let topic = names(.facts).first(where: { $0.hasSuffix(name) }) else {
                throw fail("error: the topic files lack a facts topic whose name ends in \(name)")
            }
            return topic
        }
        return PipelineConfiguration.Topics(
            control: names(.control)[0], sources: names(.source), ledger: names(.ledger)[0],
            deadLetter: names(.deadLetter)[0],
            facts: [try fact("score-changes"), try fact("sanctions"), try fact("perks")])
    }
}

/// Calls back on SIGTERM and SIGINT instead of ending the process.
final class StopSignals: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]

    init(_ body: @escaping @Sendable () -> Void) {
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }

    func cancel() { for source in sources { source.cancel() } }
}

/// Runs blocking work on a thread of its own, never on the cooperative pool.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Swift.Result { try body() }) }
        thread.stackSize = 4 << 20
        thread.start()
    }
}
