public import Events
public import CEL

extension ScoringPolicy {
    /// What events, or the measures of a subject, are worth.
    public struct Rule: Sendable {
        /// What a bucket gives shrinks by equal steps after its end, one a unit of its `lasts`.
        public struct Fading: Sendable, Equatable {
            /// From 1 to `maximumSteps`; after the last nothing is left.
            public var steps: Int64
            /// Days or months.
            public var unit: CalendarSpan.Unit

            public static let maximumSteps: Int64 = 120

            /// Years are 12 months each. Nil if there are no steps or too many.
            public init?(over lasts: CalendarSpan) {
                steps = lasts.unit == .years ? lasts.count * 12 : lasts.count
                unit = lasts.unit == .years ? .months : lasts.unit
                guard (1...Self.maximumSteps).contains(steps) else { return nil }
            }

            /// What is left of a bucket's clamped sum after so many steps, truncated towards zero.
            public func rest(of points: Int64, after step: Int64) -> Int64 {
                guard step > 0 else { return points }
                guard step < steps else { return 0 }
                // Sums saturate far below this: a division of one word does.
                if points.magnitude < 1 << 56 { return points * (steps - step) / steps }
                let rest = UInt64(steps).dividingFullWidth(
                    points.magnitude.multipliedFullWidth(by: UInt64(steps - step))
                ).quotient
                return points < 0 ? -Int64(rest) : Int64(rest)
            }
        }

        public var id: String
        public var dimension: Int
        public var kinds: KindSet
        /// Empty for a rule over measures.
        public var events: [EventPattern]
        /// Over the event; nil: always.
        public var when: Expression?
        public var points: Points
        public var per: Period
        /// What a bucket, a window or a rule over measures gives is clamped to `-cap...cap`; `Int64.max`: it is not.
        public var cap: Int64
        /// How long a bucket counts after its end; nil: for ever.
        public var lasts: CalendarSpan?
        /// A rolling rule's window, instead of buckets: its sum is that of the events in it. Nil if it has buckets.
        public var within: CalendarSpan? = nil
        public var fading: Fading? = nil

        /// It has no event: its points are a function of the subject's measures.
        public var isOverMeasures: Bool { events.isEmpty }

        /// The instant from which a bucket counts no more; `Int64.max`: never.
        public func end(of bucket: Int32) -> Timestamp {
            guard let lasts else { return Timestamp(microseconds: .max) }
            return per.end(of: bucket).adding(lasts)
        }

        /// The instant from which a bucket that fades has made so many steps.
        public func start(ofStep step: Int64, of bucket: Int32) -> Timestamp {
            let end = per.end(of: bucket)
            return fading.map { end.adding(CalendarSpan(step, $0.unit)) } ?? end
        }

        /// The instant from which an event of a rolling rule is in its window no more; `Int64.max`: never.
        public func windowEnd(of time: Timestamp) -> Timestamp { ScoringPolicy.windowEnd(of: time, within) }
    }

    /// A window is added to the end of the event's UTC day. Nil, and `Int64.max`: for ever.
    static func windowEnd(of time: Timestamp, _ within: CalendarSpan?) -> Timestamp {
        guard let within else { return Timestamp(microseconds: .max) }
        return Period.day.end(of: Period.day.bucket(of: time)).adding(within)
    }
}
