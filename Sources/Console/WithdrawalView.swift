/// What the withdrawal of a source would change. It names nobody.
public enum WithdrawalView: Sendable {
    case counted(Numbers)
    /// The history is being folded: the share that is done, from 0 to 1.
    case counting(done: Double)
    /// Why it is not known, as a sentence.
    case unknown(String)
    /// Why the source cannot be withdrawn, as a sentence.
    case refused(String)

    public struct Numbers: Sendable {
        /// Events of the source that would count no longer.
        public var events: Int
        /// Subjects with a higher, a lower and the same score.
        public var gain: Int
        public var lose: Int
        public var same: Int
        /// Points; 0 if nobody loses any.
        public var largestLoss: Int
        public var bandUp: Int
        public var bandDown: Int
        /// Each of a subject.
        public var liftedSanctions: Int
        public var wonPerks: Int
        public var lostPerks: Int

        public init(
            events: Int, gain: Int, lose: Int, same: Int, largestLoss: Int, bandUp: Int, bandDown: Int,
            liftedSanctions: Int, wonPerks: Int, lostPerks: Int
        ) {
            (self.events, self.gain, self.lose, self.same) = (events, gain, lose, same)
            (self.largestLoss, self.bandUp, self.bandDown) = (largestLoss, bandUp, bandDown)
            (self.liftedSanctions, self.wonPerks, self.lostPerks) = (liftedSanctions, wonPerks, lostPerks)
        }
    }
}

extension ActForm {
    /// Shows what the act would change. `topic`: of the form.
    mutating func add(_ view: WithdrawalView, of topic: String) {
        more = nil
        switch view {
        case .counted(let numbers):
            func subjects(_ count: Int) -> String { ConsolePages.number(count, "subject") }
            let loss =
                numbers.largestLoss > 0 ? ", \(ConsolePages.number(numbers.largestLoss, "point")) at most" : ""
            facts += [
                ("Events that count no longer", ConsolePages.count(numbers.events)),
                ("Higher score", subjects(numbers.gain)), ("Lower score", subjects(numbers.lose) + loss),
                ("The same score", subjects(numbers.same)), ("Higher band", subjects(numbers.bandUp)),
                ("Lower band", subjects(numbers.bandDown)),
                ("Sanctions lifted", ConsolePages.count(numbers.liftedSanctions)),
                (
                    "Perks won and lost",
                    "\(ConsolePages.count(numbers.wonPerks)) and \(ConsolePages.count(numbers.lostPerks))"
                ),
            ]
            note = "Counted from the ledger within the last ten minutes."
        case .counting(let done):
            note = "The ledger is folded for this, and \(ConsolePages.share(done)) is done. You need not wait for it."
            more = ("Look again", Self.counting(topic))
        case .unknown(let sentence):
            note = "What it would change is not known here. \(sentence)"
        case .refused(let sentence):
            note = "It cannot be withdrawn. \(sentence)"
            isRefused = true
        }
    }

    /// The path of the form of a source's withdrawal with what it would change.
    static func counting(_ topic: String) -> String {
        ConsolePath.act(.withdrawSource, [("topic", topic), (whatIf, "yes")])
    }

    static let whatIf = "what-if"
}
