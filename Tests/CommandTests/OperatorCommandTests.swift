import Events
import Foundation
import Kafka
import Testing

extension CommandTests {
    /// What an operator does to a ledger on old data: nothing of it moves the ledger's clock, or all points would expire.
    struct OperatorCommandTests {
        private static let start = "2020-01-01T00:00:00Z"
        private static let anna = "inhabitant-1"
        private static let policy = """
            policy: trial
            version: 1
            score: {base: 600, min: 350, max: 950}
            kinds: [individual]
            dimensions: {payment: {}}
            rules:
              - {id: paid, dimension: payment, event: bill.paid, points: 15, per: month, lasts: 1 month}
              - {id: late, dimension: payment, event: bill.late, points: data.days * -5, per: month, lasts: 1 month}
            bands: [{name: C, from: 350}, {name: B, from: 560}]
            sanctions:
              - {id: no-credit, dimension: payment, measures: [credit], when: points <= -40, lasts: 60 days}

            """

        private struct Activation: Decodable {
            struct Position: Decodable {
                let partition: Int
                let offset: Int
                let clock: String?
            }
            let policy: String
            let version: Int
            let active: Bool
            let since: [Position]
        }

        @Test func fromEnrolmentToWithdrawal() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Self.policy, to: "policy.yaml"))
            try await server.waitUntilReady()

            let environment = ["STANDING_BROKERS": broker.address, "STANDING_CLOCK": "events"]
            func run(_ arguments: [String], _ more: String...) async throws -> Finished {
                try await Running(arguments + more, environment: environment).finished(limit: Limit.run)
            }
            func id(_ run: Finished) throws -> String {
                try #require(run.code == 0, "\(run.messages)")
                return try #require(run.lines.count == 1 ? run.lines.first : nil)
            }
            func expect(score: Int, sanctions: [String] = []) async throws {
                var last: Standing?
                try await wait(for: "\(score), not \(String(describing: last))") {
                    last = try await server.standing(of: Self.anna)
                    return last?.score == score && last?.sanctions.map(\.state) == sanctions ? true : nil
                }
            }

            let whose = ["--subject", Self.anna]
            let enrolment = ["subject", "enrol", "--kind", "individual", "--terms", "2020"] + whose
            let early = try await run(enrolment)
            #expect(early.code == 2 && early.messages.contains("give --time"), "\(early.messages)")
            _ = try id(await run(enrolment, "--attributes", #"{"tier":"gold"}"#, "--time", Self.start))
            try await expect(score: 600)

            let bank = ["event", "send", "--topic", "behaviour.payments", "--source", "/bank"] + whose
            let paid = try id(await run(bank, "--type", "bill.paid", "--id", "one"))
            #expect(paid == "one")
            try await expect(score: 615)
            let late = try id(await run(bank, "--type", "bill.late", "--data", #"{"days":12}"#))
            try await expect(score: 555, sanctions: ["in-force"])

            let appeal = ["--sanction", "no-credit"] + whose
            _ = try id(await run(["appeal", "file"] + appeal, "--statement", "The bank was closed."))
            try await expect(score: 555, sanctions: ["stayed"])
            _ = try id(await run(["appeal", "decide"] + appeal, "--outcome", "upheld", "--reason", "It was."))
            try await expect(score: 555)
            _ = try id(await run(["event", "void"] + whose, "--source", "/bank", "--id", late, "--reason", "a mix-up"))
            try await expect(score: 615)

            // The rules change, and go back, and not forward again.
            let second = Self.policy.replacing("version: 1", with: "version: 2")
                .replacing("points: 15", with: "points: 20")
            let proposed = try await run(
                ["policy"], "propose", try folder.write(second, to: "second.yaml"), "--topic", "--output",
                folder.path("proposal.json"))
            #expect(proposed.code == 0 && proposed.lines.contains("no harm budget is set"), "\(proposed.messages)")
            _ = try id(await run(["policy"], "activate", folder.path("proposal.json")))
            try await expect(score: 620)
            #expect(try await run(["policy"], "show").output == second)
            // The ledger lives in 2020: where nobody says which clock it is, nothing brings it to today.
            func runWithoutClock(_ arguments: [String]) async throws -> Finished {
                try await Running(arguments, environment: ["STANDING_BROKERS": broker.address]).finished(
                    limit: Limit.run)
            }
            let missing = [
                bank + ["--type", "bill.paid"], ["subject", "withdraw"] + whose, ["policy", "rollback"],
                ["source", "acknowledge", "behaviour.payments", "--reason", "seen"],
            ]
            for arguments in missing {
                let refused = try await runWithoutClock(arguments)
                #expect(refused.code == 2 && refused.output == "", "\(arguments): \(refused.messages)")
                for part in [Self.start, "--clock events", "--clock wall"] {
                    #expect(refused.messages.contains(part), "\(arguments): \(refused.messages)")
                }
            }
            let log = try await run(["policy"], "log", "--output", "json").lines.map {
                try JSONDecoder().decode(Activation.self, from: Data($0.utf8))
            }
            #expect(log.map(\.version) == [1, 2] && log.map(\.active) == [false, true])
            #expect(log.first?.since.allSatisfy { $0.clock == nil } == true)
            #expect(log.last?.since.allSatisfy { $0.clock == Self.start } == true)
            #expect(log.first?.since.map(\.partition) == log.last?.since.map(\.partition))
            #expect(log.first?.since.allSatisfy { $0.offset == 0 } == true)

            _ = try id(await run(["policy"], "rollback"))
            try await expect(score: 615)
            let table = try await run(["policy"], "log").lines
            let active = table.last?.split(separator: " ").prefix(4).joined(separator: " ")
            #expect(table.count == 4 && active == "trial 1 yes \(Self.start)", "\(table)")
            let again = try await run(["policy"], "rollback")
            #expect(again.code == 1 && again.messages.contains("--to (trial/1, trial/2)"), "\(again.messages)")
            #expect(try await run(["policy"], "rollback", "--to", "3").code == 2)
            _ = try id(await run(["policy"], "rollback", "--to", "trial/2"))
            try await expect(score: 620)

            _ = try id(await run(["subject", "withdraw"] + whose))
            try await wait(for: "the withdrawal") {
                await server.get("/subjects/\(Self.anna)")?.status == 404 ? true : nil
            }
            let digests = try await run(["replay"], "--topic", "--digests").lines
            #expect(digests.count == log.first?.since.count)
            #expect(digests.allSatisfy { $0.contains("\"clock\":\"\(Self.start)\"") }, "\(digests)")

            // A partition that was moved to today on purpose is within the hour of the wall clock.
            let other = ["--subject", "inhabitant-2"]
            _ = try id(
                await runWithoutClock(
                    ["subject", "enrol", "--kind", "individual", "--terms", "2020", "--clock", "wall"] + other))
            try await wait(for: "the enrolment") { try await server.standing(of: other[1]) }
            _ = try id(
                await runWithoutClock(
                    ["event", "send", "--topic", "behaviour.payments", "--type", "bill.paid"] + other))
            try await wait(for: "the payment") {
                try await server.standing(of: other[1])?.score == 620 ? true : nil
            }
            #expect(try await server.process.stop().code == 0)
        }

        /// Two operators have compared their candidates with the same policy, and both activate while no member reads.
        @Test func theSecondOfTwoActivationsChangesNothingAndSaysSo() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let environment = ["STANDING_BROKERS": broker.address]
            func run(_ arguments: String...) async throws -> Finished {
                try await Running(arguments, environment: environment).finished(limit: Limit.run)
            }
            let policy = try folder.write(Self.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy)
            try await server.waitUntilReady()
            let enrolment = try await run(
                "subject", "enrol", "--kind", "individual", "--terms", "2020", "--subject", Self.anna, "--time",
                Self.start)
            try #require(enrolment.code == 0, "\(enrolment.messages)")
            try await wait(for: "the enrolment") { try await server.standing(of: Self.anna) }
            #expect(try await server.process.stop().code == 0)

            let texts = (1...3).map { Self.policy.replacing("version: 1", with: "version: \($0)") }
            for version in 2...3 {
                let file = try folder.write(texts[version - 1], to: "\(version).yaml")
                let proposed = try await run(
                    "policy", "propose", file, "--topic", "--output", folder.path("\(version).json"))
                try #require(proposed.code == 0, "\(proposed.messages)")
            }
            let admin = try Admin(KafkaConfiguration(brokers: broker.address))
            let control = TopicPartition(TrialCluster.control, 0)
            let end = try #require(try admin.ends(of: [control])[control])

            let unread = try await run(
                "policy", "activate", folder.path("2.json"), "--time", Self.start, "--wait", "100ms")
            #expect(unread.code == 1 && unread.output.isEmpty)
            #expect(unread.messages.contains("does not have it after 100ms"), "\(unread.messages)")
            let second = try Running(
                ["policy", "activate", folder.path("3.json"), "--time", Self.start, "--wait", "2m"],
                environment: environment)
            try await wait(for: "the second activation: \(second.messagesSoFar)") {
                try admin.ends(of: [control])[control] == end + 2 ? true : nil
            }
            let back = try await Server(broker: broker.address, policy: policy)
            let late = try await second.finished(limit: Limit.run)
            #expect(late.code == 1 && late.output.isEmpty)
            #expect(
                late.messages.contains(
                    "another policy was active at that entry of ledger partition 0: nothing changed"),
                "\(late.messages)")
            #expect(try await run("policy", "show").output == texts[1])
            try await wait(for: "the warning: \(back.process.messagesSoFar.suffix(2000))") {
                back.process.messagesSoFar.contains("an act changes nothing") ? true : nil
            }
            let metrics = await back.get("/metrics")?.body ?? ""
            #expect(metrics.contains("# HELP standing_fold_activations_ignored_total "))

            let heads = texts.map { PolicyHash.of($0).prefix(12) }
            let table = try await run("policy", "log").lines
            #expect(table.count == 4 && table[0].hasSuffix("  note"), "\(table)")
            #expect(table[2].hasPrefix("trial") && table[2].contains(" yes "), "\(table)")
            #expect(
                table[3].hasSuffix("  changed nothing: it replaces \(heads[0]), and \(heads[1]) was active"), "\(table)"
            )
            let log = try await run("policy", "log", "--output", "json").lines
            let ignored =
                "\"ignored\":{\"replaces\":\"\(PolicyHash.of(texts[0]))\",\"active\":\"\(PolicyHash.of(texts[1]))\"}}"
            #expect(log.map { $0.contains("\"ignored\"") } == [false, false, true])
            #expect(log.last?.hasSuffix(ignored) == true, "\(log)")
            #expect(log.map { $0.contains("\"active\":true") } == [false, true, false])
            let shown = try await run("policy", "show", "--output", "json")
            #expect(shown.lines == [log[1]])

            let partitions = try #require(try admin.topic(TrialCluster.ledger)?.partitions)
            let unusable = try await run("policy", "rollback", "--wait", "soon")
            #expect(unusable.code == 2 && unusable.messages.contains("--wait: \"soon\" is not a duration"))
            try await back.waitUntilReady()
            let rollback = try await run("policy", "rollback", "--time", Self.start)
            #expect(
                rollback.code == 0
                    && rollback.lines == [
                        "{\"policy\":\"trial\",\"version\":1,\"outcome\":\"activated\",\"replaced\":{\"policy\":\"trial\","
                            + "\"version\":2,\"sha256\":\"\(PolicyHash.of(texts[1]))\"},\"partitions\":\(partitions)}"
                    ], "\(rollback.lines) \(rollback.messages)")
            #expect(rollback.messages.contains("all \(partitions) ledger partitions have the activation"))
            #expect(try await back.process.stop().code == 0)
        }

        /// Nothing listens on port 1: it would be another message.
        @Test func aPolicyThatDoesNotCompileIsNotActivated() async throws {
            let folder = try TemporaryFolder()
            let brokers = ["--brokers", "127.0.0.1:1"]
            let text = Self.policy.replacing("base: 600", with: "base: many")
            let bad = try folder.write(text, to: "bad.yaml")
            let json = try JSONSerialization.data(
                withJSONObject: ["proposal": 2, "policy": text, "against": "", "breachCount": 0] as [String: Any])
            let proposal = try folder.write(String(decoding: json, as: UTF8.self), to: "bad.json")
            let check = try await standing("policy", "check", bad)
            try #require(check.code == 1 && check.messages.hasPrefix("\(bad):3:"), "\(check.messages)")
            let propose = try await Running(["policy", "propose", bad, "--topic"] + brokers).finished()
            #expect(propose.code == 1 && propose.messages == check.messages)
            let activate = try await Running(["policy", "activate", proposal] + brokers).finished()
            #expect(activate.code == 1)
            #expect(activate.messages == check.messages.replacing(bad, with: "\(proposal): policy"))
        }

        /// All of it is found before anything is sent: nothing listens on port 1.
        @Test func whatIntakeWouldNotTakeIsNotSent() async throws {
            let event = ["event", "send", "--brokers", "127.0.0.1:1", "--subject", "a", "--type", "bill.paid"]
            let sent = event + ["--topic", "behaviour.payments"]
            let enrolment = ["subject", "enrol", "--brokers", "127.0.0.1:1", "--subject", "a", "--terms", "1"]
            let cases: [([String], String)] = [
                (event, "which --topic? behaviour.commerce, "),
                (event + ["--topic", "standing.control"], "behaviour.payments"),
                (sent + ["--type", "standing.subject.enrolled"], "`standing subject enrol` sends it"),
                (sent + ["--subject", ""], "error: subject is empty"),
                (sent + ["--id", "a\nb"], "error: id has a control character"),
                (sent + ["--data", "[1]"], "error: --data: not a JSON object"),
                (sent + ["--data", #"{}, "subject": "b""#], "error: --data: not a JSON object"),
                (sent + ["--data", #"{"a":1,"a":2}"#], "has the same key twice"),
                (sent + ["--time", "yesterday"], "--time: \"yesterday\" is not an RFC 3339 time"),
                (sent + ["--archive", "data"], "--archive goes with --clock events"),
                (sent + ["--time", "2199-01-01T00:00:00Z"], "by more than the allowed skew"),
                (sent + ["--time", "2020-01-01T00:00:00Z", "--clock", "events"], "--clock has no effect"),
                (sent + ["--time", "2020-01-01T00:00:00Z", "--archive", "data"], "--archive has no effect"),
                (sent + ["--allowed-skew", "1m"], "--allowed-skew has no effect"),
                (sent + ["--brokers", "embedded"], "an embedded broker lives in another process"),
                (enrolment + ["--kind", "ghost"], "individual"),
                (enrolment + ["--kind", "individual", "--terms", ""], "nobody is enrolled without terms"),
                (enrolment + ["--kind", "individual", "--attributes", "gold"], "--attributes: not a JSON object"),
            ]
            for (arguments, message) in cases {
                let run = try await Running(arguments).finished()
                #expect(run.code == 2, "\(arguments)")
                #expect(run.messages.contains(message), "\(arguments): \(run.messages)")
                #expect(run.output == "")
            }
        }
    }
}
