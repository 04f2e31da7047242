import Foundation
import Testing

extension CommandTests {
    struct LagCommandTests {
        private struct Report: Decodable {
            struct Group: Decodable {
                let group: String
                let status: String
                let records: Int?
                let unit: String
                let events: Int?
                let seconds: Double?
            }
            let groups: [Group]
        }

        private func lag(_ broker: Broker, _ arguments: String...) async throws -> Finished {
            try await Running(["lag", "--brokers", broker.address, "--interval", "200ms"] + arguments)
                .finished(limit: Limit.run)
        }

        @Test func aFoldThatStandsStillIsBehind() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let events = Trial.events(1000, subjects: 50, seed: 1)

            let both = try await Server(broker: broker.address, policy: policy, ["--roles", "intake,fold"])
            try cluster.feed(Array(events.prefix(500)))
            try await both.waitUntilReady()
            try await wait(for: "both groups' commits") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control)
                    && cluster.hasCommitted("standing-fold", TrialCluster.ledger) ? true : nil
            }
            let current = try await lag(broker, "--output", "json", "--max-seconds", "0")
            #expect(current.code == 0)
            #expect(current.messages.contains("note: the broker does not list groups"))
            let names = try report(current).groups.map(\.group)
            #expect(names == ["standing-blacklist", "standing-fold", "standing-intake", "standing-perks"])
            #expect(try group("standing-fold", current).records == 0)
            #expect(try group("standing-fold", current).events == 0)
            #expect(try await both.process.stop().code == 0)

            let intake = try await Server(broker: broker.address, policy: policy, ["--roles", "intake"])
            try cluster.feed(Array(events.suffix(500)))
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            let behind = try await lag(broker, "--output", "json")
            #expect(behind.code == 0)
            let fold = try group("standing-fold", behind)
            #expect(try #require(fold.records) > 0)
            #expect(fold.seconds != nil)
            // The ledger's records are frames; what was fed since the fold ended is in them.
            #expect(fold.unit == "frames")
            #expect(try #require(fold.events) >= 500)
            #expect(try group("standing-intake", behind).records == 0)
            #expect(try group("standing-intake", behind).unit == "records")
            #expect(try group("standing-intake", behind).events == nil)

            let limited = try await lag(broker, "--max-seconds", "0")
            #expect(limited.code == 4)
            #expect(limited.lines.first?.hasPrefix("GROUP") == true)
            #expect(limited.output.contains("standing.ledger"))
            #expect(limited.messages.contains("group standing-fold: standing.ledger["))
            #expect(limited.messages.contains(" behind, the limit is 0 s"))
            let other = try await lag(broker, "--group", "standing-intake", "--max-seconds", "0")
            #expect(other.code == 0)
            #expect(!other.output.contains("standing-fold"))
            #expect(try await intake.process.stop().code == 0)
        }

        /// Nothing shows that a group of which nothing is known is within the limit.
        @Test func aGroupThatIsNotThereIsNotWithinTheLimit() async throws {
            let broker = try await Broker()
            let limited = try await lag(broker, "--group", "nosuch", "--max-seconds", "1")
            #expect(limited.code == 4)
            #expect(limited.messages.contains("group nosuch: "))
            #expect(limited.messages.contains("nothing shows that it is within 1 s"))
            let shown = try await lag(broker, "--group", "nosuch")
            #expect(shown.code == 0)
            let others = try await lag(broker, "--max-seconds", "1")
            #expect(others.code == 0, "nobody asked for it by name")
        }

        /// What a member would have said is missing, and the rest is there.
        @Test func aMemberThatDoesNotAnswerIsANote() async throws {
            let broker = try await Broker()
            let run = try await lag(
                broker, "--output", "json", "--committed", "pay-*", "--ask", "127.0.0.1:1")
            #expect(run.code == 0)
            #expect(run.messages.contains("note: member 127.0.0.1:1: it does not answer"))
            #expect(try report(run).groups.contains { $0.group == "standing-fold" })
        }

        @Test func worksInAnyFolder() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let run = try await Running(
                [
                    "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder.url.path, try Package.binary().path, "lag",
                    "--brokers", broker.address, "--interval", "200ms",
                ], executable: URL(filePath: "/bin/sh")
            ).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages)")
            #expect(run.lines.first?.hasPrefix("GROUP") == true)
            #expect(run.output.contains("standing-fold"))
            #expect(!run.messages.contains("topics"))
        }

        @Test func aTopicsFolderThatSomebodyNamedIsRead() async throws {
            let absent = try await standing("lag", "--brokers", "127.0.0.1:1", "--topics", "/no/such/folder")
            #expect(absent.code == 1)
            #expect(absent.messages.contains("/no/such/folder"))
        }

        @Test func wrongUseIsExitCode2AndAnAbsentBrokerIs1() async throws {
            for arguments in [
                ["lag"], ["lag", "--brokers", "embedded"], ["lag", "--brokers", "a:1", "--interval", "soon"],
                ["lag", "--brokers", "a:1", "--output", "xml"], ["lag", "--brokers", "a:1", "--max-seconds", "nan"],
                ["lag", "--brokers", "a:1", "--max-seconds", "1", "--watch"],
            ] {
                #expect(try await Running(arguments).finished().code == 2, "\(arguments)")
            }
            let absent = try await standing("lag", "--brokers", "127.0.0.1:1")
            #expect(absent.code == 1)
            #expect(absent.messages.contains("error: 127.0.0.1:1"))
        }

        private func report(_ run: Finished) throws -> Report {
            try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        }

        private func group(_ name: String, _ run: Finished) throws -> Report.Group {
            try #require(try report(run).groups.first { $0.group == name })
        }
    }
}
