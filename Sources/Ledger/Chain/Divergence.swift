/// Two that say different things of the same place of a ledger partition.
public struct Divergence: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// They have not read the same frames.
        case frames
        /// They have read the same frames, and fold them into different states.
        case state
    }

    public let partition: Int32
    public let nextOffset: Int64
    public let kind: Kind
    public let members: [String]

    /// Nil: the checkpoints agree, or speak of different places, policies' effects set aside.
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

/// Holds a member's own checkpoints of a partition against others', in whatever order they come.
public struct CheckpointComparison: Sendable {
    /// Checkpoints kept of each side; the oldest go.
    public static let kept = 256

    private var own: [Int64: Checkpoint] = [:]
    private var others: [Int64: [Checkpoint]] = [:]

    public init() {}

    public mutating func addOwn(_ checkpoint: Checkpoint) -> Divergence? {
        own[checkpoint.nextOffset] = checkpoint
        if own.count > Self.kept, let oldest = own.keys.min() { own[oldest] = nil }
        return others[checkpoint.nextOffset]?.lazy.compactMap { Divergence(checkpoint, $0) }.first
    }

    /// One whose signature is good.
    public mutating func add(_ checkpoint: Checkpoint) -> Divergence? {
        others[checkpoint.nextOffset, default: []].append(checkpoint)
        if others.values.reduce(0, { $0 + $1.count }) > Self.kept, let oldest = others.keys.min() {
            others[oldest] = nil
        }
        return own[checkpoint.nextOffset].flatMap { Divergence($0, checkpoint) }
    }

    /// The next place at which another member said something, at `offset` or behind it: where saying something too would
    /// tell whether both agree.
    public func nextPlace(from offset: Int64) -> Int64? { others.keys.filter { $0 >= offset }.min() }
}
