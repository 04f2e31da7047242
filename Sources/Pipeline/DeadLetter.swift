internal import Events
internal import Kafka

/// A record that is no event: its original key, value and headers, and the headers of Kafka Connect's error reporter
/// (KIP-298) that say where it came from and what is wrong with it.
enum DeadLetter {
    static func headers(
        _ record: Record, from place: TopicPartition, defect: EventDefect, valueDropped: Bool = false
    ) -> HeaderSet {
        var headers = record.copyHeaders()
        func add(_ name: String, _ value: String) { headers.append(("__connect.errors.\(name)", Array(value.utf8))) }
        add("topic", place.topic)
        add("partition", String(place.partition))
        add("offset", String(record.offset))
        add("connector.name", "standing-intake")
        add("stage", "VALUE_CONVERTER")
        add("exception.class.name", defect.code)
        add("exception.message", defect.description)
        if valueDropped {
            // The broker takes no record of this size; the original stays where the headers say.
            add("value.dropped.bytes", String(record.value?.count ?? 0))
        }
        return HeaderSet(copying: headers)
    }
}
