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
            let empty = try await standing(
                "capacity", "--subjects", "1", "--events-per-day", "1", "--archive", folder.url.path)
            #expect(empty.code == 1 && empty.messages.contains("no archive"))
        }
    }
}
