import Foundation
import Testing

extension CommandTests {
    struct ServeCommandTests {
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        @Test func eventsBecomeStandingsOverHTTP() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(broker: broker.address, policy: policy, ["--log-level", "debug"])
            let subjects = ["inhabitant-1", "inhabitant-2"]
            try cluster.feed([
                .enrolment(0, subjects[0]), .enrolment(1, subjects[1]), Trial.Event(2, "bill.paid", subjects[0]),
                Trial.Event(2, "bill.paid", subjects[0]), Trial.Event(3, "bill.late", "inhabitant-3"),
            ])
            try await server.waitUntilReady()
            try await wait(for: "the standing") {
                try await server.standing(of: subjects[0])?.score == 615 ? true : nil
            }
            try await wait(for: "the standing") {
                try await server.standing(of: subjects[1])?.score == 600 ? true : nil
            }
            try await wait(for: "nobody") { await server.get("/subjects/inhabitant-3")?.status == 404 ? true : nil }
            #expect(await server.get("/livez")?.status == 200)

            // What is not understood is not answered as if it had not been asked.
            for (path, known) in [
                ("subjects/\(subjects[0])?asof=2026-01-01T00:00:00Z", "as-of, offset, policy"),
                ("subjects/\(subjects[0])?as-of=2026-01-01T00:00:00Z&as-of=2027-01-01T00:00:00Z", "twice"),
                ("subjects/\(subjects[0])?policy=now", "as-of"), ("subjects/\(subjects[0])/file?as-of=x", "purpose"),
                ("livez?x=1", "none"), ("readyz?x", "none"), ("metrics?name=x", "none"),
            ] {
                let refused = await server.get("/" + path)
                #expect(refused?.status == 400 && refused?.body.contains(known) == true, "\(path)")
            }

            let metrics = try #require(await server.get("/metrics"))
            #expect(metrics.status == 200)
            #expect(metrics.body.contains("standing_intake_events_total"))
            #expect(!metrics.body.contains("inhabitant"))

            let end = try await server.process.stop()
            #expect(end.code == 0)
            #expect(!end.messages.contains("inhabitant"))
            #expect(end.messages.contains("standing has stopped"))
            #expect(end.messages.contains("policy=trial version"))
            #expect(end.messages.contains("curl \(server.address)/readyz"))
            #expect(end.output == "")
            #expect(try await broker.process.stop().code == 0)
        }

        @Test func aLedgerWithAnotherPolicyIsRefused() async throws {
            let broker = try await Broker()
            let first = try await Server(broker: broker.address, policy: policy)
            try await first.waitUntilReady()
            #expect(try await first.process.stop().code == 0)
            let other = try folder.write(
                Trial.policy.replacingOccurrences(of: "points: 15", with: "points: 16"), to: "other.yaml")
            let refused = try await standing(
                "serve", "--brokers", broker.address, "--policy", other, "--http-port", "0")
            #expect(refused.code == 1)
            #expect(refused.messages.contains("error: "))
        }

        @Test func anEmptyLedgerWantsAPolicy() async throws {
            let broker = try await Broker()
            let refused = try await standing("serve", "--brokers", broker.address, "--http-port", "0")
            #expect(refused.code == 1)
            #expect(refused.messages.contains("--policy FILE"))
        }

        @Test func aBrokerThatIsAwayIsWaitedFor() async throws {
            // Nothing listens on port 1.
            let server = try await Server(broker: "127.0.0.1:1", policy: policy, ["--http-host", "0.0.0.0"])
            let address = server.address.replacingOccurrences(of: "0.0.0.0", with: "127.0.0.1")
            #expect(server.process.messagesSoFar.contains("all else to this machine alone"))
            try await wait(for: "two warnings") {
                server.process.messagesSoFar.components(separatedBy: "waiting for the broker").count > 2 ? true : nil
            }
            #expect(server.process.isRunning)
            #expect(await answer(address + "/livez")?.status == 200)
            let readiness = await answer(address + "/readyz")
            #expect(readiness?.status == 503)
            #expect(readiness?.body.contains("the fold has not joined its group") == true)
            #expect(try await server.process.stop().code == 0)
        }

        /// The broker answers nothing, so that stopping takes as long as the patience of its clients.
        @Test func aSecondSignalEndsItAtOnce() async throws {
            let broker = try await Broker()
            let server = try await Server(broker: broker.address, policy: policy)
            try await server.waitUntilReady()
            broker.process.signal(SIGSTOP)
            server.process.signal(SIGTERM)
            server.process.signal(SIGINT)
            let end = try await server.process.finished()
            #expect(end.code == 1)
            #expect(end.messages.contains("error: a second signal came before everything was stopped"))
        }

