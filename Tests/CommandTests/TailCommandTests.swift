import Foundation
import Testing

extension CommandTests {
    struct TailCommandTests {
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        @Test func factsAreShownFilteredAndAsTheyCome() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let events = Trial.events(400, subjects: 20, seed: 3)
            let server = try await Server(broker: broker.address, policy: policy)
            try cluster.feed(events)
            try await server.waitUntilReady()
            try await wait(for: "both groups' commits") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control)
                    && cluster.hasCommitted("standing-fold", TrialCluster.ledger) ? true : nil
            }
            let expected = try await cluster.facts()
            let tail = ["tail", "--brokers", broker.address]

            let all = try await Running(tail + ["--from", "beginning", "--no-follow", "--output", "json"]).finished()
            #expect(all.code == 0 && all.lines.count == expected.accepted, "\(all.messages)")
            #expect(all.lines.allSatisfy { $0.hasPrefix("{") && $0.contains("\"specversion\":\"1.0\"") })
            #expect(!all.messages.contains("GAP"))

            let subject = try #require(expected.changes.keys.sorted().first)
            let own = try await Running(
                tail + ["--from", "beginning", "--no-follow", "--subject", subject, "--type", "standing.score.*"]
            ).finished()
            #expect(own.lines.count == expected.changes[subject]?.count)
            #expect(own.lines.allSatisfy { $0.contains("  \(subject)  score ") })
            // From a time that is over, on a broker that finds no offsets by time.
            let late = try await Running(tail + ["--from", "2200-01-01T00:00:00Z", "--no-follow"]).finished()
            #expect(late.code == 0 && late.output.isEmpty)
            let three = try await Running(tail + ["--from", "0", "--count", "3"]).finished()
            #expect(three.code == 0 && three.lines.count == 3)

            // A misspelt type would match nothing for ever.
            for (argument, value, hint) in [
                ("--type", "standing.sanction.imposed", "standing.sanction.in-force"),
                ("--partition", "99", "the partitions 0 to "),
            ] {
                let run = try await Running(tail + [argument, value, "--no-follow"]).finished()
                #expect(run.code == 2 && run.messages.contains(hint), "\(run.messages)")
            }

            // What comes later is shown until it is interrupted.
            let live = try Running(tail + ["--from", "end", "--type", "standing.score.changed"])
            var enrolled = 0
            try await wait(for: "the fact of an enrolment", every: .milliseconds(200)) {
                enrolled += 1
                let run = try await standing(
                    "subject", "enrol", "--subject", "late-\(enrolled)", "--kind", "individual", "--terms", "1",
                    "--clock",
                    "events",
                    "--brokers", broker.address)
                #expect(run.code == 0, "\(run.messages)")
                return live.outputSoFar.contains("  score nothing -> 600 (B)") ? true : nil
            }
            live.signal(SIGINT)
            #expect(try await live.finished().code == 0)

            // More than a pipe takes, and nobody takes it: a signal ends it all the same.
            let binary = try Package.binary().path
            let pipe = folder.path("pipe")
            let stuck = try await shell(
                "mkfifo '\(pipe)'; exec 3<>'\(pipe)'; timeout --preserve-status -s INT -k 40 15 '\(binary)' "
                    + "\(tail.joined(separator: " ")) --from beginning --output json >'\(pipe)'; echo $? >&2")
            #expect(stuck.messages.split(separator: "\n").last == "0", "\(stuck.messages)")
            let closed = try await shell(
                "'\(binary)' \(tail.joined(separator: " ")) --from beginning --no-follow >&-; echo $? >&2")
            #expect(closed.messages.split(separator: "\n").last == "1", "\(closed.messages)")
            #expect(closed.messages.contains("standard output cannot be written"))
            #expect(try await server.process.stop().code == 0)

            // Numbers before this one have never come.
            let forged = try #require(all.lines.last).replacing(
                #/"sequence":"[0-9]+"/#, with: "\"sequence\":\"123456\"")
            try cluster.feed([Trial.Event(subject: subject, text: forged)], to: "standing.score-changes")
            let gap = try await Running(tail + ["--from", "beginning", "--no-follow"]).finished()
            #expect(gap.code == 1 && gap.messages.contains("GAP") && !gap.output.contains("123456"))

            // It waits for brokers that are away, and says so.
            let waiting = try Running(tail + ["--from", "beginning"])
            try await wait(for: "the first facts") { waiting.outputSoFar.isEmpty ? nil : true }
            try await broker.process.killed()
            try await wait(for: "the brokers' absence") {
                waiting.messagesSoFar.contains("waits for them") ? true : nil
            }
            waiting.signal(SIGINT)
            #expect(try await waiting.finished().code == 0)
        }

        private func shell(_ script: String) async throws -> Finished {
            try await Running(["-c", script], executable: URL(filePath: "/bin/bash")).finished()
        }

        @Test func itEndsWhenNobodyReads() async throws {
            let broker = try await Broker()
            let binary = try Package.binary().path
            // No fact comes, and yet it ends once its reader has gone.
            let run = try await shell("{ '\(binary)' tail --brokers \(broker.address); echo $? >&2; } | true")
            #expect(run.messages.split(separator: "\n").last == "0", "\(run.messages)")
        }

        @Test func whatCannotBeIsRefused() async throws {
            for arguments in [["--from", "yesterday"], ["--count", "0"], ["--perk", "p", "--band", "A"]] {
                #expect(try await Running(["tail", "--brokers", "127.0.0.1:1"] + arguments).finished().code == 2)
            }
        }
    }
}
