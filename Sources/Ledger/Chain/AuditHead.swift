public import Events

/// A member's statement about the audit topic: this record was there. Signed and in the topic of checkpoints, it shows
/// that records at the audit's end were cut off, which the audit's own chains show only with the next record.
public struct AuditHead: Hashable, Sendable {
    /// The audit topic's name, with its prefix.
    public var topic: String
    /// The id of the audit's cluster; empty if it has none.
    public var cluster: String
    public var partition: Int32
    /// The record's offset in the audit topic.
    public var offset: Int64
    /// SHA-256 of the record's value, 64 hexadecimal digits.
    public var hash: String
    /// The time at which the member wrote or read the record, by its clock.
    public var time: Timestamp
    /// The member's name.
    public var member: String

    public init(
        topic: String, cluster: String, partition: Int32, offset: Int64, hash: String, time: Timestamp, member: String
    ) {
        (self.topic, self.cluster, self.partition, self.offset) = (topic, cluster, partition, offset)
        (self.hash, self.time, self.member) = (hash, time, member)
    }

    /// The bytes that are signed: one line per field, in this order.
    fileprivate var canonical: [UInt8] {
        let lines = [
            "standing audit head 1", topic, cluster, String(partition), String(offset), hash, time.description, member,
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }
}

/// A head with its signature, as it is in the topic `standing.checkpoints`.
public struct SignedAuditHead: Hashable, Sendable {
    public var head: AuditHead
    /// The `Keyring.id` of the key.
    public var key: String
    /// Ed25519 (RFC 8032), 128 hexadecimal digits.
    public var signature: String

    /// Nil if the keyring has no signing key.
    public init?(_ head: AuditHead, signedWith keyring: Keyring) {
        guard let key = keyring.signingKey, let signature = keyring.sign(head.canonical) else { return nil }
        (self.head, self.key, self.signature) = (head, key, signature)
    }

    /// `{"audit","cluster","partition","offset","hash","time","member","key","signature"}`; `audit` is the topic.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("audit", head.topic)
        writer.member("cluster", head.cluster)
        writer.member("partition", head.partition)
        writer.member("offset", head.offset)
        writer.member("hash", head.hash)
        writer.member("time", head.time)
        writer.member("member", head.member)
        writer.member("key", key)
        writer.member("signature", signature)
        writer.close()
        return writer.take()
    }

    /// Nil if the text is not a head of this form. `objection` checks the signature.
    public init?(json: UnsafeRawBufferPointer, _ decoder: EventDecoder) {
        func string(_ name: StaticString) -> String? {
            guard let text = decoder.string(name, of: json).map({ String(decoding: $0, as: UTF8.self) }),
                // Each field is one line of what is signed.
                !text.contains("\n")
            else { return nil }
            return text
        }
        guard json.count <= Self.maximumBytes, let topic = string("audit"), let cluster = string("cluster"),
            let partition = decoder.integer("partition", of: json).flatMap({ Int32(exactly: $0) }), partition >= 0,
            let offset = decoder.integer("offset", of: json), offset >= 0,
            let hash = string("hash"), Hex.bytes(hash, count: 32) != nil,
            let time = string("time").flatMap({ Timestamp($0) }), let member = string("member"),
            let key = string("key"), Hex.bytes(key, count: 8) != nil,
            let signature = string("signature"), Hex.bytes(signature, count: 64) != nil
        else { return nil }
        head = AuditHead(
            topic: topic, cluster: cluster, partition: partition, offset: offset, hash: hash, time: time, member: member
        )
        (self.key, self.signature) = (key, signature)
    }

    /// A longer record is not read as a head.
    private static let maximumBytes = 4096

    /// Why the signature is not valid; nil if a trusted key of the keyring signed the head.
    public func objection(_ keyring: Keyring) -> String? {
        keyring.objection(to: signature, by: key, of: head.canonical)
    }
}
