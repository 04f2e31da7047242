/// The consumers' rule for one (topic, partition) of facts: accept exactly the next sequence number, ignore every
/// other record. Whoever follows it has every fact once and in order, and knows when one is missing.
public struct FactSequence: Sendable, Equatable {
    public enum Verdict: Sendable, Equatable {
        case accept
        /// Seen before: a repeat after a restart, or a fact of a member that should have stopped.
        case ignoreRepeat
        /// Something between `last` and this one has not arrived. Ignored: the missing facts and this one come again,
        /// unless the topic has lost them.
        case ignoreGap(missing: Int64)
    }

    /// The greatest accepted number; 0 before the first.
    public private(set) var last: Int64

    public init(last: Int64 = 0) { self.last = last }

    public mutating func judge(_ sequence: Int64) -> Verdict {
        if sequence == last + 1 {
            last = sequence
            return .accept
        }
        return sequence <= last ? .ignoreRepeat : .ignoreGap(missing: sequence - last - 1)
    }
}
