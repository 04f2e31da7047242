/// Two checkpoints that contradict each other about the same position of a ledger partition.
public struct Divergence: Error, Hashable, Sendable, CustomStringConvertible {
    /// Whether the frames differ or only what was made of them.
    public enum Kind: Hashable, Sendable {
        /// The members have not read the same frames.
        case frames
        /// The members have read the same frames, and fold them into different states.
        case state
    }

    public let partition: Int32
    /// Both checkpoints cover the frames before it.
    public let nextOffset: Int64
    public let kind: Kind
    /// The members of the two checkpoints.
    public let members: [String]

    /// Nil if the checkpoints agree or are about different positions. States of different fold versions are not
    /// compared.
    public init?(_ a: Checkpoint, _ b: Checkpoint) {
        guard a.partition == b.partition, a.nextOffset == b.nextOffset else { return nil }
        if a.chainHead != b.chainHead {
            kind = .frames
        } else if a.foldVersion == b.foldVersion, a.state != b.state || a.policy != b.policy {
            kind = .state
        } else {
            return nil
        }
        (partition, nextOffset, members) = (a.partition, a.nextOffset, [a.member, b.member])
    }

    public var description: String {
        let what =
            switch kind {
            case .frames: "have not read the same ledger"
            case .state: "fold the same ledger into different states"
            }
        return
            "ledger partition \(partition), before offset \(nextOffset): \(members.joined(separator: " and ")) \(what)"
    }
}

/// Compares a member's own checkpoints of a partition with the others' checkpoints. They may arrive in any order.
public struct CheckpointComparison: Sendable {
    /// The number of checkpoints that are retained of each side. The oldest are removed.
    public static let retainedCheckpoints = 256

    private var own: [Int64: Checkpoint] = [:]
    private var others: [Int64: [Checkpoint]] = [:]

    public init() {}

    /// Adds a checkpoint of this member. Returns the first contradiction with the others'; nil if there is none.
    public mutating func addOwn(_ checkpoint: Checkpoint) -> Divergence? {
        own[checkpoint.nextOffset] = checkpoint
        if own.count > Self.retainedCheckpoints, let oldest = own.keys.min() { own[oldest] = nil }
        return others[checkpoint.nextOffset]?.lazy.compactMap { Divergence(checkpoint, $0) }.first
    }

    /// Adds another member's checkpoint, whose signature has been checked.
    public mutating func add(_ checkpoint: Checkpoint) -> Divergence? {
        others[checkpoint.nextOffset, default: []].append(checkpoint)
        if others.values.reduce(0, { $0 + $1.count }) > Self.retainedCheckpoints, let oldest = others.keys.min() {
            others[oldest] = nil
        }
        return own[checkpoint.nextOffset].flatMap { Divergence($0, checkpoint) }
    }

    /// The first offset, from `offset` on, at which another member has published a checkpoint; nil if there is none.
    /// An own checkpoint there shows whether both agree.
    public func nextOffset(from offset: Int64) -> Int64? { others.keys.filter { $0 >= offset }.min() }
}
