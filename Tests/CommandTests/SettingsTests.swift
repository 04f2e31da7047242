import Foundation
import Testing

extension CommandTests {
    /// Flags, environment and configuration file are one table, and what is in none of them is refused.
    struct SettingsTests {
        private struct Setting: Decodable {
            let name: String
            let flag: String
            let variable: String
            let section: String
            let what: String
        }

        /// Which settings a command has, by their sections.
        private static let sections = [
            "serve": ["cluster", "log", "keys", "clock", "serve"], "perks": ["cluster", "log", "perks"],
            "blacklist": ["cluster", "log", "clock", "blacklist"],
        ]
        private static let notSettings: Set = ["--config", "--show-config", "--help", "--version"]

        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private func table() async throws -> [Setting] {
            let run = try await standing("settings", "--output", "json")
            #expect(run.code == 0)
            return try run.lines.map { try JSONDecoder().decode(Setting.self, from: Data($0.utf8)) }
        }

        @Test func theTableIsWhatTheCommandsTake() async throws {
            let table = try await table()
            let help = try await Help.ofAll()
            func flags(_ sections: [String]) -> Set<String> {
                Set(table.filter { sections.contains($0.section) }.map(\.flag))
            }
            for (name, sections) in Self.sections {
                let command = try #require(help.subcommands?.first { $0.commandName == name })
                #expect(command.flags.subtracting(Self.notSettings) == flags(sections), "\(name)")
            }
            for (path, command) in help.leaves() where command.flags.isSuperset(of: ["--config", "--brokers"]) {
                #expect(command.flags.isSuperset(of: flags(["cluster"])), "\(path)")
            }
        }

        /// An option with a setting's name is that setting, in every command, and has its help.
        @Test func noCommandHasAnotherTextForASetting() async throws {
            let texts = Dictionary(grouping: try await table(), by: \.flag).mapValues { $0.map(\.what) }
            for (path, command) in try await Help.ofAll().leaves() {
                // A file for this command alone, an event's data, and a user's roles.
                let isOwn: Set<String> =
                    switch path {
                    case ["serve"]: []
                    case ["event", "send"]: ["--data", "--policy"]
                    case ["access", "users", "add"]: ["--roles"]
                    default: ["--policy"]
                    }
                for argument in command.arguments ?? [] {
                    for flag in argument.flags where !isOwn.contains(flag) {
                        guard let texts = texts[flag] else { continue }
                        let help = argument.abstract ?? ""
                        #expect(texts.contains { help.hasPrefix($0) }, "\(path) \(flag): \(help)")
                    }
                }
            }
        }

