import Events
import Foundation
import Ledger
import Testing

extension CommandTests {
    /// What `source withdraw` and `source restore` refuse before they send anything.
    struct SourceActCommandTests {
        /// The first frame of a ledger that was begun under the first fold version.
        private static func beginning() throws -> [UInt8] {
            let texts = [Array("entry".utf8), Array("/standing".utf8), Array("standing.policy.activated".utf8)]
            let data = Array(try JSONSerialization.data(withJSONObject: ["policy": Trial.policy]))
            var builder = FrameBuilder()
            texts[0].withUnsafeBytes { id in
                texts[1].withUnsafeBytes { source in
                    texts[2].withUnsafeBytes { type in
                        data.withUnsafeBytes { data in
                            var event = EventView.empty
                            (event.id, event.source, event.type, event.data) = (id, source, type, data)
                            event.time = .distantPast
                            builder.append(system: event)
                        }
                    }
                }
            }
            return builder.finish(session: 7, number: 0) { Array($0) }
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
    }
}
