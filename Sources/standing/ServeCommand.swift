import struct Access.MemberSecret
import ArgumentParser
import CoreMetrics
import Foundation
import HTTP
import Kafka
import Ledger
import Logging
import Options
import Pipeline
import Policy
import Query
import ServiceManager
import Terminal
import Topics

struct ServeOptions: ParsableArguments {
    @Option(help: Setting.help("roles"), completion: .list(["intake,fold", "intake", "fold"]))
    var roles: String?

    @Option(help: Setting.help("policy"), completion: .policies)
    var policy: String?

    @Option(help: Setting.help("http-host"))
    var httpHost: String?

    @Option(help: Setting.help("http-port"))
    var httpPort: String?

    @Option(help: Setting.help("advertise"))
    var advertise: String?

    @Option(help: Setting.help("clock"), completion: .clocks)
    var clock: String?

    @Option(help: Setting.help("tick-interval"))
    var tickInterval: String?

    @Option(help: Setting.help("ready-within"))
    var readyWithin: String?

    @Option(help: Setting.help("ledger"))
    var ledger: String?

    @Option(help: Setting.help("allowed-skew"))
    var allowedSkew: String?

    @Option(help: Setting.help("data"), completion: .directory)
    var data: String?

    @Option(help: Setting.help("snapshot-interval"))
    var snapshotInterval: String?

    @OptionGroup var keys: KeyOptions
    @OptionGroup var access: AccessOptions
    @OptionGroup var memberSecret: MemberSecretOptions

    @OptionGroup var control: ControlOptions

    @Option(help: Setting.help("workers"))
    var workers: String?

    @Option(help: Setting.help("max-poll-interval"))
    var maxPollInterval: String?

    @Option(help: Setting.help("memory-limit"))
    var memoryLimit: String?

    @Option(help: Setting.help("queue-size"))
    var queueSize: String?

    @Option(help: Setting.help("member"))
    var member: String?

    @Flag(help: Setting.help("standby"))
    var standby = false

    @Flag(help: Setting.help("static-member"))
    var staticMember = false
}

struct LogOptions: ParsableArguments {
    @Option(help: Setting.help("log-level"), completion: .list(Logger.Level.allCases.map(\.rawValue)))
    var logLevel: String?

    @Option(help: Setting.help("log-format"), completion: .list(["text", "json"]))
    var logFormat: String?

