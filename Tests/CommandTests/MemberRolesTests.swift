import Foundation
import Testing

extension CommandTests {
    /// Members of which one reads the sources and another one folds.
    struct MemberRolesTests {
        private struct Overview: Decodable {
            struct Member: Decodable {
                let member: String
                let partitions: [Int]
            }
            struct Partitions: Decodable {
                let owned: Int
                let sources: Int
            }
            struct Activity: Decodable { let events: Int }
            struct DeadLetters: Decodable { let records: Int }
            let members: [Member]
            let partitions: Partitions
            let lastHour: Activity?
            let deadLetters: [DeadLetters]
        }

        @Test func whatAnotherMemberReadsIsInTheOverviewOfTheOneThatFolds() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let intake = try await Server(
                broker: broker.address, policy: policy, ["--roles", "intake", "--member", "reader"])
            let fold = try await Server(
                broker: broker.address, policy: policy, ["--roles", "fold", "--member", "folder"])
            for server in [intake, fold] { try await server.waitUntilReady() }
            try cluster.feed(Trial.events(200, subjects: 10, seed: 5))
            func look() async throws -> Overview? {
                guard let answer = await fold.get("/overview"), answer.status == 200 else { return nil }
                return try JSONDecoder().decode(Overview.self, from: Data(answer.body.utf8))
            }
            let overview = try await wait(for: "the reader's figures") { () -> Overview? in
                // A reader that lost a partition before its commit counts what it reads anew.
                guard let overview = try await look(), overview.lastHour?.events ?? 0 >= 200,
                    overview.partitions.owned == cluster.partitions, overview.partitions.sources > 0
                else { return nil }
                return overview
            }
            #expect(overview.members.map(\.member) == ["folder", "reader"])
            #expect(overview.members.map(\.partitions.count) == [cluster.partitions, 0])
            #expect(overview.deadLetters.isEmpty)
            // Who leaves is in no figure any more.
            #expect(try await intake.process.stop().code == 0)
            try await wait(for: "the reader's leave") { try await look()?.members.count == 1 ? true : nil }
            #expect(try await fold.process.stop().code == 0)
        }
    }
}
