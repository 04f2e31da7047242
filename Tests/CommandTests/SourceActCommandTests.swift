import Events
import Foundation
import Ledger
import Testing

extension CommandTests {
    /// What `source withdraw` and `source restore` refuse before they send anything.
    struct SourceActCommandTests {
        /// The first frame of a ledger that was begun under this fold version.
        private static func beginning(version: Int = 1) throws -> [UInt8] {
            var data: [String: Any] = ["policy": Trial.policy]
            if version > 1 { data.merge(["ledger": "city", "fold-version": version]) { $1 } }
            let json = Array(try JSONSerialization.data(withJSONObject: data))
            var builder = FrameBuilder()
            lend(["entry", "/standing", "standing.policy.activated"], json, at: .distantPast) {
                builder.append(system: $0)
            }
            return builder.finish(session: 7, number: 0) { Array($0) }
        }

        /// A frame with an act about the source.
        private static func act(_ type: String, _ topic: String) -> [UInt8] {
            var builder = FrameBuilder()
            let data = Array(#"{"topic":"\#(topic)","reason":"the contract ended"}"#.utf8)
            lend(["act-1", "/standing", type], data, at: Timestamp(microseconds: 1_700_000_000_000_000)) { event in
                Array(TrialCluster.control.utf8).withUnsafeBytes {
                    builder.append(event, topic: $0, partition: 0, offset: 0)
                }
            }
            return builder.finish(session: 8, number: 0) { Array($0) }
        }

        /// `texts`: id, source and type.
        private static func lend(
            _ texts: [String], _ data: [UInt8], at time: Timestamp, _ body: (EventView) -> Void
        ) {
            let texts = texts.map { Array($0.utf8) }
            texts[0].withUnsafeBytes { id in
                texts[1].withUnsafeBytes { source in
                    texts[2].withUnsafeBytes { type in
                        data.withUnsafeBytes { data in
                            var event = EventView.empty
                            (event.id, event.source, event.type, event.data) = (id, source, type, data)
                            event.time = time
                            body(event)
                        }
                    }
                }
            }
        }

        @Test func aLedgerOfAnOlderFoldVersionHasNoSuchActs() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            for partition in 0..<Int32(cluster.partitions) {
                try cluster.write(try Self.beginning(), toLedger: partition)
            }
            let act = ["behaviour.commerce", "--reason", "the contract ended", "--brokers", broker.address]
            for command in [["source", "withdraw"] + act + ["--go", "--topic"], ["source", "restore"] + act] {
                let run = try await Running(command).finished(limit: Limit.run)
                #expect(run.code == 1 && run.output.isEmpty, "\(command)")
                let reason = "in which no source is withdrawn: `standing ledger upgrade` moves it"
                #expect(run.messages.contains(reason), "\(run.messages)")
            }
            // Nothing is sent, and the list says the same from the ledger.
            #expect(try cluster.hasCommitted("nobody", TrialCluster.control))
            let listed = try await standing("source", "list", "--topic", "--brokers", broker.address)
            #expect(listed.code == 0 && !listed.output.contains("withdrawn"), "\(listed.output)")
        }

        /// A member's start may have been interrupted. The ledger is in use, so it is not to be begun with a policy.
        @Test func aPartitionWithoutAPolicyIsNamed() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let last = Int32(cluster.partitions - 1)
            let act = ["behaviour.commerce", "--reason", "the contract ended", "--brokers", broker.address]
            let empty = try await Running(["source", "restore"] + act).finished(limit: Limit.run)
            #expect(empty.code == 1 && empty.messages.contains("the ledger is empty"), "\(empty.messages)")
            for partition in 0..<last { try cluster.write(try Self.beginning(version: 8), toLedger: partition) }
            for command in [["source", "withdraw"] + act + ["--go", "--topic"], ["source", "restore"] + act] {
                let run = try await Running(command).finished(limit: Limit.run)
                #expect(run.code == 1 && run.messages.contains("partition \(last) has no policy"), "\(run.messages)")
                #expect(!run.messages.contains("--policy"), "\(run.messages)")
            }
            #expect(try cluster.hasCommitted("nobody", TrialCluster.control))
        }

        /// An interrupted upgrade can leave an act in some partitions only. Every partition is read for it.
        @Test func anActThatOnlySomePartitionsHaveIsNamedAndCanBeRepeated() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            for partition in 0..<Int32(cluster.partitions) {
                try cluster.write(try Self.beginning(version: 8), toLedger: partition)
            }
            let last = Int32(cluster.partitions - 1)
            try cluster.write(Self.act("standing.source.withdrawn", "behaviour.commerce"), toLedger: last)
            let listed = try await standing("source", "list", "--topic", "--brokers", broker.address)
            #expect(listed.code == 0)
            let difference = "behaviour.commerce is withdrawn in 1 of \(cluster.partitions) ledger partitions"
            #expect(listed.messages.contains("\(difference) (\(last))"), "\(listed.messages)")
            #expect(listed.output.contains("withdrawn in 1 of \(cluster.partitions) ledger partitions"))
            let json = try await standing("source", "list", "--topic", "--brokers", broker.address, "--output", "json")
            let counts = #""withdrawn":true,"withdrawnPartitions":1,"knownPartitions":\#(cluster.partitions),"#
            #expect(json.output.contains(counts), "\(json.output)")

            let act = ["behaviour.commerce", "--reason", "the contract ended", "--brokers", broker.address]
            let again = try await Running(["source", "withdraw"] + act + ["--go", "--topic"]).finished(limit: Limit.run)
            #expect(again.code == 1 && again.messages.contains("the ledger has no entry of behaviour.commerce"))
            let restored = try await Running(["source", "restore"] + act + ["--clock", "events"])
                .finished(limit: Limit.run)
            #expect(restored.code == 0, "\(restored.messages)")
            #expect(try !cluster.hasCommitted("nobody", TrialCluster.control))
        }
    }
}
