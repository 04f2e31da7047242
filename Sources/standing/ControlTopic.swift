import Events
import Foundation
import Kafka
import Ledger
import Topics

/// Sends a control event and waits until it is acknowledged.
struct ControlTopic {
    private static let patienceMilliseconds = 30_000
    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    let cluster: Cluster

    /// `data` is a JSON object's text. Returns the event's id.
    @discardableResult func send(
        _ type: ControlType, subject: String? = nil, id: String? = nil, source: String = "/standing/operator",
        data: String
    ) throws -> String {
        let id = id ?? UUID().uuidString.lowercased()
        var writer = ByteWriter()
        writer.append("{\"specversion\":\"1.0\",\"id\":")
        writer.append(jsonString: id)
        writer.append(",\"source\":")
        writer.append(jsonString: source)
        writer.append(",\"type\":\"")
        writer.append(type.name)
        writer.append("\",\"time\":\"")
        writer.append(Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
        writer.append(byte: 0x22)
        if let subject {
            writer.append(",\"subject\":")
            writer.append(jsonString: subject)
        }
        writer.append(",\"datacontenttype\":\"application/json\",\"data\":")
        writer.append(data)
        writer.append("}")
        try produce(key: subject, writer.bytes)
        return id
    }

    private func produce(key: String?, _ value: UnsafeRawBufferPointer) throws {
        let topic = cluster.names(.control)[0]
        do {
            let admin = try Admin(cluster.kafka)
            guard let partitions = try admin.topic(topic)?.partitions else {
                throw fail("error: \(topic): no such topic on \(cluster.kafka.brokers)")
            }
            let producer = try Producer(cluster.kafka)
            let number = try producer.topic(topic)
            let bytes = key.map { Array($0.utf8) }
            let partition = bytes.map { key in
                Int32(key.withUnsafeBytes { Murmur2.partition(of: $0, count: partitions) })
            }
            func send(_ key: UnsafeRawBufferPointer?) throws -> Bool {
                try producer.produce(
                    topic: number, partition: partition ?? 0, key: key, value: value, headers: Self.structured)
            }
            let isQueued = try bytes.map { try $0.withUnsafeBytes { try send($0) } } ?? send(nil)
            var failure: KafkaError?
            let isSent = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) { delivery in
                if delivery.code != 0 { failure = delivery.error(topicName: topic) }
            }
            if let failure { throw fail("error: \(failure)") }
            guard isQueued, isSent else {
                throw fail("error: \(topic): not acknowledged; it may or may not have arrived")
            }
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }
}
