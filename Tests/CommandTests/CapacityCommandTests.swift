import Foundation
import Testing

extension CommandTests {
    struct CapacityCommandTests {
        @Test func aNumberOfSubjectsNeedsSoManyMachines() async throws {
            let run = try await standing("capacity", "--subjects", "2M", "--events-per-day", "10M")
            #expect(
                run.code == 0 && run.output.contains("2,000,000  subjects") && run.output.contains("ledger partitions"))
            let json = try await standing(
                "capacity", "--subjects", "1.4G", "--events-per-day", "56G", "--years", "10", "--output", "json")
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            #expect((document["asked"] as? [String: Any])?["subjects"] as? Double == 1.4e9)
            #expect(json.lines.count == 1)
        }

        /// The country of deploy/README.md: a column of the table for each command above it.
        @Test func theCountryOnPaperIsWhatTheCommandsPrint() async throws {
            let page = try String(contentsOf: Package.root.appending(path: "deploy/README.md"), encoding: .utf8)
            let section = try #require(page.components(separatedBy: "\n## Capacity\n").last)
            let lines = section.split(separator: "\n").prefix { !$0.hasPrefix("## ") }
            var printed: [[String: String]] = []
            for line in lines where line.hasPrefix("standing capacity ") {
                let run = try await Running(line.split(separator: " ").dropFirst().map(String.init)).finished()
                #expect(run.code == 0, "\(line): \(run.messages)")
                var column: [String: String] = [:]
                for match in run.output.matches(of: /(?m)^(\S.*?) {2,}(\S.*)$/) {
                    column[String(match.1)] = String(match.2)
                }
                printed.append(column)
            }
            let rows = lines.filter { $0.hasPrefix("| ") && !$0.hasPrefix("| what") && !$0.hasPrefix("| ---") }
            #expect(printed.count == 2 && rows.count > 10)
            for row in rows {
                let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
                let found = printed.map { $0[cells[0]] ?? "nothing" }
                #expect(found == Array(cells.dropFirst()), "\(row)")
            }
        }

        @Test func whatIsNoNumberIsRefused() async throws {
            for arguments in [
                ["--subjects", "many", "--events-per-day", "1"], ["--subjects", "1", "--events-per-day", "-1"],
                ["--subjects", "1", "--events-per-day", "1", "--peak", "0.5"],
                ["--subjects", "1", "--events-per-day", "1", "--memory", "lots"],
                ["--subjects", "1", "--events-per-day", "1", "--cores", "0"],
            ] {
                #expect(try await Running(["capacity"] + arguments).finished().code == 2, "\(arguments)")
            }
            let folder = try TemporaryFolder()
            let config = try folder.write("member-ca: \(folder.path("ca.pem"))\n", to: "standing.yaml")
            let asked = ["capacity", "--subjects", "1", "--events-per-day", "1", "--config", config]
            let unused = try await Running(asked).finished()
            #expect(unused.code == 2 && unused.messages.contains("--config goes with --measure"))
            let distrusting = try await Running(asked + ["--measure", "127.0.0.1:1"]).finished()
            #expect(distrusting.code == 2 && distrusting.messages.contains("ca.pem"), "\(distrusting.messages)")
            let empty = try await standing(
                "capacity", "--subjects", "1", "--events-per-day", "1", "--archive", folder.url.path)
            #expect(empty.code == 1 && empty.messages.contains("no archive"))
        }
    }
}
