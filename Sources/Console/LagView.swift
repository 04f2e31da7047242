/// The distance of readers from the end of their topics.
public struct LagView: Sendable {
    public struct Group: Sendable {
        public var name: String
        public var level: Level
        public var status: String
        /// The age of the next unread record; nil if it is unknown.
        public var seconds: Double?
        public var records: Int?
        public var trend: String
        public var catchUp: String
        /// Sentences, the most probable first.
        public var causes: [String]
        public var history: [Reading]
        /// Empty on the page of all groups.
        public var partitions: [Partition]

        public init(
            name: String, level: Level, status: String, seconds: Double?, records: Int?, trend: String,
            catchUp: String, causes: [String], history: [Reading], partitions: [Partition]
        ) {
            (self.name, self.level, self.status) = (name, level, status)
            (self.seconds, self.records, self.trend, self.catchUp) = (seconds, records, trend, catchUp)
            (self.causes, self.history, self.partitions) = (causes, history, partitions)
        }
    }

    public struct Partition: Sendable {
        public var name: String
        public var level: Level
        public var status: String
        public var seconds: Double?
        public var records: Int?
        public var committed: Int64?
        public var end: Int64?
        public var readPerSecond: Double?
        public var arrivePerSecond: Double?

        public init(
            name: String, level: Level, status: String, seconds: Double?, records: Int?, committed: Int64?,
            end: Int64?, readPerSecond: Double?, arrivePerSecond: Double?
        ) {
            (self.name, self.level, self.status) = (name, level, status)
            (self.seconds, self.records, self.committed, self.end) = (seconds, records, committed, end)
            (self.readPerSecond, self.arrivePerSecond) = (readPerSecond, arrivePerSecond)
        }
    }

    /// The range of the number of subjects with unread events; nil if it is unknown.
    public var people: ClosedRange<Int>?
    public var groups: [Group]
    /// The group of the page; nil on the page of all groups.
    public var selected: Group?
    /// Why the lag is unknown; nil if it is known.
    public var failure: String?

    public init(people: ClosedRange<Int>?, groups: [Group], selected: Group?, failure: String?) {
        (self.people, self.groups, self.selected, self.failure) = (people, groups, selected, failure)
    }
}
