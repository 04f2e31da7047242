public import Events
internal import Foundation
internal import Kafka
public import Ledger
public import Options
internal import Terminal

/// An event of an operator: structured CloudEvents JSON with the subject as its key.
public struct OperatorEvent {
    public static let defaultSource = "/standing/operator"
    private static let patienceMilliseconds = 30_000
    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    let type: String
    /// Nil for control events that concern every subject.
    let subject: String?
    let id: String
    let source: String
    /// A JSON object's text.
    let data: String?
    /// Of source topics, by name.
    let declarations: [String: SourceDeclaration]
    /// Nil if the event is not signed.
    let signer: ControlSigner?

    /// `id`: nil for a random one.
    public init(
        type: String, subject: String?, id: String? = nil, source: String = OperatorEvent.defaultSource, data: String?,
        declarations: [String: SourceDeclaration] = [:], signer: ControlSigner? = nil
    ) {
        (self.type, self.subject, self.id) = (type, subject, id ?? UUID().uuidString.lowercased())
        (self.source, self.data, self.declarations, self.signer) = (source, data, declarations, signer)
    }

    /// Sends the event to a source topic and returns its id after it is acknowledged. Ends the command, naming the
    /// attribute, if intake would make a dead letter of it at any time. `time` is called only if it would not.
    public func send(
        to topic: String, of cluster: Cluster, isControl: Bool = false, at time: () throws -> Timestamp
    ) throws -> String {
        if let defect = defect(of: encoded(at: EntryTime.first), for: topic, isControl: isControl) {
            throw fail("error: \(defect)", Exit.usage)
        }
        let time = try time()
        do {
            try produce(encoded(at: time), to: topic, of: cluster)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        return id
    }

    private func encoded(at time: Timestamp) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("specversion", "1.0")
        writer.member("id", id)
        writer.member("source", source)
        writer.member("type", type)
        writer.member("time", time)
        if let subject { writer.member("subject", subject) }
        if let data {
            writer.member("datacontenttype", "application/json")
            writer.member("data", json: data)
        }
        sign(at: time, &writer)
        writer.close()
        return writer.take()
    }

    /// Adds the signature's attributes.
    private func sign(at time: Timestamp, _ writer: inout JSONWriter) {
        guard let signer else { return }
        let isForEveryone = ControlType.allCases.first { $0.name.description == type }?.concernsEveryone == true
        let statement = Array((data ?? "").utf8).withUnsafeBytes {
            ControlStatement(
                type: type, source: source, id: id, subject: isForEveryone ? nil : subject, time: time, actor: nil,
                reason: nil, data: $0)
        }
        // An attribute that cannot be signed is refused by the check before.
        guard let signature = signer.sign(statement) else { return }
        writer.member(ControlStatement.keyAttribute.description, signer.name)
        writer.member(ControlStatement.signatureAttribute.description, signature)
    }

    private func defect(of bytes: [UInt8], for topic: String, isControl: Bool) -> EventDefect? {
        let decoder = EventDecoder()
        let memberDecoder = EventDecoder()
        // The decoded event borrows the decoder's memory.
        return withExtendedLifetime(decoder) {
            bytes.withUnsafeBytes { bytes in
                var event = EventView.empty
                if let defect = decoder.decode(structured: bytes, into: &event) { return defect }
                if let defect = event.controlDefect(memberDecoder, fromControlTopic: isControl) { return defect }
                guard !isControl, !declarations.isEmpty else { return nil }
                let declared = DeclaredSources(declarations)
                return declared.defect(of: event, declaration: declared.number(of: topic))
            }
        }
    }

    private func produce(_ value: [UInt8], to topic: String, of cluster: Cluster) throws {
        guard let partitions = try Admin(cluster.kafka).topic(topic)?.partitions else {
            throw fail("error: \(topic): no such topic on \(cluster.kafka.brokers)")
        }
        let producer = try Producer(cluster.kafka)
        let number = try producer.topic(topic)
        let key = subject.map { Array($0.utf8) }
        let partition = key.map { key in
            Int32(key.withUnsafeBytes { Murmur2.partition(of: $0, count: partitions) })
        }
        func queue(_ key: UnsafeRawBufferPointer?) throws -> Bool {
            try value.withUnsafeBytes {
                try producer.produce(
                    topic: number, partition: partition ?? 0, key: key, value: $0, headers: Self.structured)
            }
        }
        let isQueued = try key.map { try $0.withUnsafeBytes { try queue($0) } } ?? queue(nil)
        var failure: KafkaError?
        let isSent = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) { delivery in
            if delivery.code != 0 { failure = delivery.error(topicName: topic) }
        }
        if let failure { throw failure }
        guard isQueued, isSent else {
            throw fail("error: \(topic): not acknowledged; it may or may not have arrived")
        }
    }
}
