public import Events
public import CEL

extension ScoringPolicy {
    /// A value with a name, for every expression.
    public struct Constant: Sendable {
        public var name: String
        public var value: Value
    }

    /// What an enrolment may say of a subject, for every expression.
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
            /// Of the last event by time, source and id.
            case latest(Expression)
            /// Events after the last one of what breaks the streak.
            case streak(breakers: [EventPattern])
        }

        public var id: String
        public var dimension: Int
        public var kinds: KindSet
        public var events: [EventPattern]
        /// Over the event; nil: always.
        public var when: Expression?
        public var value: Value
        /// Nil: for ever.
        public var within: CalendarSpan?
        /// Its events are held against the subject: one that comes into it can impose a sanction by level.
        public var isAdverse: Bool

        /// Without events it has no value: reading it is an error.
        public var mayBeAbsent: Bool {
            switch value {
            case .count, .sum, .streak: false
            case .min, .max, .latest: true
            }
        }

        public var breakers: [EventPattern] {
            if case .streak(let breakers) = value { breakers } else { [] }
        }

        /// The expression that gives an event's value; nil where each counts as one.
        public var amount: Expression? {
            switch value {
            case .sum(let amount), .min(let amount), .max(let amount), .latest(let amount): amount
            case .count, .streak: nil
            }
        }

        /// The instant from which an event is in it no more; `Int64.max`: never.
        public func windowEnd(of time: Timestamp) -> Timestamp { ScoringPolicy.windowEnd(of: time, within) }
    }
}