        /// To every other command the broker is one of another process, which has an address.
        @Test func onlyWhatStartsAnEmbeddedBrokerTakesItsName() async throws {
            let whose = ["--subject", "a"]
            let appeal = whose + ["--sanction", "s"]
            let more: [String: [String]] = [
                "replay": ["--topic"], "policy propose": [policy, "--topic"], "policy activate": ["absent.json"],
                "policy rollback": [], "policy show": [], "policy log": [],
                "policy shadow start": [policy], "policy shadow status": [], "policy shadow stop": [],
                "subject enrol": whose + ["--kind", "individual", "--terms", "1"], "subject withdraw": whose,
                "event send": whose + ["--type", "bill.paid", "--topic", "behaviour.payments"],
                "event void": whose + ["--source", "/s", "--id", "1", "--reason", "none"],
                "appeal file": appeal + ["--statement", "no"],
                "appeal decide": appeal + ["--outcome", "upheld", "--reason", "none"],
                "source list": [], "source withdraw": ["behaviour.payments", "--what-if", "--topic"],
                "source restore": ["behaviour.payments", "--reason", "none"], "source reset": ["behaviour.payments"],
                "source acknowledge": ["behaviour.payments", "--reason", "none"],
                "source import": ["absent.csv", "--map", "absent.yaml", "--go"],
                "archive repair": ["--data", folder.path("data")], "verify": [],
                "audit list": [], "audit verify": [],
                "ledger export": [folder.path("export"), "--topic"], "ledger import": [folder.path("export")],
                "ledger upgrade": ["--ledger", "town"], "ledger skip": ["0", "0", "--reason", "none"],
                "facts bootstrap": ["--data", folder.path("data")], "dead-letter list": [], "dead-letter show": ["0:0"],
                "dead-letter redrive": ["--every-letter"],
                "dead-letter discard": ["--every-letter", "--reason", "not needed"], "lag": [], "perks": [],
                "blacklist": [], "topics plan": [], "topics apply": [], "topics check": [], "topics acls": [],
                "doctor": [], "tail": [], "status": [], "trace": ["/s", "1", "--topic"],
                "bench pipeline": [],
                "bench latency": [],
            ]
            let embedding: Set = ["serve", "quickstart", "broker"]
            for (path, command) in try await Help.ofAll().leaves() where command.flags.contains("--brokers") {
                let name = path.joined(separator: " ")
                guard !embedding.contains(name) else { continue }
                let arguments = path + (try #require(more[name], "\(name) is not in the list"))
                var runs = [try await Running(arguments + ["--brokers", "embedded"]).finished()]
                if command.flags.contains("--config") {
                    runs.append(
                        try await Running(arguments, environment: ["STANDING_BROKERS": "embedded"]).finished())
                }
                for run in runs {
                    #expect(run.code == 2 && run.output == "", "\(name): \(run.output)")
                    #expect(run.messages.contains("`standing broker --port PORT`"), "\(name): \(run.messages)")
                    #expect(run.messages.split(separator: "\n").count == 1, "\(name): \(run.messages)")
                }
            }
        }

        /// Nothing listens on port 1, and nothing is asked there.
        @Test func whatACommandWouldIgnoreIsRefused() async throws {
            let brokers = ["--brokers", "127.0.0.1:1"]
            let cases: [([String], String)] = [
                (["replay", "--archive", folder.path("data")] + brokers, "--brokers has no effect"),
                (["replay", "--events", policy, "--policy", policy] + brokers, "--brokers has no effect"),
                (["replay", "--topic", "--digests", "--subject", "a"] + brokers, "--subject has no effect"),
                (["policy", "log", "--archive", folder.path("data"), "--topic-prefix", "a"], "--topic-prefix has no"),
                (["broker"] + brokers, "--brokers has no effect"),
                (["broker", "--kafka", "client.id=a"], "--kafka has no effect"),
                (
                    ["quickstart", "--until-done", "--policy", policy, "--events", policy, "--for", "1s"],
                    "--for has no effect"
                ),
                (["source", "withdraw", "a", "--what-if", "--topic", "--reason", "b"], "--reason has no effect"),
                (["source", "withdraw", "a", "--go", "--topic"], "--go needs a --reason"),
                (["source", "withdraw", "a", "--go", "--reason", "b", "--archive", "c"], "--go goes with --topic"),
                (["source", "withdraw", "a", "--topic"], "give --what-if, or --go"),
            ]
            for (arguments, message) in cases {
                let run = try await Running(arguments).finished()
                #expect(run.code == 2 && run.output == "", "\(arguments)")
                #expect(run.messages.contains(message), "\(arguments): \(run.messages)")
            }
        }

        @Test func everyCommandTakesTheDataFolderFromTheEnvironmentAndTheFile() async throws {
            let absent = folder.path("absent")
            let file = try folder.write("data: \(absent)\n", to: "data.yaml")
            for command in ["status", "verify", "drop"] {
                let missing = try await standing("archive", command)
                #expect(missing.code == 2 && missing.messages.contains("STANDING_DATA"), "\(missing.messages)")
                for run in [
                    try await standing("archive", command, "--data", absent),
                    try await standing("archive", command, environment: ["STANDING_DATA": absent]),
                    try await standing("archive", command, "--config", file),
                ] {
                    #expect(run.code == 1 && run.messages.contains(absent), "\(command): \(run.messages)")
                }
            }
            let upgrade = try await standing("ledger", "upgrade", "--brokers", "127.0.0.1:1")
            #expect(upgrade.code == 2 && upgrade.messages.contains("STANDING_LEDGER"), "\(upgrade.messages)")
            let named = try await standing(
                "ledger", "upgrade", "--brokers", "127.0.0.1:1", environment: ["STANDING_LEDGER": "a b"])
            #expect(named.code == 2 && named.messages.hasPrefix("ledger (environment): error: "), "\(named.messages)")
        }

        /// The prefix is the name of a ledger that has no other.
        @Test func aTopicPrefixThatIsNoNameIsRefusedBeforeAnythingIsWritten() async throws {
            let long = String(repeating: "a", count: 129)
            for command in [["serve", "--policy", policy], ["quickstart", "--for", "1s"]] {
                for (prefix, message) in [
                    ("a b", "topic-prefix (flag): error: \"a b\" is not what a topic's name may begin with"),
                    (long, "error: topic-prefix: it would be the ledger's name"),
                ] {
                    let run = try await Running(
                        command + ["--brokers", "127.0.0.1:1", "--topic-prefix", prefix]
                    ).finished()
                    #expect(run.code == 2 && run.output == "", "\(command)")
                    #expect(run.messages.hasPrefix(message), "\(run.messages)")
                    #expect(run.messages.split(separator: "\n").count == 1)
                }
            }
            let named = try await standing(
                "serve", "--policy", policy, "--brokers", "a:1", "--topic-prefix", long, "--ledger", "town",
                "--show-config")
            #expect(named.code == 0, "\(named.messages)")
        }

        /// A value of each setting that is not its default, as far as the command allows it.
        private func samples() -> [String: String] {
            var samples: [String: String] = [
                "brokers": "a:1", "kafka": "client.id=x", "topics": Package.root.appending(path: "topics").path,
                "topic-prefix": "p.", "log-level": "debug", "log-format": "json", "signing-key": folder.path("key"),
                "trusted-keys": folder.path("key.pub"), "roles": "fold,intake", "policy": policy,
                "http-host": "127.0.0.2", "http-port": "1", "advertise": "one.example:443", "clock": "wall",
                "tick-interval": "11s", "allowed-skew": "6m", "data": folder.path("data"), "snapshot-interval": "1m",
                "memory-limit": "2G", "queue-size": "32M", "workers": "3", "max-poll-interval": "2m",
                "ready-within": "7s", "ledger": "town", "member": "one", "standby": "true",
                "static-member": "true", "access-users": folder.path("users"),
                "access-issuer": "https://issuer.example", "access-audience": "standing",
                "access-keys": folder.path("keys.json"), "access-algorithms": "ES256", "access-roles-claim": "r",
                "access-subject-claim": "s", "session-key": folder.path("session"), "rate-limit": "50",
                "tls-certificate": folder.path("tls.pem"), "tls-key": folder.path("tls.key"),
                "member-secret": folder.path("members"), "member-ca": folder.path("ca.pem"),
                "control-keys": folder.path("control.pub"),
                "control-key": folder.path("control"), "four-eyes": "activate",
            ]
            for command in ["perks", "blacklist"] {
                samples["\(command).database"] = folder.path("\(command).sqlite")
                samples["\(command).http-host"] = "127.0.0.3"
                samples["\(command).http-port"] = "2"
                samples["\(command).current-within"] = "40s"
                samples["\(command).fail-open"] = "true"
            }
            samples["blacklist.measures"] = "air-travel,rail"
            samples["lag.http-host"] = "127.0.0.4"
            samples["lag.http-port"] = "3"
            return samples
        }

        @Test func everySettingComesFromFlagEnvironmentAndFile() async throws {
            #expect(try await standing("key", folder.path("key")).code == 0)
            let control = try await standing(
                "keys", "new", folder.path("control"), "--name", "one", "--acts", "all")
            #expect(control.code == 0)
            let (table, samples) = (try await table(), samples())
            #expect(Set(table.map(\.name)) == Set(samples.keys))
            // One environment and one file for all three commands: what is another command's disturbs none.
            let environment = Dictionary(uniqueKeysWithValues: table.map { ($0.variable, samples[$0.name] ?? "") })
            var text = "kafka: {client.id: x}\n"
            for (name, value) in samples where name != "kafka" && !name.contains(".") { text += "\(name): \(value)\n" }
            for command in ["perks", "blacklist", "lag"] {
                text += "\(command):\n"
                for (name, value) in samples where name.hasPrefix(command + ".") {
                    text += "  \(name.dropFirst(command.count + 1)): \(value)\n"
                }
            }
            let file = try folder.write(text, to: "standing.yaml")
            for (command, sections) in Self.sections {
                let settings = table.filter { sections.contains($0.section) }
                let flags = settings.flatMap { setting in
                    let value = samples[setting.name] ?? ""
                    return value == "true" ? [setting.flag] : [setting.flag, value]
                }
                let runs = [
                    ("flag", try await Running([command, "--show-config"] + flags).finished()),
                    ("environment", try await standing(command, "--show-config", environment: environment)),
                    ("\(file):", try await standing(command, "--show-config", "--config", file)),
                ]
                for (origin, run) in runs {
                    #expect(run.code == 0, "\(command) \(origin): \(run.messages)")
                    for setting in settings {
                        let value = samples[setting.name] ?? ""
                        let shown = setting.name == "kafka" ? "kafka.client.id: x" : "\(setting.name): \(value)"
                        #expect(run.lines.contains { $0.hasPrefix("\(shown)    # \(origin)") }, "\(command) \(shown)")
                    }
                    #expect(run.lines.count == settings.count, "each is shown once: \(run.output)")
                }
            }
        }

        @Test func anUnknownVariableIsRefusedWithTheNearestName() async throws {
            let run = try await standing(
                "serve", "--brokers", "a:1", environment: ["STANDING_HTPP_PORT": "1", "STANDING_TEA": "green"])
            #expect(run.code == 2)
            #expect(
                run.messages == """
                    STANDING_HTPP_PORT (environment): error: no setting has this name; did you mean STANDING_HTTP_PORT?
                    STANDING_TEA (environment): error: no setting has this name; `standing settings` lists those \
                    that there are

                    """)
        }