    /// `level`: the default level of a command whose default differs from the table's.
    func logger(_ settings: inout Settings, label: String, level: String? = nil) throws -> Logger {
        let level = try settings.parse("log-level", flag: logLevel, default: level, expected: "a log level") {
            Logger.Level(rawValue: $0)
        }
        let format = try settings.parse("log-format", flag: logFormat, expected: "text or json") {
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
            as keys, librdkafka properties under kafka:); `standing settings` lists them. SIGTERM stops it without losing \
            what is in flight.
            HTTP: /console in a browser; /livez /readyz /metrics /lag /subjects/{id} /subjects/{id}/file, and the rest in \
            /openapi.json.

            Examples:
              standing serve --brokers embedded --policy policy.yaml
              standing serve --brokers kafka:9092 --data data --memory-limit 4G
              standing serve --config /etc/standing/standing.yaml --show-config
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var options: ServeOptions
    @OptionGroup var logging: LogOptions
    @Flag(help: "Print the settings in force and where each came from, secrets redacted, and end.")
    var showConfig = false

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        var cluster = try Cluster(self.cluster, &settings, mayEmbed: true)
        let logger = try logging.logger(&settings, label: "standing")
        let program = cluster.program()
        var configuration = try options.configuration(cluster, &settings)
        let http = try options.http(&settings)
        let accessSettings = try options.access.settings(&settings)
        let signer = try options.control.key.signer(&settings)
        let fourEyes = try options.control.twoPeople(&settings)
        try ControlOptions.check(signer, configuration.controlKeys)
        try ControlOptions.check(fourEyes, configuration.checkpoints?.keyring, configuration.controlKeys, signer)
        let secretFile = try options.memberSecret.path(&settings)
        let authorities = try options.memberSecret.authorities(&settings)
        try options.check(configuration, cluster, settings)
        if showConfig { return settings.show() }
        let access = try await accessSettings.open(logger)
        let secret = try MemberSecret.read(secretFile)
        let memberClient = try TLSClient.ofMembers(authorities)
        configuration.members?.seal = secret?.seal
        let reach = try StartCheck.http(http.address)
        if let data = configuration.data, configuration.roles.contains(.fold) { try StartCheck.data(data) }
        let broker = try cluster.startEmbedded()
        configuration.kafka = cluster.kafka
        if let broker {
            printMessage(
                "embedded broker at \(broker.bootstrap) (kcat -b \(broker.bootstrap) -L); it goes with this process")
        }
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let service = PipelineService(configuration, logger: logger)
        let announcement = Announcement(
            advertised: http.advertised, host: http.address.host, reach: reach,
            hostName: ProcessInfo.processInfo.hostName, brokers: configuration.kafka.brokers)
        let lag = try cluster.lag(of: service)
        defer { lag.stop() }
        let control = try ControlServices(
            service, cluster, signer: signer, fourEyes: fourEyes,
            member: configuration.members?.member ?? ProcessInfo.processInfo.hostName, logger)
        defer { control?.close() }
        let server = QueryServer(
            service: service, metrics: metrics, address: http.address, certificate: access.certificate,
            memberClient: memberClient, announcement: announcement, lag: lag, program: program,
            options: access.options(audit: control?.audit),
            secret: secret, more: access.routes(audit: control?.audit) + (control?.routes ?? []), desk: control?.desk,
            console: access.control, version: StandingCommand.release, logger: logger)
        access.log(at: http.address, reach: reach, logger)
        StartCheck.warnOfNoForwarding(configuration, access, secret, logger)
        if configuration.members != nil, configuration.roles.contains(.fold), announcement == .nothing {
            logger.warning(
                "this member advertises no address, so others cannot forward requests to it: set --http-host and --advertise",
                metadata: ["http": "\(http.address)"])
        }
        if configuration.data == nil, configuration.roles.contains(.fold) {
            logger.notice("no data folder (--data): every start folds the whole ledger from the topic")
        }
        let policy = configuration.policy.map { "\($0.id) version \($0.version)" } ?? "the ledger's"
        logger.notice(
            "standing starts",
            metadata: [
                "roles": "\(configuration.roles.map(\.rawValue).sorted().joined(separator: ","))",
                "brokers": "\(configuration.kafka.brokers)", "librdkafka": "\(KafkaConfiguration.libraryVersion)",
                "policy": "\(policy)", "control": "\(configuration.topics.control)",
                "sources": "\(configuration.topics.sources.joined(separator: ","))",
                "ledger": "\(configuration.topics.ledger)", "workers": "\(configuration.workers)",
                "maxPollIntervalMilliseconds": "\(configuration.maximumPollInterval)",
            ])
        StartCheck.warnOfIdleWorkers(configuration, logger)
        StartCheck.warnOfUndeclaredSources(configuration, logger)
        ControlOptions.warnOfUnsigned(
            configuration, fourEyes, trustsGivenKeys: settings.isGiven("trusted-keys"), logger)
        let notification = ServiceNotification(environment: ProcessInfo.processInfo.environment) {
            ServiceReport.Health(
                isAtWork: service.configuration.roles.isSubset(of: service.status.joined),
                standstill: service.standstill, words: service.readinessInWords)
        }
        defer { notification?.stop() }
        let signals = StopSignals(limit: StopSignals.Limit.member) {
            notification?.stop()
            service.requestStop()
        }
        defer { signals.cancel() }
        let following = access.follow(logger)
        defer { following.cancel() }
        let (listening, listens) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { listens.finish() }
                do {
                    try await server.run { listens.yield($0) }
                } catch is CancellationError {
                } catch {
                    service.requestStop()
                    throw fail("error: HTTP on \(http.address): \(error)")
                }
            }
            group.addTask {
                // The process joins no group before HTTP listens, so that a start that fails does not disturb the
                // groups.
                var ports = listening.makeAsyncIterator()
                guard let port = await ports.next() else { return }
                let url = HTTPAddress(host: http.address.host, port: port).ownURL(isTLS: access.isTLS)
                logger.notice(
                    "next: \(url)/console shows it in a browser; curl \(url)/readyz says when it is up to date")
                service.start { StartCheck.descriptors(service.configuration, ledgerPartitions: $0, logger) }
                try await onThread { try service.join() }
            }
            do {
                // Either the pipeline ends, after a signal or an error, or the server ends because it cannot run.
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
        var configuration = try cluster.pipeline(
            policy: try settings.text("policy", flag: policy).map { try loadPolicy($0) },
            ledger: try settings.ledgerName(flag: ledger))
        configuration.roles = try settings.parse(
            "roles", flag: roles, expected: "intake, fold or intake,fold"
        ) { text -> Set<Role>? in
            let roles = text.split(separator: ",").map { Role(rawValue: $0.trimmingCharacters(in: .whitespaces)) }
            return roles.isEmpty || roles.contains(nil) ? nil : Set(roles.compactMap { $0 })
        }
        configuration.clock = try settings.parse("clock", flag: clock, expected: "wall or events") {
            PipelineConfiguration.Clock(rawValue: $0)
        }
        configuration.tickInterval = try settings.parse(
            "tick-interval", flag: tickInterval, expected: "a duration such as 10s", Settings.duration)
        configuration.readyWithin = try settings.parse(
            "ready-within", flag: readyWithin, expected: "a duration such as 5s", Settings.duration)
        configuration.allowedSkew = try settings.parse(
            "allowed-skew", flag: allowedSkew, expected: "a duration such as 5m", Settings.duration)
        configuration.data = try settings.text("data", flag: data).map { LocalData($0) }
        configuration.snapshotInterval = try settings.parse(
            "snapshot-interval", flag: snapshotInterval, expected: "a duration such as 5m", Settings.duration)
        configuration.workers = try settings.workers(flag: workers)
        configuration.maximumPollInterval = try settings.maximumPollInterval(
            flag: maxPollInterval, cluster.kafka)
        configuration.memoryLimit = try settings.parseIfGiven(
            "memory-limit", flag: memoryLimit, expected: "a size such as 512M or 4G", Settings.bytes)
        configuration.queueSize = try settings.queueSize(flag: queueSize)
        let keyring = try keys.keyring(&settings)
        configuration.controlKeys = try control.keys(&settings)
        let name = try settings.text("member", flag: member, default: ProcessInfo.processInfo.hostName) ?? ""
        configuration.members = cluster.names(.members).first.map { .init(topic: $0, member: name) }
        configuration.standsBy = try settings.flag("standby", standby)
        if try settings.flag("static-member", staticMember) { configuration.staticMember = name }
        if !keyring.trustedKeys.isEmpty {
            guard let topic = cluster.names(.checkpoints).first else {
                throw fail("error: keys without a topic for checkpoints: the topic files have none", Exit.usage)
            }
            configuration.checkpoints = .init(topic: topic, keyring: keyring, member: name)
        }
        return configuration
    }

