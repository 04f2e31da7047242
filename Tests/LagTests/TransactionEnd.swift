import Foundation
import Kafka
import Testing

/// Appends the record with which a broker ends a committed transaction (Kafka's control batch, record format 2). The
/// embedded broker writes none of its own, but stores every batch that it is sent.
func appendTransactionEnd(to topicPartition: TopicPartition, broker: String) throws {
    var batch = Bytes()
    batch.append(Int32(0))  // leader epoch
    batch.append(Int8(2))  // record format
    batch.append(UInt32(0))  // checksum, which librdkafka does not check
    batch.append(Int16(0x30))  // a control batch of a transaction
    batch.append(Int32(0))  // last offset, from the first
    batch.append(Int64(0))  // first timestamp
    batch.append(Int64(0))  // last timestamp
    batch.append(Int64(-1))  // producer
    batch.append(Int16(-1))  // its epoch
    batch.append(Int32(-1))  // first sequence number
    batch.append(Int32(1))  // records
    // One record: its length, attributes, timestamp and offset deltas, the key (version 0, type 1: commit), the value
    // (version, coordinator epoch), no headers. Lengths are zigzag.
    batch.bytes += [0x20, 0, 0, 0, 8, 0, 0, 0, 1, 12, 0, 0, 0, 0, 0, 0, 0]

    var records = Bytes()
    records.append(Int64(0))  // first offset
    records.append(Int32(batch.bytes.count))
    records.bytes += batch.bytes

    var request = Bytes()
    request.append(Int16(0))  // Produce
    request.append(Int16(3))  // of this version
    request.append(Int32(1))  // correlation
    request.append(Int16(-1))  // no client id
    request.append(Int16(-1))  // no transactional id
    request.append(Int16(1))  // acknowledged by the leader
    request.append(Int32(5_000))  // milliseconds
    request.append(Int32(1))  // topics
    request.append(Int16(topicPartition.topic.utf8.count))
    request.bytes += Array(topicPartition.topic.utf8)
    request.append(Int32(1))  // partitions
    request.append(topicPartition.partition)
    request.append(Int32(records.bytes.count))
    request.bytes += records.bytes

    let answer = try ask(broker, request.bytes)
    // The error is after correlation, topics, the topic's name, partitions and the partition.
    let error = answer.dropFirst(4 + 4 + 2 + topicPartition.topic.utf8.count + 4 + 4).prefix(2)
    try #require(Array(error) == [0, 0], "the broker does not take the end of a transaction")
}

private struct Bytes {
    var bytes: [UInt8] = []

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// One request, and its answer without its length.
private func ask(_ broker: String, _ request: [UInt8]) throws -> [UInt8] {
    let port = try #require(broker.split(separator: ":").last.flatMap { UInt16($0) })
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isConnected = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
    try #require(isConnected)

    var sent = Bytes()
    sent.append(Int32(request.count))
    sent.bytes += request
    let written = sent.bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    try #require(written == sent.bytes.count)
    let length = try receive(4, from: descriptor).reduce(0) { $0 << 8 | Int($1) }
    return try receive(length, from: descriptor)
}

private func receive(_ count: Int, from descriptor: Int32) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var received = 0
    while received < count {
        let more = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + received, count - received) }
        try #require(more > 0, "the broker does not answer")
        received += more
    }
    return bytes
}