        /// Outside of the clone, so that nothing of it is needed; with a bad setting of another command, a variable of the
        /// tests and those of a Kubernetes service called `standing`.
        @Test func aCommandRunsAnywhereWhateverIsSetForOthers() async throws {
            let broker = try await Broker()
            let plan = "topics plan --brokers \"$2\" --topic-prefix other."
            let run = try await Running(
                ["-c", "cd \"$1\" && exec \"$0\" \(plan)", Package.binary().path, folder.url.path, broker.address],
                environment: [
                    "STANDING_HTTP_PORT": "none", "STANDING_CLOCK": "sundial", "STANDING_LONG": "1",
                    "STANDING_SERVICE_HOST": "10.0.0.1", "STANDING_SERVICE_PORT_HTTP": "8080",
                    "STANDING_PORT": "tcp://10.0.0.1:8080", "STANDING_PORT_8080_TCP_ADDR": "10.0.0.1",
                ],
                executable: URL(filePath: "/bin/sh")
            ).finished()
            #expect(run.code == 0, "\(run.messages)")
            #expect(run.output.contains("other.standing.ledger"))
        }

        @Test func bytesThatAreNotUTF8AreNamedWithTheirLocationInEveryFile() async throws {
            /// A file whose second line has an umlaut of Latin-1 in column 15.
            func latin(_ name: String, first line: String) throws -> String {
                let bytes = Array("\(line)\ntopic-prefix: ".utf8) + [0xFC, 0x0A]
                try Data(bytes).write(to: folder.url.appending(path: name))
                return folder.path(name)
            }
            let file = try latin("standing.yaml", first: "brokers: a:1")
            let bad = try latin("bad.yaml", first: "policy: town")
            try FileManager.default.createDirectory(atPath: folder.path("topics"), withIntermediateDirectories: true)
            let topic = try latin("topics/a.yaml", first: "name: a")
            let runs: [(arguments: [String], file: String, code: Int32)] = [
                (["serve", "--show-config", "--config", file], file, 2),
                (["policy", "check", bad], bad, 1), (["policy", "test", bad], bad, 1),
                (["topics", "plan", "--brokers", "a:1", "--topics", folder.path("topics")], topic, 1),
            ]
            for run in runs {
                let finished = try await Running(run.arguments).finished()
                #expect(finished.code == run.code, "\(run.arguments)")
                #expect(
                    finished.messages.contains(
                        "\(run.file):2:15: error: the byte 0xFC is not UTF-8: save the file as UTF-8\n"),
                    "\(finished.messages)")
            }
        }

