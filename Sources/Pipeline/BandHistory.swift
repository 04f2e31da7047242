internal import Events

/// The number of subjects by band in a ledger partition, at one point of each minute of the last day and of each hour
/// of the last 90 days. Minutes and hours are of the partition's clock, so a second fold of the ledger gives the same
/// history. Its size is bounded (`maximumBytes`), whatever the number of subjects. It is written beside each snapshot
/// of the partition (`bytes`). Frames after the last snapshot are folded again after a restart, and so are their
/// samples. Without a data folder it begins with the process.
struct BandHistory: Sendable {
    /// The numbers of subjects by band at a point of the ledger.
    struct Sample: Sendable, Equatable {
        /// The partition's clock.
        var clock: Timestamp
        /// The number of the set of the bands' names.
        var names: Int32
        var subjects: [Int32]
    }

    static let minutes = 24 * 60
    static let hours = 90 * 24
    /// The greatest number of sets of names. Each activation of a policy with other bands adds one. The oldest set is
    /// removed together with its samples.
    static let maximumNames = 64
    /// 0.3 MiB with seven bands, which many policies have.
    static func maximumBytes(bands: Int) -> Int {
        // An array takes 32 bytes beside its elements.
        (minutes + hours) * (MemoryLayout<Sample>.stride + 32 + bands * MemoryLayout<Int32>.stride)
    }

    /// The last samples, one per period. The oldest is at `first`.
    struct Ring: Sendable {
        let period: Int64
        let capacity: Int
        private(set) var samples: [Sample] = []
        private var first = 0
        private var last = Int64.min

        init(seconds: Int64, capacity: Int) {
            period = seconds * Timestamp.microsecondsPerSecond
            self.capacity = capacity
        }

        /// Whether the clock is in a later period than the last sample. During a second fold of the partition it is in
        /// earlier ones.
        func isDue(_ clock: Timestamp) -> Bool { clock != .distantPast && clock.microseconds / period > last }

        mutating func append(_ sample: Sample) {
            last = sample.clock.microseconds / period
            if samples.count < capacity {
                samples.append(sample)
            } else {
                samples[first] = sample
                first = (first + 1) % capacity
            }
        }

        mutating func removeAll(where isGone: (Sample) -> Bool) {
            samples = (Array(samples[first...]) + samples[..<first]).filter { !isGone($0) }
            first = 0
        }

        /// Oldest first.
        var ordered: [Sample] { Array(samples[first...]) + samples[..<first] }
    }

    var byMinute = Ring(seconds: 60, capacity: minutes)
    var byHour = Ring(seconds: 3600, capacity: hours)
    /// By number, from `firstNames` on.
    var names: [[String]] = []
    var firstNames: Int32 = 0

    /// Takes a sample of the fold's last view, once in each minute.
    mutating func note(_ view: PartitionView) { note(view.bands, at: view.clock) }

    mutating func note(_ bands: [PartitionView.Band], at clock: Timestamp) {
        guard byMinute.isDue(clock), !bands.isEmpty else { return }
        let names = bands.map(\.name)
        if self.names.last != names {
            self.names.append(names)
            if self.names.count > Self.maximumNames { dropOldestNames() }
        }
        let sample = Sample(
            clock: clock, names: firstNames + Int32(self.names.count - 1),
            subjects: bands.map { Int32(clamping: $0.subjects) })
        byMinute.append(sample)
        if byHour.isDue(clock) { byHour.append(sample) }
    }

    private mutating func dropOldestNames() {
        names.removeFirst()
        firstNames += 1
        let first = firstNames
        byMinute.removeAll { $0.names < first }
        byHour.removeAll { $0.names < first }
    }

    /// Subjects by band, in the order of the bands, with the clock. The oldest is first.
    func samples(_ resolution: PipelineService.BandResolution) -> [(clock: Timestamp, bands: [PartitionView.Band])] {
        (resolution == .minutes ? byMinute : byHour).ordered.map { sample in
            let names = names[Int(sample.names - firstNames)]
            return (sample.clock, zip(names, sample.subjects).map { .init(name: $0, subjects: Int($1)) })
        }
    }
}
