import Foundation
import Testing

extension CommandTests {
    struct StatusCommandTests {
        private struct Report: Decodable {
            struct Member: Decodable {
                struct Partition: Decodable {
                    let partition: Int
                    let phase: String
                }
                let member: String
                let address: String
                let ready: Bool?
                let partitions: [Partition]
                let intakePartitions: Int?
                let factsPublished: Int?
            }
            struct Group: Decodable {
                let group: String
                let records: Int?
            }
            struct Attention: Decodable { let code: String }
            let ledgerPartitions: Int?
            let unowned: [Int]?
            let members: [Member]
            let groups: [Group]
            let attention: [Attention]
        }

        private func status(_ broker: Broker, _ arguments: String...) async throws -> Report {
            let run = try await Running(
                ["status", "--brokers", broker.address, "--output", "json"] + arguments
            ).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages)")
            return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        }

        @Test func aMemberIsOnTheScreenAndWhatNobodyOwnsWantsAttention() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)

            let empty = try await status(broker)
            #expect(empty.members.isEmpty && empty.unowned?.count == cluster.partitions)
            #expect(empty.attention.first?.code == "unowned")

            let server = try await Server(broker: broker.address, policy: policy, ["--member", "one"])
            try cluster.feed(Trial.events(200, subjects: 10, seed: 4))
            try await server.waitUntilReady()
            let report = try await wait(for: "a member that owns all, is current and has published") { () -> Report? in
                let report = try await status(broker)
                guard let member = report.members.first, member.ready == true, member.factsPublished ?? 0 > 0,
                    member.intakePartitions ?? 0 > 0
                else { return nil }
                let phases = member.partitions.map(\.phase)
                return phases.count == cluster.partitions && phases.allSatisfy { $0 == "current" } ? report : nil
            }
            let member = try #require(report.members.first)
            #expect(member.member == "one" && report.unowned == [])
            let groups = ["standing-blacklist", "standing-fold", "standing-intake", "standing-perks"]
            #expect(report.groups.map(\.group) == groups)

            let screen = try await standing("status", "--brokers", broker.address, "--partitions")
            #expect(screen.output.contains("1 of 1 members ready") && screen.output.contains("\nPARTITION  OWNER"))
            // One that is asked for and does not answer is shown.
            let asked = try await status(broker, "--ask", member.address, "127.0.0.1:1")
            #expect(asked.members.map(\.ready) == [true, nil])
            #expect(try await server.process.stop().code == 0)
        }

        /// Everybody who may write the members topic could otherwise send the operator's questions anywhere.
        @Test func onlyAnnouncementsWithTheSealOfTheMembersSecretCount() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let secret = try folder.write("4b1dJ0pQzv7RkT2mXw9sYc6hLf3gNe8uAo5iVb", to: "secret")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
            let config = try folder.write("member-secret: \(secret)\n", to: "status.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(
                broker: broker.address, policy: policy, ["--member", "one", "--member-secret", secret])
            try await server.waitUntilReady()
            try cluster.announce(#"{"member":"forged","address":"127.0.0.1:1","partitions":[]}"#, as: "127.0.0.1:1")
            let sealed = try await wait(for: "the announcement of the member") { () -> Report? in
                let report = try await status(broker, "--config", config)
                return report.members.isEmpty ? nil : report
            }
            #expect(sealed.members.map(\.member) == ["one"])
            let open = try await status(broker)
            #expect(open.members.map(\.member) == ["forged", "one"], "without the secret it is believed")

            // The file is of the members' user. Who cannot use it knows no member, and asks those that it names.
            let absent = try folder.write("member-secret: \(folder.path("absent"))\n", to: "absent.yaml")
            let blind = try await standing(
                "status", "--brokers", broker.address, "--config", absent, "--ask",
                try #require(sealed.members.first).address)
            #expect(blind.code == 0 && blind.output.contains("1 of 1 members ready"), "\(blind.output)")
            #expect(blind.output.contains("note: which members run is not known"), "\(blind.output)")
            #expect(try await server.process.stop().code == 0)
        }

        @Test func aClusterThatIsAwayFails() async throws {
            let run = try await standing("status", "--brokers", "127.0.0.1:1")
            #expect(run.code == 1 && run.output.isEmpty && run.messages.contains("error: 127.0.0.1:1"))
            #expect(try await standing("status", "--brokers", "127.0.0.1:1", "--interval", "x").code == 2)
            // Members are asked all the same if somebody says where they are.
            let asked = try await standing("status", "--brokers", "127.0.0.1:1", "--ask", "127.0.0.1:1")
            #expect(asked.code == 0 && asked.output.contains("no answer"))
            // The cluster is asked once, within its limit.
            #expect(asked.output.contains("note: the cluster does not answer within 4 s, so how far the groups are"))
            #expect(asked.output.split(separator: "\n").count { $0.hasPrefix("note: ") } == 1, "\(asked.output)")
        }
    }
}
