public import Kafka
public import Ledger

/// The first frame of a ledger partition in the topic. It identifies the ledger, because it contains a session's
/// number.
public struct LedgerFirstFrame {
    /// The greatest number of records before it that another program may have written.
    static let maximumStrays: Int64 = 16

    public let offset: Int64
    let bytes: [UInt8]

    init(_ frame: LedgerFrame) { (offset, bytes) = (frame.offset, Array(frame.bytes)) }

    /// The first frame that the topic still has; nil if there is none among its first records. Throws the errors of
    /// reading.
    public init?(_ kafka: any KafkaCluster, topic: String, partition: Int32) throws {
        let topicPartition = TopicPartition(topic, partition)
        let beginning = try kafka.beginnings(of: [topicPartition])[topicPartition] ?? 0
        let frames = try LedgerTopicFrames(kafka, topic: topic, partition: partition, from: beginning)
        // The frame borrows their memory.
        defer { withExtendedLifetime(frames) {} }
        for _ in 0..<Self.maximumStrays {
            guard let frame = try frames.next() else { return nil }
            guard EntryReader.defect(in: frame.bytes) == nil else { continue }
            self.init(frame)
            return
        }
        return nil
    }

    /// Whether an archive has the same frame there; nil if the archive ends before it, or cannot be read there.
    public func isIn(_ archive: ArchiveDirectory, rereading: Rereading = .none) -> Bool? {
        let frames = ArchiveFrames(archive, from: offset, rereading: rereading)
        // The frame borrows their memory.
        return withExtendedLifetime(frames) {
            guard let frame = try? frames.next() else { return nil }
            return frame.offset == offset && frame.bytes.elementsEqual(bytes)
        }
    }
}
