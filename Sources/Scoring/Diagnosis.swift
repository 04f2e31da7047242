public import Events

/// Counts by name: the rules that took events, and the reasons why events did not count. Reasons are failed
/// evaluations, event types that the policy does not name, and subjects that are not enrolled.
public struct Diagnosis: Sendable, Equatable {
    /// A part of a policy that has expressions.
    public enum Part: String, Sendable, CaseIterable { case rule, measure, sanction, perk }

    /// The source and the id of an event.
    public struct Example: Sendable, Equatable {
        public var source: String
        public var id: String

        public init(source: String, id: String) { (self.source, self.id) = (source, id) }
    }

    /// Evaluations of one part's expressions that failed for one reason.
    public struct Failure: Sendable, Equatable {
        public var part: Part
        /// The part's id.
        public var id: String
        /// CEL's message, such as `no such overload`.
        public var reason: String
        /// Failed evaluations.
        public var count: Int64
        /// The first event whose evaluation failed; nil if a timer or a change of policy caused the evaluation.
        public var example: Example?

        public init(part: Part, id: String, reason: String, count: Int64, example: Example?) {
            (self.part, self.id, self.reason) = (part, id, reason)
            (self.count, self.example) = (count, example)
        }
    }

    /// Events of a type that no rule, measure or sanction names.
    public struct UnmatchedType: Sendable, Equatable {
        public var type: String
        public var events: Int64
        /// The type in the policy that is probably meant; nil if none is similar, or if no search was made.
        public var nearest: String?

        public init(type: String, events: Int64, nearest: String? = nil) {
            (self.type, self.events, self.nearest) = (type, events, nearest)
        }
    }

    /// Events of a source topic.
    public struct TopicEvents: Sendable, Equatable {
        /// Nil if it is not known.
        public var topic: String?
        public var events: Int64

        public init(topic: String?, events: Int64) { (self.topic, self.events) = (topic, events) }
    }

    /// Events that one rule took.
    public struct RuleEvents: Sendable, Equatable {
        /// Its id.
        public var rule: String
        public var events: Int64

        public init(rule: String, events: Int64) { (self.rule, self.events) = (rule, events) }
    }

    /// The work of one rule's expressions over events.
    public struct RuleCost: Sendable, Equatable {
        /// Its id.
        public var rule: String
        /// As the limit of an evaluation counts them (`Limit.cost`).
        public var units: Int64

        public init(rule: String, units: Int64) { (self.rule, self.units) = (rule, units) }
    }

    /// Rules, then measures, sanctions and perks, each in policy order.
    public var failures: [Failure] = []
    /// Failed evaluations beyond the limit of failures that are counted by name.
    public var otherFailures: Int64 = 0
    /// The most frequent first.
    public var unmatchedTypes: [UnmatchedType] = []
    /// Events of further types that no rule, measure or sanction names.
    public var otherUnmatched: Int64 = 0
    /// Early events that contribute nothing, by the topic that they came from.
    public var notEnrolled: [TopicEvents] = []
    /// Early events that wait for their subject's enrolment now.
    public var waiting: Int64 = 0
    /// In policy order, the rules that took at least one event.
    public var ruleEvents: [RuleEvents] = []
    /// In policy order, the rules whose expressions took work that depends on the event's size.
    public var ruleCosts: [RuleCost] = []
    /// Timers that fell due.
    public var timersFired: Int64 = 0

    public init() {}

    /// Limits of failures and event types that are counted by name, over all ledger partitions of a process. Types need
    /// a limit because producers choose them.
    static let (maximumFailures, maximumTypes) = (1024, 256)

    /// Adds the diagnosis of another ledger partition under the same policy.
    public mutating func add(_ other: Diagnosis) {
        let failuresBeyond = Self.add(other.failures, to: &failures, atMost: Self.maximumFailures, \.count) {
            $0.part == $1.part && $0.id == $1.id && $0.reason == $1.reason
        }
        otherFailures += other.otherFailures + failuresBeyond
        let typesBeyond = Self.add(other.unmatchedTypes, to: &unmatchedTypes, atMost: Self.maximumTypes, \.events) {
            $0.type == $1.type
        }
        otherUnmatched += other.otherUnmatched + typesBeyond
        _ = Self.add(other.notEnrolled, to: &notEnrolled, \.events) { $0.topic == $1.topic }
        waiting += other.waiting
        timersFired += other.timersFired
        _ = Self.add(other.ruleEvents, to: &ruleEvents, \.events) { $0.rule == $1.rule }
        _ = Self.add(other.ruleCosts, to: &ruleCosts, \.units) { $0.rule == $1.rule }
    }

    /// Adds items of the same name, and appends items of a new name while there are fewer than `limit`. Returns the sum
    /// of the counts of all others.
    private static func add<Item>(
        _ items: [Item], to sum: inout [Item], atMost limit: Int = .max, _ count: WritableKeyPath<Item, Int64>,
        isSame: (Item, Item) -> Bool
    ) -> Int64 {
        var rest: Int64 = 0
        for (index, item) in items.enumerated() {
            // In most cases partitions have the same names in the same order.
            let isAtIndex = index < sum.count && isSame(sum[index], item)
            if let found = isAtIndex ? index : sum.firstIndex(where: { isSame($0, item) }) {
                sum[found][keyPath: count] += item[keyPath: count]
            } else if sum.count < limit {
                sum.append(item)
            } else {
                rest += item[keyPath: count]
            }
        }
        return rest
    }
}

extension Diagnosis.Failure {
    /// `rule ride: no such overload, 3 times; the first is of source /rides, id r-2`
    public var sentence: String {
        let times = count == 1 ? "once" : "\(count) times"
        let first = example.map { "; the first is of source \($0.source), id \($0.id)" } ?? ""
        return "\(part.rawValue) \(id): \(reason), \(times)\(first)"
    }

    /// `"rule":ID,"error":REASON`, or with `measure`, `sanction` or `perk`.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.member(part.rawValue, id)
        writer.member("error", reason)
    }

    /// `{"rule":ID,"error":REASON,"count","source","id"}`; source and id are null if there was no event.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writeMembers(to: &writer)
        writer.member("count", count)
        writer.member("source", example?.source)
        writer.member("id", example?.id)
        writer.close()
    }
}
