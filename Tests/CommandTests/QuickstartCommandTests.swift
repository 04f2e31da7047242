import Foundation
import Testing

/// The line that sums up `quickstart --until-done`.
struct Summary: Decodable, Equatable {
    let eventsRead: Int
    let folded: Int
    let duplicates: Int
    let notEnrolled: Int
    let deadLetters: Int
    let facts: [String: Int]
    let repeatedFacts: Int
}

extension CommandTests {
    struct QuickstartCommandTests {
        @Test func filesThroughTheWholePipelineEndAsInReplay() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let good = Trial.events(400, subjects: 20, seed: 2)
            let first = try folder.write(
                Trial.text(good) + "no event\n" + good[399].text + "\n", to: "first.jsonl")
            let second = try folder.write(Trial.text([Trial.Event(400, "bill.paid", "stranger")]), to: "second.jsonl")
            let replay = try await standing(
                "replay", "--policy", policy, "--events", first, second, "--facts", folder.path("replayed"))
            // Less than a fact an event: at the score's bounds nothing changes.
            let factCount = try folder.read("replayed").split(separator: "\n").count
            let run = try await standing(
                "quickstart", "--policy", policy, "--events", first, second, "--until-done",
                "--standings", folder.path("standings"), "--facts", folder.path("facts"))
            #expect(run.code == 0)
            #expect(!run.messages.contains("inhabitant"))
            expectQuiet(run.messages)
            let line = try #require(run.lines.first)
            #expect(run.lines.count == 1)
            #expect(
                try JSONDecoder().decode(Summary.self, from: Data(line.utf8))
                    == Summary(
                        eventsRead: 403, folded: 402, duplicates: 1, notEnrolled: 1, deadLetters: 1,
                        facts: ["standing.score.changed": factCount], repeatedFacts: 0))
            #expect(line.contains("\"seconds\":"))

            #expect(try folder.read("standings") == replay.output)
            #expect(try changes(folder.read("facts")) == changes(folder.read("replayed")))
        }

        /// A subject's facts without what depends on its ledger partition.
        private func changes(_ facts: String) throws -> [String: [TrialCluster.Facts.Fact.Change]] {
            let facts = try facts.split(separator: "\n").map {
                try JSONDecoder().decode(TrialCluster.Facts.Fact.self, from: Data($0.utf8))
            }
            return Dictionary(grouping: facts, by: \.subject).mapValues { $0.map(\.data) }
        }

        @Test func wrongUseIsExitCode2() async throws {
            for arguments in [
                ["--until-done"], ["--until-done", "--policy", "x"], ["--events", "x"], ["--standings", "x"],
                ["--policy", "x"],
                ["--for", "soon"], ["--inhabitants", "1"], ["--days-per-second", "0"],
            ] {
                let run = try await Running(["quickstart"] + arguments).finished()
                #expect(run.code == 2, "\(arguments)")
                #expect(run.output == "")
                #expect(run.messages.contains("Usage: standing quickstart"))
            }
        }

        @Test func aMissingFileIsNamed() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let absent = folder.path("absent")
            let run = try await standing("quickstart", "--policy", policy, "--events", absent, "--until-done")
            #expect(run.code == 1)
            #expect(run.messages.contains("\(absent): error: "))
            #expect(run.output == "")
        }

        @Test func withoutATerminalTheTownPrintsLinesAndEnds() async throws {
            let run = try await standing("quickstart", "--for", "3s", "--inhabitants", "50")
            #expect(run.code == 0)
            #expect(run.lines.contains { $0.hasPrefix("the town: ") })
            #expect(run.lines.count > 1)
            #expect(!run.output.contains("\u{1B}"))
            expectQuiet(run.messages)
        }

        @Test func anInterruptedTownEndsQuietly() async throws {
            let process = try Running(["quickstart", "--for", "60s", "--inhabitants", "50"])
            _ = try await process.message(after: "console at ")
            let run = try await process.stop()
            #expect(run.code == 0)
            expectQuiet(run.messages)
        }

        /// The broker ends with the process, which is no news to a person who watches the town.
        private func expectQuiet(_ messages: String) {
            for trouble in ["brokers are down", "ALL_BROKERS_DOWN", "Connection refused", "Disconnected"] {
                #expect(!messages.contains(trouble), "\(messages)")
            }
        }
    }
}
