internal import Events
internal import Policy
public import Scoring

/// Collects standings and writes them in the format of `standing replay`: one line per subject, sorted by subject's
/// bytes.
public struct StandingsWriter: Sendable {
    /// A standing has the numbers of its policy, and partitions may have different ones.
    private var standings: [(standing: Standing, policy: Int)] = []
    private var policies: [ScoringPolicy] = []

    public init() {}

    public var count: Int { standings.count }

    public mutating func add(_ fold: borrowing Fold) {
        standings.reserveCapacity(standings.count + fold.subjectCount)
        let number = policies.count
        policies.append(fold.policy)
        fold.forEachStanding { standings.append(($0, number)) }
    }

    /// Adds a subject's standing, if it is enrolled.
    public mutating func add(_ subject: UnsafeRawBufferPointer, of fold: borrowing Fold) {
        guard let standing = fold.standing(of: subject) else { return }
        standings.append((standing, policies.count))
        policies.append(fold.policy)
    }

    public mutating func add(_ other: StandingsWriter) {
        let first = policies.count
        policies += other.policies
        standings += other.standings.map { ($0.standing, $0.policy + first) }
    }

    /// Calls the body with the text, in pieces of about 64 KiB.
    public mutating func write(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        standings.sort { $0.standing.subject.lexicographicallyPrecedes($1.standing.subject) }
        var writer = ByteWriter(capacity: 128 * 1024)
        for (standing, policy) in standings {
            standing.writeLine(to: &writer, policy: policies[policy])
            if writer.count >= 64 * 1024 {
                try body(writer.bytes)
                writer.removeAll()
            }
        }
        if writer.count > 0 { try body(writer.bytes) }
    }
}