    func http(_ settings: inout Settings) throws -> (address: HTTPAddress, advertised: HTTPAddress?) {
        let address = try settings.address("", host: httpHost, port: httpPort)
        let advertised = try settings.parseIfGiven(
            "advertise", flag: advertise, expected: "a HOST:PORT that others can connect to"
        ) { text in HTTPAddress(text).flatMap { HTTPAddress.reach(of: $0.host) == .everyAddress ? nil : $0 } }
        return (address, advertised)
    }

    /// Ends the command if settings contradict each other, after all are read. A setting without effect beside another
    /// one is refused only if it is a flag.
    func check(_ configuration: PipelineConfiguration, _ cluster: Cluster, _ settings: Settings) throws {
        let isIntake = configuration.roles.contains(.intake)
        let isFold = configuration.roles.contains(.fold)
        let hasData = configuration.data != nil
        let impossible: [(Bool, String)] = [
            (hasData && cluster.isEmbedded, "--data with the embedded broker: its ledger goes with the process"),
            (configuration.standsBy && !hasData, "--standby needs --data, where the frames of others wait"),
            (configuration.standsBy && !isFold, "--standby folds what others own: it needs the role fold"),
            (
                configuration.staticMember != nil && !settings.isGiven("member"),
                "--static-member needs --member NAME: Kafka lets one process at a time have a name"
            ),
            (
                settings.isGiven("max-poll-interval") && cluster.kafka.pollInterval != nil,
                "--max-poll-interval and librdkafka's max.poll.interval.ms are the same: give one of them"
            ),
        ]
        let withoutTokens = "it is about tokens, and none are accepted without --access-keys"
        let foldsNothing = "it is the fold's, and the role fold is left out"
        let withoutEffect: [(name: String, isSo: Bool, why: String)] = [
            ("data", !isFold, foldsNothing),
            ("snapshot-interval", !hasData, "without --data there are no snapshots"),
            ("workers", !isFold, foldsNothing),
            ("ready-within", !isFold, foldsNothing),
            ("tick-interval", !isFold, foldsNothing),
            ("tick-interval", configuration.clock == .events, "with --clock events no tick is appended"),
            ("signing-key", !isFold && cluster.names(.audit).isEmpty, foldsNothing),
            ("trusted-keys", !isFold && !settings.isGiven("four-eyes"), foldsNothing),
            ("allowed-skew", !isIntake, "it is the intake's, and the role intake is left out"),
            ("advertise", configuration.members == nil, "the topic files have no topic for members"),
            ("access-algorithms", !settings.isGiven("access-keys"), withoutTokens),
            ("access-roles-claim", !settings.isGiven("access-keys"), withoutTokens),
            ("access-subject-claim", !settings.isGiven("access-keys"), withoutTokens),
        ]
        for (isSo, sentence) in impossible where isSo { throw fail("error: \(sentence)", Exit.usage) }
        for (name, isSo, why) in withoutEffect where isSo && settings.isFlag(name) {
            throw fail("error: --\(name) has no effect: \(why)", Exit.usage)
        }
    }
}
