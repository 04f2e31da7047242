import Foundation
import Testing

extension CommandTests {
    struct DeadLetterCommandTests {
        private struct Letter: Decodable {
            let letter: String
            let reason: String
            let topic: String
            let bytes: Int
            let sentTo: String?
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
    }
}