        @Test func theConfigurationIsYAML12() async throws {
            let file = try folder.write(
                "brokers: a:1 # \u{2028}topic-prefix: x.\ntopic-prefix: \"p\\u002e\" # b\n", to: "standing.yaml")
            let run = try await standing("perks", "--show-config", "--config", file)
            #expect(run.code == 0, "\(run.messages)")
            #expect(run.lines.contains { $0.hasPrefix("topic-prefix: p.    # \(file):2:15") }, "\(run.output)")
            let bad = try folder.write("brokers: \"a:1\"#b\n", to: "bad.yaml")
            let refused = try await standing("perks", "--show-config", "--config", bad)
            #expect(refused.code == 2)
            #expect(refused.messages == "\(bad):1:15: error: a comment needs white space before its #\n")
        }

        @Test func combinationsThatMakeNoSenseAreRefused() async throws {
            let cluster = ["--brokers", "a:1"]
            let data = ["--data", folder.path("data")]
            let cases: [([String], String)] = [
                (["--brokers", "embedded"] + data, "error: --data with the embedded broker"),
                (cluster + ["--standby"], "error: --standby needs --data"),
                (cluster + ["--static-member"], "error: --static-member needs --member"),
                (cluster + ["--snapshot-interval", "1m"], "error: --snapshot-interval has no effect"),
                (cluster + ["--clock", "events", "--tick-interval", "1s"], "error: --tick-interval has no effect"),
                (cluster + ["--roles", "fold", "--allowed-skew", "1m"], "error: --allowed-skew has no effect"),
                (cluster + ["--roles", "intake"] + data, "error: --data has no effect"),
                (cluster + ["--roles", "intake", "--ready-within", "1s"], "error: --ready-within has no effect"),
                (cluster + ["--roles", "intake", "--workers", "2"], "error: --workers has no effect"),
                (
                    cluster + ["--max-poll-interval", "1m", "--kafka", "max.poll.interval.ms=60000"],
                    "error: --max-poll-interval and librdkafka's max.poll.interval.ms are the same"
                ),
                (cluster + ["--advertise", "0.0.0.0:8080"], "advertise (flag): error: "),
                (cluster + ["--data", ""], "data (flag): error: "),
            ]
            for (flags, message) in cases {
                let run = try await Running(["serve", "--show-config"] + flags).finished()
                #expect(run.code == 2, "\(flags)")
                #expect(run.messages.hasPrefix(message), "\(run.messages)")
                #expect(run.messages.split(separator: "\n").count == 1)
            }
            // A file can be there for other processes too.
            let file = try folder.write("data: \(folder.path("data"))\n", to: "shared.yaml")
            let intake = try await standing(
                "serve", "--brokers", "a:1", "--roles", "intake", "--config", file, "--show-config")
            #expect(intake.code == 0, "\(intake.messages)")
        }

