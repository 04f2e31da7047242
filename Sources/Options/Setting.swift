public import ArgumentParser
internal import Events
internal import Policy

/// One setting of the table `Setting.all`, which a flag, the environment or the configuration file may give. The flags'
/// help, the names in the environment and the file, and `standing settings` all come from the table.
public struct Setting: Sendable {
    /// Who reads a setting.
    public enum Section: String, Sendable {
        case cluster, log, keys, clock, serve, perks, blacklist, lag

        public var commands: String {
            switch self {
            case .cluster: "all that talk to a cluster"
            case .log: "serve, perks, blacklist, quickstart"
            case .keys: "serve, verify, doctor"
            case .clock: "serve, blacklist, those that send an operator's events"
            case .serve, .perks, .blacklist, .lag: rawValue
            }
        }
    }

    /// The prefix of the environment's variables.
    public static let prefix = "STANDING_"

    /// The key in the configuration file. In a name with a dot, such as `perks.http-port`, the part before the dot is a
    /// mapping in the file, and the command that has the flag.
    public let name: String
    public let section: Section
    public let what: String
    /// Nil if there is none.
    public let standard: String?
    /// The default in words, if `standard` is not enough.
    public let otherwise: String?
    /// Whether it can hold passwords, which are never shown.
    public let isSecret: Bool
    /// Commands that read it beside those of its section.
    public let others: String?

    public init(
        _ name: String, _ section: Section, _ what: String, standard: String? = nil, otherwise: String? = nil,
        isSecret: Bool = false, others: String? = nil
    ) {
        (self.name, self.section, self.what) = (name, section, what)
        (self.standard, self.otherwise, self.isSecret, self.others) = (standard, otherwise, isSecret, others)
    }

    public static let all: [Setting] =
        table + access + members + downstream(.perks, port: 8081) + downstream(.blacklist, port: 8082) + [
            Setting(
                "blacklist.measures", .blacklist,
                "MEASURE[,MEASURE…] that can be asked for before a fact names them; others are answered with 404.",
                otherwise: "those that facts have named"),
            Setting("lag.http-host", .lag, "Address that the HTTP server listens on.", standard: "127.0.0.1"),
            Setting("lag.http-port", .lag, "Port of the HTTP server, 0 for any free one.", standard: "8083"),
        ]

