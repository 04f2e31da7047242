public import Kafka
public import Ledger

/// A ledger partition's frames from the topic, for callers that may wait.
public final class LedgerTopicFrames: FrameSource {
    /// The number of frames that are copied at a time.
    private static let batch = 32
    private static let pollMilliseconds = 50

    private let reader: LedgerTopicReader
    private var portion = LedgerTopicReader.Portion()
    private var index = 0

    /// The frames from `start` on, before `end`; if it is nil, before the topic's present end. `isStopped`: called
    /// while waiting; if it returns true, `next` throws `CancellationError`.
    public init(
        _ kafka: any KafkaCluster, topic: String, partition: Int32, from start: Int64 = 0, until end: Int64? = nil,
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) throws {
        reader = try LedgerTopicReader(
            kafka, topic: topic, partition: partition, from: start, until: end, batch: Self.batch,
            isStopped: isStopped)
    }

    public func next() throws -> LedgerFrame? {
        while index == portion.count {
            guard !reader.isAtEnd else { return nil }
            portion.removeAll()
            index = 0
            try reader.poll(into: &portion, timeoutMilliseconds: Self.pollMilliseconds)
        }
        defer { index += 1 }
        return portion[index]
    }
}
