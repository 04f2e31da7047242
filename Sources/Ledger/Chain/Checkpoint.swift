public import Events

/// A member's statement about a ledger partition: the frames before `nextOffset` have this chain head and give this
/// state.
public struct Checkpoint: Hashable, Sendable {
    public var partition: Int32
    /// The offset of the first frame that is not covered.
    public var nextOffset: Int64
    /// `FrameChain.head`
    public var chainHead: [UInt8]
    /// `StateDigest`, 32 hexadecimal digits.
    public var state: String
    public var foldVersion: UInt32
    /// SHA-256 of the active policy's text, 64 hexadecimal digits.
    public var policy: String
    public var member: String

    public init(
        partition: Int32, nextOffset: Int64, chainHead: [UInt8], state: String, foldVersion: UInt32, policy: String,
        member: String
    ) {
        self.partition = partition
        self.nextOffset = nextOffset
        self.chainHead = chainHead
        self.state = state
        self.foldVersion = foldVersion
        self.policy = policy
        self.member = member
    }

    /// SHA-256 of a policy's text, 64 hexadecimal digits.
    public static func hash(ofPolicy text: String) -> String { PolicyHash.of(text) }

    /// The bytes that are signed: one line per field, in this order.
    var canonical: [UInt8] {
        let lines = [
            "standing checkpoint 1", String(partition), String(nextOffset), Hex.text(chainHead), state,
            String(foldVersion), policy, member,
        ]
        return Array(lines.joined(separator: "\n").utf8)
    }
}

/// A checkpoint with its signature, as it is in the topic `standing.checkpoints`.
public struct SignedCheckpoint: Hashable, Sendable {
    public var checkpoint: Checkpoint
    /// The `Keyring.id` of the key.
    public var key: String
    /// Ed25519 (RFC 8032), 64 bytes.
    public var signature: [UInt8]

    /// `{"partition","next-offset","chain-head","state","fold-version","policy","member","key","signature"}`
    public var json: String {
        var writer = JSONWriter()
        writer.open()
        writer.member("partition", checkpoint.partition)
        writer.member("next-offset", checkpoint.nextOffset)
        writer.member("chain-head", Hex.text(checkpoint.chainHead))
        writer.member("state", checkpoint.state)
        writer.member("fold-version", checkpoint.foldVersion)
        writer.member("policy", checkpoint.policy)
        writer.member("member", checkpoint.member)
        writer.member("key", key)
        writer.member("signature", Hex.text(signature))
        writer.close()
        return writer.text
    }

    /// Nil if the text is not a checkpoint of this form. `Keyring.objection(to:)` checks the signature.
    public init?(json: UnsafeRawBufferPointer, _ decoder: EventDecoder) {
        func string(_ name: StaticString) -> String? {
            decoder.string(name, of: json).map { String(decoding: $0, as: UTF8.self) }
        }
        guard json.count <= Self.maximumBytes,
            let partition = decoder.integer("partition", of: json).flatMap({ Int32(exactly: $0) }), partition >= 0,
            let nextOffset = decoder.integer("next-offset", of: json), nextOffset > 0,
            let head = string("chain-head").flatMap({ Hex.bytes($0, count: FrameChain.headBytes) }),
            let state = string("state"), Hex.bytes(state, count: 16) != nil,
            let version = decoder.integer("fold-version", of: json).flatMap({ UInt32(exactly: $0) }),
            let policy = string("policy"), Hex.bytes(policy, count: 32) != nil,
            let member = string("member"), !member.contains("\n"),
            let key = string("key"), Hex.bytes(key, count: 8) != nil,
            let signature = string("signature").flatMap({ Hex.bytes($0, count: 64) })
        else { return nil }
        checkpoint = Checkpoint(
            partition: partition, nextOffset: nextOffset, chainHead: head, state: state, foldVersion: version,
            policy: policy, member: member)
        (self.key, self.signature) = (key, signature)
    }

    init(_ checkpoint: Checkpoint, key: String, signature: [UInt8]) {
        (self.checkpoint, self.key, self.signature) = (checkpoint, key, signature)
    }

    /// A longer record is not read as a checkpoint.
    public static let maximumBytes = 4096
}
