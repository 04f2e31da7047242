public import Events

/// The numbers of each source topic: its events, and its errors.
public struct SourcesView: Sendable {
    public struct Source: Sendable {
        public var topic: String
        public var level: Level
        /// The state in words: `reading`, `made anew, waits for a look`.
        public var state: String
        public var events: Int
        public var perSecond: Double?
        public var last: Timestamp?
        public var rates: [Reading]
        public var deadLetters: [ReasonCount]
        public var notEnrolled: Int
        public var duplicates: Int
        /// Decided appeals against sanctions that its events imposed, and the upheld ones among them.
        public var decided: Int
        public var upheld: Int
        /// Whether an operator has to acknowledge it.
        public var wantsAcknowledgement: Bool

        public init(
            topic: String, level: Level, state: String, events: Int, perSecond: Double?, last: Timestamp?,
            rates: [Reading], deadLetters: [ReasonCount], notEnrolled: Int, duplicates: Int, decided: Int, upheld: Int,
            wantsAcknowledgement: Bool
        ) {
            (self.topic, self.level, self.state, self.events) = (topic, level, state, events)
            (self.perSecond, self.last, self.rates) = (perSecond, last, rates)
            (self.deadLetters, self.notEnrolled, self.duplicates) = (deadLetters, notEnrolled, duplicates)
            (self.decided, self.upheld, self.wantsAcknowledgement) = (decided, upheld, wantsAcknowledgement)
        }
    }

    public var sources: [Source]

    public init(sources: [Source]) { self.sources = sources }
}