        @Test func workersAndThePollIntervalHaveBounds() async throws {
            let noWorkers = "is not a number of threads from 1 to "
            let noInterval = "is not a duration such as 5m, from 10000 ms (the session's time-out) to 86400000 ms"
            let long = ["--kafka", "session.timeout.ms=60000"]
            let refused: [(flags: [String], message: String)] = [
                (["--workers", "0"], "workers (flag): error: \"0\" \(noWorkers)"),
                (["--workers", "-1"], "workers (flag): error: \"-1\" \(noWorkers)"),
                (["--workers", "two"], "workers (flag): error: \"two\" \(noWorkers)"),
                (["--max-poll-interval", "9999ms"], "max-poll-interval (flag): error: \"9999ms\" \(noInterval)"),
                (["--max-poll-interval", "25h"], "max-poll-interval (flag): error: \"25h\" \(noInterval)"),
                (["--max-poll-interval", "30"], "max-poll-interval (flag): error: \"30\" \(noInterval)"),
                (
                    ["--max-poll-interval", "30s"] + long,
                    "max-poll-interval (flag): error: \"30s\" is not a duration such as 5m, from 60000 ms"
                ),
            ]
            for (flags, message) in refused {
                // A value that begins with a dash stands after the equals sign.
                let arguments = flags[1] == "-1" ? ["--workers=-1"] : flags
                let run = try await Running(["serve", "--brokers", "a:1", "--show-config"] + arguments).finished()
                #expect(run.code == 2, "\(flags)")
                #expect(run.messages.hasPrefix(message), "\(run.messages)")
            }
            for command in [["quickstart", "--for", "1s"], ["bench", "pipeline"], ["bench", "latency"]] {
                let run = try await Running(command + ["--workers", "0"]).finished()
                #expect(run.code == 2 && run.output == "", "\(command)")
                #expect(run.messages.hasPrefix("workers (flag): error: \"0\" \(noWorkers)"), "\(run.messages)")
            }
            let taken: [(flags: [String], line: String)] = [
                (["--workers", "1000"], "workers: 1000    # flag"),
                (["--max-poll-interval", "10s"], "max-poll-interval: 10s    # flag"),
                (["--max-poll-interval", "24h"], "max-poll-interval: 24h    # flag"),
                (["--kafka", "max.poll.interval.ms=60000"], "max-poll-interval: 60.0s    # default"),
                ([], "max-poll-interval: 5m    # default"),
            ]
            for (flags, line) in taken {
                let run = try await Running(["serve", "--brokers", "a:1", "--show-config"] + flags).finished()
                #expect(run.code == 0 && run.lines.contains(line), "\(flags): \(run.output)\(run.messages)")
            }
        }

        @Test func whatCannotBeWrittenOrListenedOnEndsTheStart() async throws {
            // The broker is away, so nothing but the check can end it. A file is in the way of the folder.
            let cluster = ["--brokers", "127.0.0.1:1"]
            let inTheWay = policy + "/data"
            let broker = try await Broker()
            let port = try #require(broker.address.split(separator: ":").last.map(String.init))
            let cases = [
                (["serve", "--http-port", "0", "--data", inTheWay], "error: --data \(inTheWay) cannot be written ("),
                (["serve", "--http-port", port], "error: HTTP on 127.0.0.1:\(port): another process "),
                (
                    ["perks", "--http-port", "0", "--database", inTheWay],
                    "error: --database \(inTheWay) cannot be written ("
                ),
                (["blacklist", "--http-port", port], "error: HTTP on 127.0.0.1:\(port): another process "),
            ]
            for (arguments, message) in cases {
                let run = try await Running(arguments + cluster).finished()
                #expect(run.code == 1, "\(arguments)")
                #expect(run.messages.hasPrefix(message) && run.messages.contains("; give "), "\(run.messages)")
                #expect(run.messages.split(separator: "\n").count == 1)
            }
        }
    }
}
