import Events
import Feeding
import Kafka
import Ledger

/// Waits until every partition of the ledger has an entry of one event of an operator.
struct EntryArrival {
    private static let pollMilliseconds = 100
    private static let queuedKilobytes = 16 * 1024

    private let kafka: KafkaConfiguration
    private let topic: String
    private let id: [UInt8]
    private let source = Array(OperatorEvent.defaultSource.utf8)

    init(of id: String, in topic: String, _ kafka: KafkaConfiguration) {
        (self.kafka, self.topic, self.id) = (kafka, topic, Array(id.utf8))
    }

    /// The partitions that do not have it at `end`. `starts`: the offsets from which it can be.
    func missing(from starts: [Int32: Int64], until end: ContinuousClock.Instant) throws -> [Int32] {
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = Self.queuedKilobytes
        let consumer = try Consumer(kafka, options: options)
        let ordered = starts.sorted { $0.key < $1.key }
        try consumer.assign(ordered.map { PartitionOffset(TopicPartition(topic, $0.key), offset: $0.value) })
        var missing = Set(starts.keys)
        while !missing.isEmpty, ContinuousClock.now < end {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    let partition = consumer.assignment[record.source].topicPartition.partition
                    guard missing.contains(partition), let frame = record.value, hasEntry(frame) else { continue }
                    missing.remove(partition)
                }
            }
            for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
        }
        return missing.sorted()
    }

    private func hasEntry(_ frame: UnsafeRawBufferPointer) -> Bool {
        var reader = FrameReader()
        var entry = FrameReader.blank
        do {
            try reader.open(frame)
            while try reader.next(&entry) {
                if entry.kind == .event, entry.event.id.elementsEqual(id), entry.event.source.elementsEqual(source) {
                    return true
                }
            }
        } catch {
            // A frame that cannot be read is the members' concern.
        }
        return false
    }
}
