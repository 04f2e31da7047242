internal import Events

/// Finds the offset from which a consumer that has every fact of a fact partition up to a sequence number can continue
/// by the consumers' rule. A pure state machine: it requests records, round by round, and then has the outcome.
///
/// It starts from a mark of the partition's owner: everything up to the mark's sequence number is before the mark's
/// offset. A consumer that has all of it gets every later fact from there.
///
/// - The consumer has as much or more: it reads from the mark.
/// - It has less: records before the mark are read, from further and further back, until the rule leads from the
///   consumer's number to the mark's number within that range. After the mark the consumer continues like all others.
/// - There is no usable mark: all records are read, and the rule must lead to the greatest number. If the topic has
///   lost records and has no number left, it is not known which facts were published, so nothing is found.
struct FactSearch {
    enum Outcome: Equatable {
        /// The offset to read from. Records after it whose number the consumer has are repeats.
        case found(Int64)
        /// The topic does not have the next fact any more.
        case gone
    }

    /// Nil while further records are needed.
    private(set) var outcome: Outcome?
    /// Offsets of the records of this round.
    private(set) var range: Range<Int64> = 0..<0
    private let last: Int64
    private let beginning: Int64
    /// The number that the rule must reach; nil for the greatest in the range.
    private let goal: Int64?
    /// The number of offsets that this round goes back.
    private var width: Int64
    private var rule: FactSequence
    private var greatest: Int64 = 0
    /// The offset of the first record that the rule accepts.
    private var first: Int64?

    /// The number of additional offsets of the first round.
    private static let slack: Int64 = 256
    private static let growth: Int64 = 4

    /// `last`: the greatest sequence number that the consumer has. `beginning` and `end`: the partition's present ones.
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

    /// The next record of this round. `sequence`: nil if it is not a fact.
    mutating func add(_ sequence: Int64?, at offset: Int64) {
        guard range.contains(offset), let sequence else { return }
        greatest = max(greatest, sequence)
        if rule.judge(sequence) == .accept, first == nil { first = offset }
    }

    /// Called after every record of the round.
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