    private static let table: [Setting] = [
        Setting(
            "brokers", .cluster,
            "HOST:PORT[,HOST:PORT…] of the Kafka brokers; serve and quickstart start one of their own for \"embedded\"."
        ),
        Setting(
            "kafka", .cluster,
            """
            A librdkafka property, NAME=VALUE; may be repeated (SASL, TLS, tuning). Secrets belong in the configuration \
            file or the environment.
            """, isSecret: true),
        Setting("topics", .cluster, "Folder of topic files.", otherwise: "those that the program carries"),
        Setting(
            "topic-prefix", .cluster,
            "Put before the name of every topic and group, so that several ledgers share a cluster.",
            standard: "", otherwise: "none"),

        Setting("log-level", .log, "trace, debug, info, notice, warning, error or critical.", standard: "info"),
        Setting("log-format", .log, "text or json, a line each on standard error.", standard: "text"),

        Setting(
            "signing-key", .keys,
            "File with the private key that checkpoints and records of the audit are signed with (`standing key`).",
            otherwise: "none: no checkpoints are published, and the audit is not signed"),
        Setting(
            "trusted-keys", .keys, "File with the public keys whose checkpoints and records of the audit are believed.",
            otherwise: "only one's own"),

        Setting(
            "control-keys", .serve,
            """
            File with the public keys of those who may write control events, each with the acts that it may sign (`standing keys \
            new`). Others' control events become dead letters.
            """, otherwise: "none: whoever may write the control topic decides"),
        Setting(
            "control-key", .serve,
            "File with the private key that control events are signed with (`standing keys new`).",
            otherwise: "none, and they are not signed", others: "those that send control events"),

        Setting(
            "four-eyes", .serve,
            "Acts over HTTP that a second person must approve: activate, rollback, withdraw-source, restore-source, with commas.",
            otherwise: "none"),

        Setting("roles", .serve, "What this process does: intake,fold, intake, or fold.", standard: "intake,fold"),
        Setting(
            "policy", .serve,
            "The policy that an empty ledger begins with. A ledger that has had it takes it too; any other is refused.",
            otherwise: "none"),
        Setting("http-host", .serve, "Address that the HTTP server listens on.", standard: "127.0.0.1"),
        Setting("http-port", .serve, "Port of the HTTP server, 0 for any free one.", standard: "8080"),
        Setting(
            "advertise", .serve, "HOST:PORT where other members reach the HTTP server.",
            otherwise: "its own address, or the host's name where it listens on every address"),
        Setting(
            "clock", .clock,
            """
            wall: ticks move the ledger's clock with the wall clock, and an operator's events have its time; events: only the \
            sources' events move it, and an operator's have the ledger's time.
            """,
            standard: "wall"),
        Setting(
            "tick-interval", .serve, "How far the wall clock may run ahead of a partition's clock.", standard: "10s"),
        Setting(
            "ready-within", .serve, "How far a fold may be behind the ledger's end and still be ready.", standard: "5s"),
        Setting(
            "ledger", .serve,
            """
            The name that a ledger gets when it begins, or that an old one gets by `standing ledger upgrade`: at most 128 letters, \
            digits, '.', '_' and '-'. It stands in the source of every fact.
            """,
            otherwise: "the topic prefix, or \"default\" without one", others: "ledger upgrade"),
        Setting(
            "allowed-skew", .serve, "How far in the future an event's time may lie.", standard: "5m",
            others: "those that send an operator's events"),
        Setting(
            "data", .serve, "Folder for archive and snapshots.",
            otherwise: "none, and every start folds the ledger from the topic", others: "verify, archive, facts, doctor"
        ),
        Setting(
            "snapshot-interval", .serve, "How often a partition's state is kept in the data folder.", standard: "5m"),
        Setting(
            "workers", .serve,
            "Threads that fold, each a ledger partition at a time. More than the machine has cores fold nothing faster.",
            otherwise: "as many as there are cores", others: "quickstart, bench pipeline, bench latency"),
        Setting(
            "max-poll-interval", .serve,
            """
            For how long a member may not poll until its groups take it for dead and give its partitions to others: from 10s, the \
            session's time-out, to 24h.
            """, standard: "5m"),
        Setting(
            "memory-limit", .serve,
            """
            Memory that the process should not use more of, such as 4G: from there on enrolments become dead letters \
            (event/at-memory-limit), to be redriven when there is room.
            """, otherwise: "no limit"),
        Setting(
            "queue-size", .serve,
            """
            What each queue between broker and fold may hold, from 1M to 1G: what is fetched, what is polled and not folded, what is \
            sent and not acknowledged. With --memory-limit no more than a thirty-second of that.
            """, standard: "4M", others: "bench pipeline"),
        Setting(
            "member", .serve, "What this process calls itself: in checkpoints, and to other members.",
            otherwise: "the host's name"),
        Setting(
            "standby", .serve,
            "Also fold, without publishing, what other members own, and take it over at once. Needs a data folder.",
            standard: "false"),
        Setting(
            "static-member", .serve,
            """
            Static membership under the member's name: a restart within the session's time-out (session.timeout.ms, 10s) \
            moves no partition. Needs a name of its own.
            """, standard: "false"),
    ]

