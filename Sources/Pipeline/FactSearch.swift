internal import Events

/// Finds the offset from which a consumer that has every fact of a fact partition up to a sequence number goes on by the
/// consumers' rule. A pure state machine: it says which records it wants to see, round by round, and draws the conclusion.
///
/// What it has to go by is a mark of the partition's owner: everything up to the mark's sequence number lies before the mark's
/// offset, and whoever reads from there, and has that much, gets all the rest.
///
/// - The consumer has as much or more: it reads from the mark.
/// - It has less: records before the mark are read from further and further back, until the rule leads from what the consumer has
///   to the mark's number without leaving that range. At the mark the consumer then stands as everybody else does.
/// - There is no mark that can be used: everything that is there is read, and the rule must lead to the greatest number. Where the
///   topic has lost records and no number is left in it, nobody knows which were out, so nothing is found.
struct FactSearch {
    enum Outcome: Equatable {
        /// The offset to read from. Records from there on with a number that the consumer has are repeats to it.
        case found(Int64)
        /// The topic does not have the next fact any more.
        case gone
    }

    /// Nil while there are records to be seen.
    private(set) var outcome: Outcome?
    /// Offsets of the records that this round is to see.
    private(set) var range: Range<Int64> = 0..<0
    private let last: Int64
    private let beginning: Int64
    /// The number that must be reached; nil: the greatest that is seen.
    private let goal: Int64?
    /// How far back this round goes.
    private var width: Int64
    private var rule: FactSequence
    private var greatest: Int64 = 0
    /// The offset of the first record that the rule accepts.
    private var first: Int64?

    /// What a first round sees beyond what there must be.
    private static let slack: Int64 = 256
    private static let growth: Int64 = 4

    /// `last`: the greatest sequence number that the consumer has. `beginning` and `end` are the partition's, as they are now.
    init(after last: Int64, mark: Publication.Mark, beginning: Int64, end: Int64) {
        let isUsable = mark.sequence > 0 && mark.offset >= beginning && mark.offset <= end
        (self.last, self.beginning) = (last, beginning)
        rule = FactSequence(last: last)
        goal = isUsable ? mark.sequence : nil
        width = isUsable ? 2 * min(max(0, mark.sequence - last), end) + Self.slack : end - beginning
        if isUsable, mark.sequence <= last {
            outcome = .found(mark.offset)
        } else if last == 0, beginning == 0 {
            outcome = .found(0)
        } else {
            begin(before: isUsable ? mark.offset : end)
        }
    }

    private mutating func begin(before limit: Int64) {
        range = max(beginning, limit - width)..<max(beginning, limit)
        rule = FactSequence(last: last)
        (greatest, first) = (0, nil)
        if range.isEmpty { endRound() }
    }

    /// The next record of this round; `sequence` is nil where it is no fact.
    mutating func add(_ sequence: Int64?, at offset: Int64) {
        guard range.contains(offset), let sequence else { return }
        greatest = max(greatest, sequence)
        if rule.judge(sequence) == .accept, first == nil { first = offset }
    }

    /// Every record of the round was seen.
    mutating func endRound() {
        if goal == nil, greatest == 0, beginning > 0 {
            outcome = .gone
        } else if rule.last >= goal ?? greatest {
            outcome = .found(first ?? range.upperBound)
        } else if range.lowerBound > beginning {
            width *= Self.growth
            begin(before: range.upperBound)
        } else {
            outcome = .gone
        }
    }
}
