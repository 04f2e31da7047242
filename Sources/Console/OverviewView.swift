public import Events

/// The present state of the programme.
public struct OverviewView: Sendable {
    /// The name of the programme, from the ledger.
    public var programme: String
    public var time: Timestamp
    public var subjects: Int
    public var eventsPerSecond: Double?
    public var factsPerSecond: Double?
    /// The age of the oldest event that is read and not folded; nil if it is unknown.
    public var lagSeconds: Double?
    /// The range of the number of subjects with unfolded events; nil if it is unknown.
    public var peopleWaiting: ClosedRange<Int>?
    /// The oldest first.
    public var rates: [Reading]
    public var lags: [Reading]
    /// In the policy's order, the lowest first.
    public var bands: [BandCount]
    public var openAppeals: Int
    public var deadLetters: Int
    /// Problems that need attention, the most urgent first.
    public var attention: [Attention]
    /// The newest first.
    public var changes: [Change]
    public var members: [Member]

    public init(
        programme: String, time: Timestamp, subjects: Int, eventsPerSecond: Double?, factsPerSecond: Double?,
        lagSeconds: Double?, peopleWaiting: ClosedRange<Int>?, rates: [Reading], lags: [Reading], bands: [BandCount],
        openAppeals: Int, deadLetters: Int, attention: [Attention], changes: [Change], members: [Member]
    ) {
        (self.programme, self.time, self.subjects) = (programme, time, subjects)
        (self.eventsPerSecond, self.factsPerSecond) = (eventsPerSecond, factsPerSecond)
        (self.lagSeconds, self.peopleWaiting, self.rates, self.lags) = (lagSeconds, peopleWaiting, rates, lags)
        (self.bands, self.openAppeals, self.deadLetters) = (bands, openAppeals, deadLetters)
        (self.attention, self.changes, self.members) = (attention, changes, members)
    }

    public struct BandCount: Sendable {
        public var name: String
        /// The lowest score of the band; nil if it is unknown.
        public var from: Int?
        public var subjects: Int

        public init(name: String, from: Int?, subjects: Int) {
            (self.name, self.from, self.subjects) = (name, from, subjects)
        }
    }

    public struct Attention: Sendable {
        public var level: Level
        /// The problem and its remedy, in a sentence or two.
        public var sentence: String
        /// The path of the console's page about it; nil if there is none.
        public var path: String?

        public init(level: Level, sentence: String, path: String?) {
            (self.level, self.sentence, self.path) = (level, sentence, path)
        }
    }

    /// One fact.
    public struct Change: Sendable {
        public enum Kind: String, Sendable { case score, sanction, perk }

        public var time: Timestamp
        public var subject: SubjectID
        public var kind: Kind
        /// The change without the subject: `612 to 640, band B to A`.
        public var sentence: String

        public init(time: Timestamp, subject: SubjectID, kind: Kind, sentence: String) {
            (self.time, self.subject, self.kind, self.sentence) = (time, subject, kind, sentence)
        }
    }

    public struct Member: Sendable {
        public var name: String
        /// `folding`, `standby`, `away`.
        public var state: String
        public var level: Level
        public var partitions: Int
        public var lagSeconds: Double?

        public init(name: String, state: String, level: Level, partitions: Int, lagSeconds: Double?) {
            (self.name, self.state, self.level) = (name, state, level)
            (self.partitions, self.lagSeconds) = (partitions, lagSeconds)
        }
    }
}

/// The severity of a state. A page shows it as a word and never by colour alone.
public enum Level: String, Sendable { case good, notice, bad }

/// A measured value; nil if it was unknown at that time.
public struct Reading: Sendable {
    public var time: Timestamp
    public var value: Double?

    public init(time: Timestamp, value: Double?) { (self.time, self.value) = (time, value) }
}

/// The number for one reason.
public struct ReasonCount: Sendable {
    public var reason: String
    public var count: Int

    public init(reason: String, count: Int) { (self.reason, self.count) = (reason, count) }
}
