import Foundation
import Testing

extension CommandTests {
    /// deploy/examples/towns: three ledgers on one broker, and the centre's follows the towns' facts as sources that it declares.
    struct TownsAndCentreTests {
        private static let example = Package.root.appending(path: "deploy/examples/towns/centre")
        private static let topics = example.appending(path: "topics").path(percentEncoded: false)
        private static let towns = ["north.", "south."]

        /// A folder for the broker alone: the centre's topics, and those of the towns as if they were sources of it.
        private static func allTopics(in folder: TemporaryFolder) throws -> String {
            let files = FileManager.default
            let path = folder.path("all")
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: path + "/schemas",
                withDestinationPath: Package.root.appending(path: "topics/schemas").path(percentEncoded: false))
            var names: Set<String> = []
            for file in try files.contentsOfDirectory(atPath: topics) where file.hasSuffix(".yaml") {
                names.insert(file)
                try files.copyItem(atPath: topics + "/" + file, toPath: path + "/" + file)
            }
            let shipped = Package.root.appending(path: "topics")
            let declared = ["owner:", "sector:", "purpose:", "types:", "sources:", "contact:"]
            for file in try files.contentsOfDirectory(atPath: shipped.path(percentEncoded: false))
            where file.hasSuffix(".yaml") {
                let text = try String(contentsOf: shipped.appending(path: file), encoding: .utf8)
                for prefix in towns where !names.contains(prefix + file) {
                    let lines = text.split(separator: "\n").filter { line in !declared.contains { line.hasPrefix($0) } }
                        .map { line in
                            if line.hasPrefix("name: ") { return "name: " + prefix + line.dropFirst("name: ".count) }
                            return line.hasPrefix("role: ") ? "role: source" : String(line)
                        }
                    try Data((lines.joined(separator: "\n") + "\n").utf8)
                        .write(to: URL(filePath: path + "/" + prefix + file))
                }
            }
            return path
        }

        @Test func aCentreFollowsWhatTwoTownsPublishOfThoseWhoEnrolledThere() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker(["--topics", try Self.allTopics(in: folder)])
            let policy = Self.example.appending(path: "centre.yaml").path(percentEncoded: false)
            func run(_ arguments: [String], _ town: String? = nil) async throws -> Finished {
                let names = town.map { ["--topic-prefix", $0] } ?? ["--topics", Self.topics]
                let done = try await Running(
                    arguments + names, environment: ["STANDING_BROKERS": broker.address]
                ).finished(limit: Limit.run)
                try #require(done.code == 0, "\(arguments): \(done.messages)")
                return done
            }
            func enrol(_ subject: String, _ town: String?) async throws {
                let arguments = ["subject", "enrol", "--subject", subject, "--kind", "individual", "--terms", "t"]
                _ = try await run(arguments + ["--time", "2026-01-01T00:00:00Z"], town)
            }
            let centre = try await Server(broker: broker.address, policy: policy, ["--topics", Self.topics])
            var servers = [centre]
            for town in Self.towns {
                let policy = Package.root.appending(path: "deploy/policies/town/town.yaml").path(percentEncoded: false)
                servers.append(
                    try await Server(broker: broker.address, policy: policy, ["--topic-prefix", town]))
            }
            for server in servers { try await server.waitUntilReady() }
            try await enrol("anna", nil)
            try await wait(for: "the enrolment at the centre") { try await centre.standing(of: "anna") }
            for town in Self.towns { for subject in ["anna", "bert"] { try await enrol(subject, town) } }
            for subject in ["anna", "bert"] {
                let whose = ["--subject", subject, "--time", "2026-01-02T00:00:00Z"]
                let hours = ["--topic", "behaviour.community", "--type", "volunteer.hours", "--data", #"{"hours":10}"#]
                _ = try await run(["event", "send"] + hours + whose, "north.")
                let missed = ["--topic", "behaviour.payments", "--type", "bill.missed", "--data", #"{"days":40}"#]
                _ = try await run(["event", "send"] + missed + whose, "south.")
            }
            // 1010 in one town and 975 in the other: a tenth of the differences from 1000 counts.
            try await wait(for: "the centre: \(centre.process.messagesSoFar.suffix(2000))") {
                try await centre.standing(of: "anna")?.score == 500 + 1 - 2 ? true : nil
            }
            for (server, score) in zip(servers.dropFirst(), [1010, 975]) {
                try await wait(for: "bert's town") {
                    try await server.standing(of: "bert")?.score == score ? true : nil
                }
            }
            #expect(try await centre.standing(of: "bert") == nil)

            try await wait(for: "the centre's member in its topic") {
                try await run(["status"]).output.contains("1 of 1 members ready") ? true : nil
            }
            let listed = try await run(["source", "list"]).lines
            #expect(listed.count == 5 && listed.dropFirst().allSatisfy { $0.contains("The town of ") }, "\(listed)")
            let without = try await run(
                ["source", "withdraw", "north.standing.score-changes", "--what-if", "--topic"])
            #expect(without.output.hasPrefix("Without north.standing.score-changes: "), "\(without.output)")
            #expect(without.output.contains("0 gain (0 points), 1 lose (1 points)"), "\(without.output)")
            #expect(!without.output.contains("anna"))

            let act = ["north.standing.score-changes", "--reason", "none", "--time", "2026-01-03T00:00:00Z"]
            let withdrawn = try await run(["source", "withdraw"] + act + ["--go", "--topic"])
            #expect(withdrawn.output.hasPrefix(without.output) && withdrawn.lines.count == without.lines.count + 1)
            func waitForCentre(_ score: Int) async throws {
                try await wait(for: "\(score) at the centre") {
                    try await centre.standing(of: "anna")?.score == score ? true : nil
                }
            }
            func isListedAsWithdrawn(_ more: [String] = []) async throws -> Bool {
                let lines = try await run(["source", "list"] + more).lines
                let line = try #require(lines.first { $0.hasPrefix("north.standing.score-changes ") })
                return line.hasSuffix("  withdrawn")
            }
            try await waitForCentre(500 - 2)
            try await wait(for: "the list with it") { try await isListedAsWithdrawn() ? true : nil }
            _ = try await run(["source", "restore"] + act)
            try await waitForCentre(500 + 1 - 2)
            // Other partitions may still fold it.
            try await wait(for: "the list without it") { try await isListedAsWithdrawn() ? nil : true }
            _ = try await run(["source", "withdraw"] + act + ["--go", "--topic"])
            try await waitForCentre(500 - 2)
            for server in servers { #expect(try await server.process.stop().code == 0) }
            // No member answers, and the ledger is read only if that is asked for.
            #expect(try await isListedAsWithdrawn(["--topic"]))
            let unasked = try await run(["source", "list", "--output", "json"])
            #expect(unasked.lines.allSatisfy { $0.contains(#""withdrawn":null"#) }, "\(unasked.output)")
        }
    }
}
