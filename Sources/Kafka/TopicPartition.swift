import CRDKafka

/// One partition of one topic.
public struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var topic: String
    public var partition: Int32

    public init(_ topic: String, _ partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    public var description: String { "\(topic)[\(partition)]" }

    public static func < (a: Self, b: Self) -> Bool { (a.topic, a.partition) < (b.topic, b.partition) }
}

/// A position in a partition, with the text that a group stored with it.
public struct PartitionOffset: Hashable, Sendable {
    public var topicPartition: TopicPartition
    /// The next offset to read. `beginning` and `end` are logical; `none` means that nothing is committed.
    public var offset: Int64
    public var metadata: String

    public static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
    public static let end = Int64(RD_KAFKA_OFFSET_END)
    public static let none = Int64(RD_KAFKA_OFFSET_INVALID)

    public init(_ topicPartition: TopicPartition, offset: Int64, metadata: String = "") {
        self.topicPartition = topicPartition
        self.offset = offset
        self.metadata = metadata
    }
}

/// librdkafka's partition lists, valid during a call.
enum PartitionList {
    typealias Pointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    static func with<Result>(
        _ offsets: [PartitionOffset], _ body: (Pointer) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        let pointer = rd_kafka_topic_partition_list_new(Int32(offsets.count))!
        defer { rd_kafka_topic_partition_list_destroy(pointer) }
        for item in offsets {
            let element = rd_kafka_topic_partition_list_add(
                pointer, item.topicPartition.topic, item.topicPartition.partition)!
            element.pointee.offset = item.offset
            if !item.metadata.isEmpty {
                let bytes = Array(item.metadata.utf8)
                // librdkafka frees it with the list.
                let copy = rd_kafka_mem_malloc(nil, bytes.count)!
                copy.copyMemory(from: bytes, byteCount: bytes.count)
                element.pointee.metadata = copy
                element.pointee.metadata_size = bytes.count
            }
        }
        return try body(pointer)
    }

    static func with<Result>(
        _ partitions: some Sequence<TopicPartition>, _ body: (Pointer) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        try with(partitions.map { PartitionOffset($0, offset: PartitionOffset.none) }, body)
    }

    static func read(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionOffset] {
        guard let list = list?.pointee else { return [] }
        return (0..<Int(list.cnt)).map { index in
            let element = list.elems[index]
            var metadata = ""
            if let bytes = element.metadata, element.metadata_size > 0 {
                metadata = String(
                    decoding: UnsafeRawBufferPointer(start: bytes, count: element.metadata_size), as: UTF8.self)
            }
            return PartitionOffset(
                TopicPartition(String(cString: element.topic), element.partition), offset: element.offset,
                metadata: metadata)
        }
    }

    /// Each partition with its own error; nil if it has none.
    static func readErrors(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [(PartitionOffset, KafkaError?)]
    {
        guard let elements = list?.pointee.elems else { return [] }
        return read(list).enumerated().map { index, item in
            let code = elements[index].err
            return (
                item,
                code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, target: item.topicPartition.description)
            )
        }
    }

    /// The first partition's own error; nil if no partition has one.
    static func firstError(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> KafkaError? {
        guard let list = list?.pointee else { return nil }
        for index in 0..<Int(list.cnt) where list.elems[index].err != RD_KAFKA_RESP_ERR_NO_ERROR {
            let element = list.elems[index]
            return KafkaError(element.err, target: "\(String(cString: element.topic))[\(element.partition)]")
        }
        return nil
    }
}
