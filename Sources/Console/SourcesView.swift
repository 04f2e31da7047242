/// The numbers of each source topic: its events, and its errors.
public struct SourcesView: Sendable {
    public struct Source: Sendable {
        public var topic: String
        public var level: Level
        /// The state in words: `reading`, `made anew, waits for a look`, `withdrawn`.
        public var state: String
        /// The owner and purpose of the source in its topic's declaration; nil if there is none.
        public var declaration: String?
        /// Records that this member has read since its start.
        public var events: Int
        public var perSecond: Double?
        /// Nil if the cluster does not have the topic.
        public var unread: Int?
        public var deadLetters: [ReasonCount]
        public var notEnrolled: Int
        /// Decided appeals against sanctions that its events can impose, and the upheld ones among them.
        public var decided: Int
        public var upheld: Int
        /// Whether an operator has to acknowledge it.
        public var wantsAcknowledgement: Bool
        /// The acts that would change whether it counts, in a ledger partition at least; none while one is being done.
        public var changes: [Change]

        public enum Change: Sendable { case withdraw, restore }

        public init(
            topic: String, level: Level, state: String, declaration: String?, events: Int, perSecond: Double?,
            unread: Int?, deadLetters: [ReasonCount], notEnrolled: Int, decided: Int, upheld: Int,
            wantsAcknowledgement: Bool, changes: [Change]
        ) {
            (self.topic, self.level, self.state, self.declaration) = (topic, level, state, declaration)
            (self.events, self.perSecond, self.unread) = (events, perSecond, unread)
            (self.deadLetters, self.notEnrolled) = (deadLetters, notEnrolled)
            (self.decided, self.upheld, self.wantsAcknowledgement) = (decided, upheld, wantsAcknowledgement)
            self.changes = changes
        }
    }

    public var sources: [Source]
    /// Events of all sources that were published twice, in the partitions that are folded here. Each counts once.
    public var duplicates: Int
    /// Ledger partitions in which it is not known whether sources are withdrawn.
    public var unknownPartitions: Int

    public init(sources: [Source], duplicates: Int = 0, unknownPartitions: Int = 0) {
        (self.sources, self.duplicates, self.unknownPartitions) = (sources, duplicates, unknownPartitions)
    }
}
