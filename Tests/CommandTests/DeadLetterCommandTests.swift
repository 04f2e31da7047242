import Foundation
import Kafka
import Testing

extension CommandTests {
    struct DeadLetterCommandTests {
        private struct Letter: Decodable {
            let letter: String
            let reason: String
            let topic: String
            let bytes: Int
            let sentTo: String?
            let discarded: String?
            let value: String?
            let key: String?
        }

        @Test func listedShownRepairedAndSentOnce() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(broker: broker.address, policy: policy)
            let events = Trial.events(40, subjects: 1, seed: 3)
            let subject = try #require(events.first).subject
            let bad = Trial.Event(subject: subject, text: #"{"specversion":"1.0","id":"typo","#)
            try cluster.feed(events + [bad])

            func run(_ arguments: String...) async throws -> Finished {
                try await Running(["dead-letter"] + arguments + ["--brokers", broker.address])
                    .finished(limit: Limit.run)
            }
            func letters(_ arguments: String...) async throws -> [Letter] {
                let run = try await Running(
                    ["dead-letter", "list", "--output", "json", "--brokers", broker.address] + arguments
                ).finished(limit: Limit.run)
                #expect(run.code == 0, "\(run.messages)")
                return try run.lines.map { try JSONDecoder().decode(Letter.self, from: Data($0.utf8)) }
            }
            let found: [Letter] = try await wait(for: "the letter") {
                let letters = try await letters()
                return letters.isEmpty ? nil : letters
            }
            let letter = try #require(found.first)
            #expect(found.count == 1 && letter.reason == "event/not-json" && letter.topic == TrialCluster.control)
            #expect(letter.bytes == bad.text.utf8.count)
            #expect(try await letters("--reason", "time/missing").isEmpty)

            let shown = try await run("show", letter.letter)
            let whole = try JSONDecoder().decode(Letter.self, from: Data(shown.output.utf8))
            #expect(whole.value == bad.text && whole.key == subject)
            #expect(try await run("show", "--raw", letter.letter).output == bad.text)
            #expect(try await run("show", "0:999999").code == 1)

            #expect(try await run("redrive").code == 2)
            // It came from the control topic, as far as its headers can be believed.
            for choice in ["--every-letter", letter.letter] {
                let refused = try await run("redrive", choice)
                #expect(refused.code == 1)
                #expect(refused.output.contains(#"{"sent":0,"#) && refused.output.contains(#""withheld":1"#))
                #expect(refused.messages.contains(letter.letter) && refused.messages.contains("--allow-control"))
            }
            #expect(try await letters().count == 1)
            let dry = try await run("redrive", "--every-letter", "--allow-control", "--dry-run")
            #expect(dry.code == 0 && dry.output.contains(#"{"sent":1,"#))
            let mended = try folder.write(try #require(events.first).text, to: "mended.json")
            let sent = try await run("redrive", letter.letter, "--allow-control", "--value", mended)
            #expect(sent.code == 0 && sent.output.contains(#"{"sent":1,"#))
            let again = try await run("redrive", letter.letter)
            #expect(again.output.contains(#"{"sent":0,"#) && again.output.contains(#""alreadySent":1"#))
            #expect(try await letters().isEmpty)
            #expect(try await letters("--all").first?.sentTo?.hasPrefix(TrialCluster.control + "/") == true)
            // It is an event now, and one that is known.
            try await wait(for: "the repeat") {
                let metrics = await server.get("/metrics")?.body ?? ""
                return metrics.contains("standing_fold_duplicates_total 1\n")
                    || metrics.contains("standing_fold_enrolments_total 2\n") ? true : nil
            }
            #expect(try await server.process.stop().code == 0)
        }

        /// Puts letters into partition 0 of the dead-letter topic, from offset 0 on: which topic each says that it came from, and
        /// the size of its value, where that was dropped.
        private func putAside(_ letters: [(from: String, dropped: String?)], in broker: Broker) throws {
            let producer = try Producer(KafkaConfiguration(brokers: broker.address))
            let topic = try producer.topic("behaviour.dead-letter")
            for letter in letters {
                var report = [
                    ("topic", letter.from), ("partition", "0"), ("offset", "7"),
                    ("exception.class.name", "event/not-json"),
                ]
                if let dropped = letter.dropped { report.append(("value.dropped.bytes", dropped)) }
                let headers = HeaderSet(report.map { ("__connect.errors." + $0.0, Array($0.1.utf8)) })
                let isQueued = try Array("{".utf8).withUnsafeBytes {
                    try producer.produce(topic: topic, partition: 0, key: nil, value: $0, headers: headers)
                }
                try #require(isQueued)
            }
            var failures = 0
            let isFlushed = producer.flush(timeoutMilliseconds: 60_000) { if $0.code != 0 { failures += 1 } }
            try #require(isFlushed && failures == 0)
        }

        private func run(_ arguments: String..., on broker: Broker) async throws -> Finished {
            try await Running(["dead-letter"] + arguments + ["--brokers", broker.address]).finished(limit: Limit.run)
        }

        @Test func aRedriveThatLeavesLettersBehindFails() async throws {
            let broker = try await Broker()
            try putAside([("behaviour.payments", "9000000"), ("gone", nil)], in: broker)
            for arguments in [["--dry-run"], []] {
                let run = try await Running(
                    ["dead-letter", "redrive", "--every-letter", "--brokers", broker.address] + arguments
                ).finished(limit: Limit.run)
                #expect(run.code == 1)
                #expect(
                    run.output
                        == #"{"sent":0,"bySource":{},"alreadySent":0,"discarded":0,"withheld":0,"withoutBytes":1,"#
                        + #""withoutTopic":1,"withoutKey":0}"# + "\n")
                #expect(run.messages.contains("error: 2 letters stay: 1 without bytes "), "\(run.messages)")
                #expect(run.messages.contains(", 1 naming no source topic that is there "), "\(run.messages)")
            }
            // They can be discarded; then none stays.
            #expect(try await run("discard", "--every-letter", "--reason", "too large", on: broker).code == 0)
            let run = try await run("redrive", "--every-letter", on: broker)
            #expect(run.code == 0 && run.output.contains(#""discarded":2,"#), "\(run.messages)")
        }

        @Test func aDiscardedLetterIsHiddenButNotGone() async throws {
            let broker = try await Broker()
            try putAside([("behaviour.payments", nil), ("behaviour.payments", nil)], in: broker)
            let discard = ["discard", "0:0", "--reason", "the sender tried it out"]
            let dry = try await Running(["dead-letter"] + discard + ["--dry-run", "--brokers", broker.address])
                .finished(limit: Limit.run)
            #expect(dry.output == #"{"discarded":1,"alreadyDiscarded":0,"alreadySent":0}"# + "\n")
            #expect(try await run("list", "--output", "json", on: broker).lines.count == 2)

            let done = try await Running(["dead-letter"] + discard + ["--brokers", broker.address])
                .finished(limit: Limit.run)
            #expect(done.code == 0 && done.output == dry.output, "\(done.messages)")
            func letters(_ arguments: String...) async throws -> [Letter] {
                let list = try await Running(
                    ["dead-letter", "list", "--output", "json", "--brokers", broker.address] + arguments
                ).finished(limit: Limit.run)
                return try list.lines.map { try JSONDecoder().decode(Letter.self, from: Data($0.utf8)) }
            }
            #expect(try await letters().map(\.letter) == ["0:1"])
            let all = try await letters("--all")
            #expect(all.map(\.letter) == ["0:0", "0:1"])
            #expect(all.map(\.discarded) == ["the sender tried it out", nil])
            #expect(try await letters("--defect", "event/not-json").map(\.letter) == ["0:1"])
            #expect(
                try await run("list", "--all", on: broker).output.contains("  discarded: the sender tried it out\n"))
            #expect(try await run("show", "--raw", "0:0", on: broker).output == "{")

            let again = try await run("discard", "--defect", "event/not-json", "--reason", "both", on: broker)
            #expect(again.output == #"{"discarded":1,"alreadyDiscarded":1,"alreadySent":0}"# + "\n")
            #expect(try await letters("--all").map(\.discarded) == ["the sender tried it out", "both"])
            #expect(try await run("discard", "0:9", "--reason", "not there", on: broker).code == 1)
        }

        @Test func aDiscardSaysWhichLettersAndWhy() async throws {
            let cases: [([String], String)] = [
                (["--reason", "why"], "Which letters? "), (["0:1"], "--reason"), (["0:1", "--reason", ""], "in words"),
                (["0:1", "--reason", "event/not-json"], "--defect event/not-json chooses"),
                (["0:1", "--every-letter", "--reason", "why"], "--every-letter goes with no other choice"),
                (["0:1", "--reason", String(repeating: "x", count: 1025)], "at most 1024 bytes"),
            ]
            for (arguments, message) in cases {
                let run = try await Running(["dead-letter", "discard", "--brokers", "127.0.0.1:1"] + arguments)
                    .finished()
                #expect(run.code == 2 && run.messages.contains(message), "\(arguments): \(run.messages)")
            }
        }
    }
}
