public import Events
internal import Scoring

/// A subject's score over time, with the causes of each step: the data of a plot.
public struct ScoreHistory: Sendable {
    /// The score from this time on.
    public struct Point: Sendable, Equatable {
        public var time: Timestamp
        /// Nil from a withdrawal on.
        public var score: Int64?
        public var band: String?
        /// Rules and points, largest first.
        public var reasons: [(rule: String, points: Int64)]
        /// The number of the entry in the history; nil if the passage of time is the cause.
        var entry: Int?

        public static func == (a: Self, b: Self) -> Bool {
            a.time == b.time && a.score == b.score && a.band == b.band && a.entry == b.entry
                && a.reasons.elementsEqual(b.reasons) { $0 == $1 }
        }
    }

    /// Limits of the points of a plot.
    public static let pointLimits = 4...5000
    public static let maximumReasons = 5

    /// In the order in which they came.
    public let points: [Point]
    /// The number of all points; greater than that of `points` if some are omitted.
    public let steps: Int
    private let history: SubjectEntries

    /// At most `maximum` points, which is clamped to `pointLimits`. If there are more, the points are divided into a
    /// quarter of that number of equal stretches. Each stretch retains its first and last point, and its least and
    /// greatest score. So no peak is lost, and a plot of that width looks the same. Throws errors of a replay.
    public init(_ history: SubjectEntries, asOf time: Timestamp? = nil, maximum: Int) throws {
        let replay = try SubjectReplay(history, asOf: time)
        var points: [Point] = []
        for step in replay.steps {
            for change in step.changes where change.kind == .scoreChanged {
                let band = change.after.flatMap { $0.split(separator: " ", maxSplits: 1).last }.map(String.init)
                points.append(
                    Point(
                        time: change.time, score: change.score, band: band,
                        reasons: Array(change.reasons.prefix(Self.maximumReasons)),
                        entry: change.isTimer ? nil : step.entry))
            }
        }
        self.history = history
        steps = points.count
        self.points = Self.thinned(points, to: Self.pointLimits.clamped(maximum))
    }

    static func thinned(_ points: [Point], to maximum: Int) -> [Point] {
        guard points.count > maximum else { return points }
        let stretches = maximum / 4
        return (0..<stretches).flatMap { stretch -> [Point] in
            let range = points.count * stretch / stretches..<points.count * (stretch + 1) / stretches
            // A withdrawal is below every score.
            func score(_ index: Int) -> Int64 { points[index].score ?? .min }
            guard let first = range.first, let last = range.last,
                let least = range.min(by: { score($0) < score($1) }),
                let greatest = range.max(by: { score($0) < score($1) })
            else { return [] }
            return Set([first, last, least, greatest]).sorted().map { points[$0] }
        }
    }

    /// `{"subject","steps","points":[{"time","score","band","cause":{"type","source","id","time","offset"},"reasons":[{"rule",
    /// "points"}]}]}`. `cause` is null if the passage of time is the cause; `score` and `band` are null from a
    /// withdrawal on.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("subject", utf8: history.subject)
        writer.member("steps", steps)
        writer.list("points", points) { writer, point in
            writer.open()
            writer.member("time", point.time.known)
            writer.member("score", point.score)
            writer.member("band", point.band)
            writer.key("cause")
            point.entry.map { history.entries[$0] }.writeCause(to: &writer)
            SubjectFile.write(point.reasons, to: &writer)
            writer.close()
        }
        writer.close()
    }
}

extension ClosedRange<Int> {
    fileprivate func clamped(_ number: Int) -> Int { Swift.min(upperBound, Swift.max(lowerBound, number)) }
}
