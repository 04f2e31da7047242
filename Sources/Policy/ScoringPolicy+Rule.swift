public import Events
public import CEL

extension ScoringPolicy {
    /// Points for events, or for the measures of a subject.
    public struct Rule: Sendable {
        /// The points of a bucket decrease in equal steps after its end, one per unit of its `lasts`.
        public struct Fading: Sendable, Equatable {
            /// From 1 to `maximumSteps`. After the last step the points are 0.
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

            /// The rest of a bucket's clamped sum after this many steps, truncated towards zero.
            public func rest(of points: Int64, after step: Int64) -> Int64 {
                guard step > 0 else { return points }
                guard step < steps else { return 0 }
                // Sums saturate far below this, so a division of one word suffices.
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
        /// An expression over the event; nil if every event matches.
        public var when: Expression?
        public var points: Points
        public var per: Period
        /// The points of a bucket, a window or a rule over measures are clamped to `-cap...cap`; `Int64.max` means no
        /// cap.
        public var cap: Int64
        /// How long a bucket counts after its end; nil if it counts for ever.
        public var lasts: CalendarSpan?
        /// The window of a rolling rule, which has the sum of the events in it instead of buckets. Nil if the rule has
        /// buckets.
        public var within: CalendarSpan? = nil
        public var fading: Fading? = nil

        /// Whether the rule has no event, so that its points are a function of the subject's measures.
        public var isOverMeasures: Bool { events.isEmpty }

        /// The instant from which a bucket does not count; `Int64.max` if it always counts.
        public func end(of bucket: Int32) -> Timestamp {
            guard let lasts else { return Timestamp(microseconds: .max) }
            return per.end(of: bucket).adding(lasts)
        }

        /// The instant from which a fading bucket has made this many steps.
        public func start(ofStep step: Int64, of bucket: Int32) -> Timestamp {
            let end = per.end(of: bucket)
            return fading.map { end.adding(CalendarSpan(step, $0.unit)) } ?? end
        }

        /// An upper bound of the buckets that count at one moment; nil if there is none. Events may be late, and have
        /// any time, but an expired bucket does not count. Records depend on it: a change needs a new fold version.
        public var maximumLiveBuckets: Int64? {
            let shortest: Int64
            switch per {
            case .ever: return 1
            case .day: shortest = 1
            case .month: shortest = 28
            case .year: shortest = 365
            }
            return lasts.map { $0.days.upperBound / shortest + 2 }
        }

        /// The instant from which an event is not in a rolling rule's window; `Int64.max` if it stays for ever.
        public func windowEnd(of time: Timestamp) -> Timestamp { ScoringPolicy.windowEnd(of: time, within) }
    }

    /// A window is added to the end of the event's UTC day. Nil gives `Int64.max`, which means for ever.
    static func windowEnd(of time: Timestamp, _ within: CalendarSpan?) -> Timestamp {
        guard let within else { return Timestamp(microseconds: .max) }
        return Period.day.end(of: Period.day.bucket(of: time)).adding(within)
    }
}
