public import Kafka
public import Ledger

/// The frame that a ledger partition begins with, as the topic has it. No other ledger has the same: a session's number is in it.
public struct LedgerFirstFrame {
    /// Records that something else than Standing may have written before it.
    static let maximumStrays: Int64 = 16

    public let offset: Int64
    let bytes: [UInt8]

    init(_ frame: LedgerFrame) { (offset, bytes) = (frame.offset, Array(frame.bytes)) }

    /// Of what the topic still has; nil: no frame is among its first records. Throws what reading throws.
    public init?(_ kafka: any KafkaCluster, topic: String, partition: Int32) throws {
        let place = TopicPartition(topic, partition)
        let beginning = try kafka.beginnings(of: [place])[place] ?? 0
        let frames = try LedgerTopicFrames(kafka, topic: topic, partition: partition, from: beginning)
        // A frame is borrowed from them.
        defer { withExtendedLifetime(frames) {} }
        for _ in 0..<Self.maximumStrays {
            guard let frame = try frames.next() else { return nil }
            guard EntryReader.defect(in: frame.bytes) == nil else { continue }
            self.init(frame)
            return
        }
        return nil
    }

    /// Whether an archive has the same frame there; nil: it ends before, or it cannot be read there.
    public func isIn(_ archive: ArchiveDirectory, rereading: Rereading = .none) -> Bool? {
        let frames = ArchiveFrames(archive, from: offset, rereading: rereading)
        // A frame is borrowed from them.
        return withExtendedLifetime(frames) {
            guard let frame = try? frames.next() else { return nil }
            return frame.offset == offset && frame.bytes.elementsEqual(bytes)
        }
    }
}
