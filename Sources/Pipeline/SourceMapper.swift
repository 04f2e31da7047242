internal import Events
internal import Kafka
internal import Mapping

/// Makes events of the records of one source topic by its map. Not thread-safe.
final class SourceMapper {
    private let mapper: RecordMapper
    private let topic: [UInt8]
    private var json = ByteWriter(capacity: 4096)

    init(_ map: RecordMap, topic: String) {
        mapper = RecordMapper(map)
        self.topic = Array(topic.utf8)
    }

    func map(_ record: Record, from topicPartition: TopicPartition) -> MapOutcome {
        if mapper.readsHeaders { record.forEachHeader { mapper.addHeader($0, $1) } }
        return topic.withUnsafeBytes { topic in
            mapper.map(
                SourceRecord(
                    key: record.key, value: record.value, timestamp: record.timestamp, topic: topic,
                    partition: topicPartition.partition, offset: record.offset),
                into: &json)
        }
    }

    /// Reads the event after `map` has returned `.event`. It is valid until the next record.
    func decode(with decoder: EventDecoder, into event: inout EventView) -> EventDefect? {
        mapper.decode(json.bytes, with: decoder, into: &event)
    }
}