    private static func downstream(_ section: Section, port: Int) -> [Setting] {
        let name = section.rawValue
        return [
            Setting(
                "\(name).database", section, "The SQLite database; made if it is missing.",
                standard: "standing-\(name).sqlite"),
            Setting(
                "\(name).http-host", section, "Address that the HTTP server listens on.", standard: "127.0.0.1"),
            Setting(
                "\(name).http-port", section, "Port of the HTTP server, 0 for any free one.", standard: "\(port)"),
            Setting(
                "\(name).current-within", section, "How far it may be behind its topic's end and still be current.",
                standard: "30s"),
            Setting(
                "\(name).fail-open", section,
                "Answer also while not current, and say so in the answer, instead of with 503.", standard: "false"),
        ]
    }

    /// Variables with our prefix that are not settings, with their meanings.
    static let otherVariables: [(name: String, what: String)] = [
        ("STANDING_CONFIG", "the configuration file"),
        ("STANDING_BINARY", "the program that tests run"),
        ("STANDING_TANSU", "the broker that tests run"),
        ("STANDING_LIBRDKAFKA", "the newer librdkafka that tests run with"),
        ("STANDING_PYTHON", "the interpreter of tests that need one"),
        ("STANDING_TEST_BROKERS", "a cluster of yours, new and empty, that tests run on"),
        ("STANDING_LONG", "tests with the counts of a long night"),
        ("STANDING_FUZZ", "how many random inputs a test takes"),
        ("STANDING_FUZZ_SEED", "which random inputs a test takes"),
    ]

    public static let variables = all.map(\.variable) + otherVariables.map(\.name)

    public var variable: String {
        Self.prefix + name.uppercased().replacing("-", with: "_").replacing(".", with: "_")
    }

    public var flag: String { "--\(name.split(separator: ".").last ?? "")" }

    /// The default in words; nil if there is none.
    public var defaultInWords: String? { otherwise ?? standard }

    /// The setting of this name, which must be in the table.
    public static func named(_ name: String) -> Setting {
        guard let setting = all.first(where: { $0.name == name }) else {
            preconditionFailure("no setting is called \(name): add it to Setting.all")
        }
        return setting
    }

    /// A flag's help. Several names: the flag gives another setting in each command. `otherwise`: the default of a
    /// command whose default differs.
    public static func help(_ names: String..., otherwise: String? = nil) -> ArgumentHelp {
        let settings = names.map { named($0) }
        var defaults: [String] = otherwise.map { [$0] } ?? []
        for text in settings.compactMap(\.defaultInWords) where otherwise == nil && !defaults.contains(text) {
            defaults.append(text)
        }
        let what = settings.first?.what ?? ""
        return ArgumentHelp(defaults.isEmpty ? what : "\(what) Default: \(defaults.joined(separator: " or ")).")
    }

    /// The keys at the top of a configuration file.
    static var fileKeys: [String] {
        var keys: [String] = []
        for setting in all {
            let key = setting.name.split(separator: ".").first.map(String.init) ?? setting.name
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    /// The keys of a mapping at the top of a configuration file; empty if `key` is not a mapping of settings.
    static func fileKeys(under key: String) -> [String] {
        all.filter { $0.name.hasPrefix(key + ".") }.map { String($0.name.dropFirst(key.count + 1)) }
    }

    /// Whether a variable with our prefix is known.
    public static func isKnown(variable: String, value: String) -> Bool {
        variables.contains(variable) || isOfAService(variable, value)
    }

    /// Kubernetes adds variables for every service of a namespace to the environment of its pods. For a service
    /// `standing` these are `STANDING_SERVICE_HOST`, `STANDING_PORT=tcp://…`, `STANDING_PORT_8080_TCP_ADDR` and others.
    private static func isOfAService(_ variable: String, _ value: String) -> Bool {
        variable.hasSuffix("_SERVICE_HOST") || variable.contains(/_SERVICE_PORT(_|$)/)
            || variable.contains(/_PORT_[0-9]+_(TCP|UDP|SCTP)(_|$)/)
            || (variable.hasSuffix("_PORT") && value.contains("://"))
    }
}
