import Events
import Foundation
import Kafka
import Ledger
import Testing

extension CommandTests {
    /// An activation waits for every ledger partition.
    struct ActivationCommandTests {
        /// No member runs: the test appends the activation as intake would, to the first partition alone.
        @Test func thePartitionsThatDoNotHaveTheActivationInTimeAreNamed() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let environment = ["STANDING_BROKERS": broker.address]
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy)
            try await server.waitUntilReady()
            #expect(try await server.process.stop().code == 0)
            try #require(Trial.policy.contains("version: 1"))
            let second = try folder.write(Trial.policy.replacing("version: 1", with: "version: 2"), to: "2.yaml")
            let proposed = try await Running(
                ["policy", "propose", second, "--topic", "--output", folder.path("2.json")], environment: environment
            ).finished(limit: Limit.run)
            try #require(proposed.code == 0, "\(proposed.messages)")

            let cluster = try TrialCluster(broker.address)
            func sent() throws -> [UInt8]? {
                var values: [[UInt8]] = []
                try TopicScan(cluster.configuration, topic: TrialCluster.control).forEach {
                    values.append($1.value.map(Array.init) ?? [])
                }
                return values.last
            }
            try #require(try sent() == nil)
            let activating = try Running(
                ["policy", "activate", folder.path("2.json"), "--time", "2020-01-01T00:00:00Z", "--wait", "20s"],
                environment: environment)
            let value = try await wait(for: "the activation: \(activating.messagesSoFar)") { try sent() }
            try cluster.write(try Self.frame(of: value), toLedger: 0)
            let done = try await activating.finished(limit: Limit.run)
            let partitions = try #require(
                try Admin(cluster.configuration).topic(TrialCluster.ledger)?.partitions)
            let others = (1..<partitions).map(String.init).joined(separator: ", ")
            #expect(done.code == 1 && done.output.isEmpty, "\(done.lines)")
            #expect(
                done.messages.contains("\(partitions - 1) of \(partitions) partitions do not have it: \(others)."),
                "\(done.messages)")
        }

        /// A frame with the event, as of the control topic's first partition.
        private static func frame(of value: [UInt8]) throws -> [UInt8] {
            let decoder = EventDecoder()
            var builder = FrameBuilder()
            try withExtendedLifetime(decoder) {
                try value.withUnsafeBytes { value in
                    var event = EventView.empty
                    try #require(decoder.decode(structured: value, into: &event) == nil)
                    Array(TrialCluster.control.utf8).withUnsafeBytes {
                        builder.append(event, topic: $0, partition: 0, offset: 0)
                    }
                }
            }
            return builder.finish(session: 4711, number: 0) { Array($0) }
        }
    }
}
