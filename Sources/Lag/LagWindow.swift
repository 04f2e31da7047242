/// The last samples of one partition of one group, oldest first, and how long the group stood still before and since.
public struct LagWindow: Sendable, Hashable {
    /// Samples that a monitor keeps of a partition.
    public static let standardLimit = 12
    /// A sample that comes sooner after the one before the last takes the place of the last. So the window spans forty seconds
    /// at least, however often somebody looks.
    public static let standardSpacing: Int64 = 6_000
    /// A pause that ended after longer than this was no pause of a group that commits seldom.
    public static let longestPauseLearned: Int64 = 120_000

    public private(set) var samples: [LagSample] = []
    /// Since when every sample has shown records to read and the same position; nil if the last one does not.
    public private(set) var stillSince: Int64?
    /// The samples since then that took a place in the window.
    public private(set) var stillSamples = 0
    /// The longest time that the group stood still before records and then went on: how seldom it commits.
    public private(set) var longestPause: Int64 = 0

    public init() {}

    /// A window of exactly these samples.
    public init(_ samples: [LagSample]) {
        for sample in samples { append(sample, limit: samples.count, spacing: 0) }
    }

    /// A limit below 1 counts as 1.
    public mutating func append(
        _ sample: LagSample, limit: Int = standardLimit, spacing: Int64 = standardSpacing
    ) {
        let isInPlace = samples.count >= 2 && sample.time - samples[samples.count - 2].time < spacing
        noteStill(sample, isInPlace: isInPlace)
        if isInPlace {
            samples[samples.count - 1] = sample
            return
        }
        if samples.isEmpty { samples.reserveCapacity(max(1, limit)) }
        if samples.count >= max(1, limit) { samples.removeFirst() }
        samples.append(sample)
    }

    private mutating func noteStill(_ sample: LagSample, isInPlace: Bool) {
        guard let position = sample.position, sample.end != nil, !sample.isRead, !sample.isBeyondEnd else {
            (stillSince, stillSamples) = (nil, 0)
            return
        }
        if let since = stillSince, let before = samples.last, let last = before.position, before.time < sample.time {
            if last == position {
                if !isInPlace { stillSamples += 1 }
                return
            }
            let pause = sample.time - since
            if position > last, pause <= Self.longestPauseLearned { longestPause = max(longestPause, pause) }
        }
        (stillSince, stillSamples) = (sample.time, 1)
    }
}
