internal import Events
public import Policy
public import Scoring

/// Collects standings and writes them as `standing replay` prints them: a line a subject, sorted by subject's bytes.
public struct StandingsWriter: Sendable {
    private var standings: [Standing] = []

    public init() {}

    public var count: Int { standings.count }

    public mutating func add(_ fold: borrowing Fold) {
        standings.reserveCapacity(standings.count + fold.subjectCount)
        fold.forEachStanding { standings.append($0) }
    }

    public mutating func add(_ other: StandingsWriter) { standings += other.standings }

    /// Hands on the text in pieces of about 64 KiB.
    public mutating func write(policy: ScoringPolicy, _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        standings.sort { $0.subject.lexicographicallyPrecedes($1.subject) }
        var writer = ByteWriter(capacity: 128 * 1024)
        for standing in standings {
            standing.writeLine(to: &writer, policy: policy)
            if writer.count >= 64 * 1024 {
                try body(writer.bytes)
                writer.removeAll()
            }
        }
        if writer.count > 0 { try body(writer.bytes) }
    }
}
