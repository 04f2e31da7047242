/// The last samples of one partition of one group, oldest first, with the group's present and past standstills.
public struct LagWindow: Sendable, Hashable {
    /// The limit of samples that a monitor stores of a partition.
    public static let standardLimit = 12
    /// A sample that comes sooner than this after the one before the last replaces the last. So the window spans at
    /// least forty seconds at any rate of looks.
    public static let standardSpacing: Int64 = 6_000
    /// A longer standstill does not count as a pause of a group that commits rarely.
    public static let longestPauseLearned: Int64 = 120_000

    public private(set) var samples: [LagSample] = []
    /// The time since which every sample has records to read and the same position; nil if the last one has not.
    public private(set) var stillSince: Int64?
    /// The number of samples since then that were added to the window.
    public private(set) var stillSamples = 0
    /// The longest time that the group stood still before records and then moved again: how rarely it commits.
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
