internal import Events
internal import CEL

/// Counts of failed evaluations, and of event types that the policy does not name.
///
/// They are not part of the state: no snapshot and no digest has them, and every fold begins with none. Memory is
/// bounded, and a repeated failure or type allocates nothing.
struct FoldDiagnostics {
    /// Limit of event types that are counted by name. The others are counted together.
    static let maximumTypes = 32
    /// Limit of failures that are counted by part of the policy and reason. The others are counted together.
    static let maximumFailures = 256

    /// Failures that are searched one after the other.
    private static let searchedFailures = 8

    /// The part of the policy that an expression belongs to, by its number.
    enum Part: Hashable {
        case rule(Int)
        case measure(Int)
        case sanction(Int)
        case perk(Int)
    }

    struct Failure {
        var part: Part
        var reason: EvaluationFailure
        var count: Int64
        /// The first event whose evaluation failed; nil if a timer or a change of policy caused the evaluation.
        var example: (source: [UInt8], id: [UInt8])?
    }

    struct UnmatchedType {
        var name: [UInt8]
        var events: Int64
    }

    private struct Key: Hashable {
        var part: Part
        var reason: EvaluationFailure
    }

    /// In the order of their first occurrence.
    private(set) var failures: [Failure] = []
    private(set) var otherFailures: Int64 = 0
    private(set) var types: [UnmatchedType] = []
    private(set) var otherTypes: Int64 = 0
    /// Timers that fell due.
    var timersFired: Int64 = 0
    var isEmpty: Bool { failures.isEmpty && types.isEmpty && timersFired == 0 }

    /// Indices of `failures`.
    private var indexes: [Key: Int] = [:]
    /// Indices of `types`, by fingerprint, with open addressing. A slot with -1 is free, and at least half of them are.
    private var slots = [Int8](repeating: -1, count: 2 * FoldDiagnostics.maximumTypes)

    /// Counts a failed evaluation.
    mutating func note(_ part: Part, _ reason: EvaluationFailure, of event: UnsafePointer<EventView>?) {
        // A search in order is faster than a hash of the few failures that most policies have.
        for index in 0..<min(failures.count, Self.searchedFailures)
        where failures[index].part == part && failures[index].reason == reason {
            failures[index].count += 1
            return
        }
        let key = Key(part: part, reason: reason)
        if let index = indexes[key] {
            failures[index].count += 1
            return
        }
        guard failures.count < Self.maximumFailures else {
            otherFailures += 1
            return
        }
        indexes[key] = failures.count
        var failure = Failure(part: part, reason: reason, count: 1, example: nil)
        if let event { failure.example = (source: Array(event.pointee.source), id: Array(event.pointee.id)) }
        failures.append(failure)
    }

    /// Counts an event of a type that the policy does not name.
    @inline(never) mutating func noteUnmatched(_ type: UnsafeRawBufferPointer) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: type.fingerprint(seed: 1)) & mask
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if types[number].name.withUnsafeBytes({ $0.equals(type) }) {
                types[number].events += 1
                return
            }
            slot = (slot + 1) & mask
        }
        guard types.count < Self.maximumTypes else {
            otherTypes += 1
            return
        }
        slots[slot] = Int8(types.count)
        types.append(UnmatchedType(name: Array(type), events: 1))
    }

    /// What remains after a switch to another policy: failures and timers were the old one's.
    var withoutFailures: FoldDiagnostics {
        var copy = self
        copy.failures = []
        copy.otherFailures = 0
        copy.timersFired = 0
        copy.indexes = [:]
        return copy
    }
}
