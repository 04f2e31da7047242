import Kafka
import Logging
import Testing

@testable import Pipeline

@Suite struct FactRecoveryTests {
    /// A cluster that answers nothing; time passes while it is waited for.
    private struct SilentCluster: KafkaCluster {
        let runtime: StillRuntime
        var onPoll: @Sendable () -> Void = {}
        var brokers: String { "silent" }

        func consumer(
            _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
        ) throws(KafkaError) -> any ConsumerClient {
            SilentConsumer(runtime, onPoll)
        }
        func producer(
            _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
        ) throws(KafkaError) -> any ProducerClient {
            throw KafkaError(code: -195, name: "_TRANSPORT", message: "no connection")
        }
        func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata { Metadata(brokers: 0, topics: []) }
        func beginnings(of: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] { [:] }
        func ends(of: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] { [:] }
    }

    private final class SilentConsumer: ConsumerClient {
        private let runtime: StillRuntime
        private let onPoll: @Sendable () -> Void
        private(set) var assignment: [Consumer.Assigned] = []
        var fatalError: KafkaError? { nil }

        init(_ runtime: StillRuntime, _ onPoll: @escaping @Sendable () -> Void) {
            (self.runtime, self.onPoll) = (runtime, onPoll)
        }

        func subscribe(to topics: [String]) {}
        func assign(_ offsets: [PartitionOffset]) { assignment = offsets.map { Consumer.Assigned($0) } }
        func knownEnd(_ source: Int) -> Int64? { nil }
        func poll(timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void) -> Int {
            runtime.pass(seconds: 1)
            onPoll()
            return 0
        }
        func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)] { [] }
        func pause(_ partitions: [TopicPartition]) {}
        func resume(_ partitions: [TopicPartition]) {}
        func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) -> [PartitionOffset] { [] }
        func commit(_ offsets: [PartitionOffset], wait: Bool) {}
        func close() {}
    }

    private func run(_ cluster: SilentCluster, _ stop: StopFlag) throws -> [Int32: [Publication.Mark]] {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"]
        )
        var configuration = PipelineConfiguration(kafka: cluster, topics: topics)
        configuration.runtime = cluster.runtime
        let marks = [Publication.Mark](repeating: .init(), count: 3)
        return try FactRecovery.run(
            [2: marks], configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isVain: { stop.isSet })
    }

    /// Meanwhile nothing is folded, so that it must not go on for ever without a word.
    @Test func aBrokerThatIsSilentIsNamed() throws {
        let runtime = StillRuntime()
        let error = #expect(throws: KafkaError.self) { try run(SilentCluster(runtime: runtime), StopFlag()) }
        #expect(error?.description == "scores[2]: the facts that are out cannot be read to their end (_TIMED_OUT)")
    }

    /// What was found until then is less than what is published: a reader that took it for all would drop good snapshots.
    @Test func aStopIsNoResult() throws {
        let stop = StopFlag()
        // At a poll, after the search has begun.
        let cluster = SilentCluster(runtime: StillRuntime()) { stop.set() }
        #expect(throws: CancellationError.self) { try run(cluster, stop) }
        #expect(throws: CancellationError.self) { try run(cluster, stop) }
    }
}
