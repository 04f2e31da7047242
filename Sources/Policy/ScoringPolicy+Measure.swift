public import Events
public import CEL

extension ScoringPolicy {
    /// A named value in every expression.
    public struct Constant: Sendable {
        public var name: String
        public var value: Value
    }

    /// A value of a subject from its enrolment, in every expression.
    public struct Attribute: Sendable, Equatable {
        public var name: String
        public var type: AttributeType
    }

    public enum AttributeType: String, CaseIterable, Sendable {
        case int, double, string, bool, timestamp

        var valueType: ValueType {
            switch self {
            case .int: .int
            case .double: .double
            case .string: .string
            case .bool: .bool
            case .timestamp: .timestamp
            }
        }
    }

    /// A number about a subject beside its points: a function of the set of its events and of the clock.
    public struct Measure: Sendable {
        /// The expressions are over the event and give an int.
        public enum Value: Sendable {
            case count
            case sum(Expression)
            case min(Expression)
            case max(Expression)
            /// The value of the last event by time, source and id.
            case latest(Expression)
            /// The number of events after the last one that breaks the streak.
            case streak(breakers: [EventPattern])
        }

        public var id: String
        public var dimension: Int
        public var kinds: KindSet
        public var events: [EventPattern]
        /// An expression over the event; nil if every event is in the measure.
        public var when: Expression?
        public var value: Value
        /// Nil if events stay in the measure for ever.
        public var within: CalendarSpan?
        /// Whether its events are held against the subject: one that comes into it can impose a level sanction.
        public var isAdverse: Bool

        /// Whether it has no value without events. Reading it is then an error.
        public var mayBeAbsent: Bool {
            switch value {
            case .count, .sum, .streak: false
            case .min, .max, .latest: true
            }
        }

        public var breakers: [EventPattern] {
            if case .streak(let breakers) = value { breakers } else { [] }
        }

        /// The expression of an event's value; nil if each event counts as one.
        public var amount: Expression? {
            switch value {
            case .sum(let amount), .min(let amount), .max(let amount), .latest(let amount): amount
            case .count, .streak: nil
            }
        }

        /// The instant from which an event is not in the measure; `Int64.max` if it stays for ever.
        public func windowEnd(of time: Timestamp) -> Timestamp { ScoringPolicy.windowEnd(of: time, within) }
    }
}