        /// As `timeout` sends it: to the command and to its group.
        @Test func theSameSignalTwiceAtOnceIsOne() async throws {
            let broker = try await Broker()
            var end: Finished?
            // On a machine that stands still for half a second between two of them they are not at once.
            for _ in 0..<3 where end?.code != 0 {
                let server = try await Server(broker: broker.address, policy: policy)
                try await server.waitUntilReady()
                for _ in 0..<20 { server.process.signal(SIGTERM) }
                end = try await server.process.finished()
            }
            #expect(end?.code == 0, "\(end?.messages.suffix(1000) ?? "")")
        }

        @Test func moreWorkersThanCoresAreAWarningAndWork() async throws {
            let broker = try await Broker()
            let workers = ProcessInfo.processInfo.activeProcessorCount + 1
            let server = try await Server(
                broker: broker.address, policy: policy,
                ["--workers", String(workers), "--max-poll-interval", "1m"])
            try await server.waitUntilReady()
            let metrics = await server.get("/metrics")?.body ?? ""
            #expect(metrics.contains("\nstanding_poll_interval_limit_seconds 60\n"))
            #expect(metrics.contains("\nstanding_poll_gap_longest_seconds{role=\"fold\"} "))
            for metric in ["inbox_bytes", "partitions_paused", "slices_waiting", "partition_restarts_total"] {
                #expect(metrics.contains("\nstanding_\(metric) "), "\(metric)")
            }
            let end = try await server.process.stop()
            #expect(end.code == 0)
            #expect(end.messages.contains("more workers than cores"))
            #expect(end.messages.contains("workers=\(workers)"))
            #expect(end.messages.contains("maxPollIntervalMilliseconds=60000"))
        }

        @Test func showConfigTellsWhereEachSettingComesFrom() async throws {
            let file = try folder.write(
                """
                brokers: one.example:9092
                http-port: 8081
                kafka:
                  sasl.password: hush-hush

                """, to: "standing.yaml")
            let run = try await standing(
                "serve", "--config", file, "--clock", "events", "--show-config",
                environment: ["STANDING_HTTP_PORT": "8082", "STANDING_LOG_FORMAT": "json"])
            #expect(run.code == 0)
            #expect(run.lines.contains("brokers: one.example:9092    # \(file):1:10"))
            #expect(run.lines.contains("http-port: 8082    # environment"))
            #expect(run.lines.contains("log-format: json    # environment"))
            #expect(run.lines.contains("clock: events    # flag"))
            #expect(run.lines.contains("tick-interval: 10s    # default"))
            #expect(run.output.contains("kafka.sasl.password: (secret)"))
            #expect(!(run.output + run.messages).contains("hush"))
        }

        @Test func aFlagWinsOverTheEnvironmentAndThatOverTheFile() async throws {
            let file = try folder.write("brokers: a:1\nhttp-host: file\n", to: "standing.yaml")
            let environment = ["STANDING_HTTP_HOST": "environment", "STANDING_CONFIG": file]
            let cases = [
                ([], [:], "http-host: 127.0.0.1    # default"),
                (["--config", file], [:], "http-host: file    # \(file):2:12"),
                ([], environment, "http-host: environment    # environment"),
                (["--http-host", "flag"], environment, "http-host: flag    # flag"),
            ]
            for (flags, environment, line) in cases {
                let run = try await Running(
                    ["serve", "--brokers", "a:1", "--show-config"] + flags, environment: environment
                ).finished()
                #expect(run.code == 0)
                #expect(run.lines.contains(line), "\(run.output)")
            }
        }

        @Test func aBadValueIsExitCode2WithItsLocation() async throws {
            let port = try folder.write("brokers: a:1\nhttp-port: 99999\n", to: "port.yaml")
            let unknown = try folder.write("brokers: a:1\nbrokrs: a:1\n", to: "unknown.yaml")
            let cases: [([String], [String: String], String)] = [
                (["--brokers", "a:1", "--roles", "judge"], [:], "roles (flag): error: "),
                (["--brokers", "a:1"], ["STANDING_CLOCK": "sundial"], "clock (environment): error: "),
                (["--config", port], [:], "http-port (\(port):2:12): error: "),
                (["--config", unknown], [:], "\(unknown):2:1: error: "),
                (["--config", folder.path("absent")], [:], "\(folder.path("absent")): error: "),
                (["--brokers", "a:1", "--kafka", "no.such.property=1"], [:], "kafka.no.such.property (flag): error: "),
                (["--brokers", "a:1", "--kafka", "sasl.password"], [:], "kafka (flag): error: "),
                ([], [:], "error: no brokers"),
            ]
            for (flags, environment, message) in cases {
                let run = try await Running(["serve"] + flags, environment: environment).finished()
                #expect(run.code == 2, "\(flags)")
                #expect(run.messages.hasPrefix(message), "\(run.messages)")
                #expect(run.output == "")
            }
        }
    }
}
