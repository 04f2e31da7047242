internal import Events

/// Changes of band that were reversed soon: a subject near a bound alternates between two bands.
struct BacktestBandReturns {
    /// A change that is reversed later than this counts as two changes.
    static let maximumDays: Int64 = 90

    private(set) var changes: Int64 = 0
    /// By the upper one of both bands: the days until the change was reversed, rounded up.
    private var days: [[Int64]]
    /// The last change of each subject.
    private var last: [[UInt8]: Change] = [:]

    private struct Change {
        var from: Int
        var to: Int
        var time: Timestamp
    }

    init(bands: Int) { days = Array(repeating: [], count: bands) }

    mutating func add(_ subject: some Sequence<UInt8>, from: Int, to: Int, at time: Timestamp) {
        guard from != to else { return }
        changes += 1
        let name = Array(subject)
        if let before = last[name], before.from == to, before.to == from {
            let passed = time.microseconds - before.time.microseconds
            let days = (passed + Timestamp.microsecondsPerDay - 1) / Timestamp.microsecondsPerDay
            if days <= Self.maximumDays { self.days[max(from, to)].append(days) }
        }
        last[name] = Change(from: from, to: to, time: time)
    }

    /// The bounds with reversed changes, the lowest first.
    func returns(_ bands: [String]) -> [BacktestReport.BandReturn] {
        days.enumerated().filter { !$0.element.isEmpty }.map { band, days in
            let sorted = days.sorted()
            return BacktestReport.BandReturn(
                band: bands[band], count: Int64(sorted.count), days: sorted[(sorted.count * 9 + 9) / 10 - 1])
        }
    }
}
