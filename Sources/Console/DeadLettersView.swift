public import Events

/// Records that are not valid events.
public struct DeadLettersView: Sendable {
    public struct Letter: Sendable {
        /// The partition and offset in the dead-letter topic: `3:1207`.
        public var key: String
        public var topic: String
        public var partition: Int
        public var offset: Int64
        public var time: Timestamp
        public var reason: String
        /// The defect and its remedy.
        public var sentence: String
        /// The first bytes of the record.
        public var bytes: [UInt8]
        public var size: Int
        /// An event that would be accepted; nil if none is proposed.
        public var proposal: String?
        /// Whether it is neither sent again nor discarded.
        public var isWaiting: Bool

        public init(
            key: String, topic: String, partition: Int, offset: Int64, time: Timestamp, reason: String,
            sentence: String, bytes: [UInt8], size: Int, proposal: String?, isWaiting: Bool
        ) {
            (self.key, self.topic, self.partition, self.offset) = (key, topic, partition, offset)
            (self.time, self.reason, self.sentence) = (time, reason, sentence)
            (self.bytes, self.size, self.proposal, self.isWaiting) = (bytes, size, proposal, isWaiting)
        }
    }

    public var reasons: [ReasonCount]
    public var letters: [Letter]
    /// The letter that is shown in full; nil on the list.
    public var selected: Letter?
    public var next: String?

    public init(reasons: [ReasonCount], letters: [Letter], selected: Letter?, next: String?) {
        (self.reasons, self.letters, self.selected, self.next) = (reasons, letters, selected, next)
    }
}
