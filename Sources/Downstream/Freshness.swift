import Kafka

/// Whether a service knows its topic to the end, and if not, why and for how long. Time is an argument.
///
/// The brokers are asked for the partitions' ends again and again. If everything before an end is read, accepted and
/// written, the partition is known as of the moment before that end was asked for. A service is current while it has
/// known every partition within the time that it may lag. So elapsed time covers brokers that are down as well as
/// facts that cannot be read, are missing or cannot be written.
struct Freshness: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Partition {
        var position = FactPosition(offset: 0, sequence: 0)
        /// The end of the partition in the brokers' last answer.
        var end: Int64?
        /// Ends that are not reached yet, oldest first, each with the moment before it was asked for.
        var ends: [(offset: Int64, askedAt: Instant)] = []
        /// Nil if the partition is not known yet.
        var knownAt: Instant?
        /// True if more was read than the partition has.
        var endsBefore = false

        mutating func note(end: Int64, read: Int64, askedAt: Instant) {
            endsBefore = read > end
            // The topic was replaced by another one of the same name.
            if endsBefore || end < self.end ?? 0 { ends = [] }
            self.end = end
            if endsBefore { return }
            if ends.count == Freshness.maximumEnds { ends.removeLast() }
            ends.append((end, askedAt))
            advance()
        }

        mutating func advance() {
            guard position.isWhole else { return }
            let reached = ends.prefix { $0.offset <= position.offset }
            guard let last = reached.last else { return }
            knownAt = last.askedAt
            ends.removeFirst(reached.count)
        }
    }

    private struct Failure {
        let sentence: String
        let since: Instant
    }

    /// The maximum number of a partition's ends that are not reached yet.
    private static let maximumEnds = 64

    let topic: String
    let group: String
    /// How far the service may lag.
    let within: Duration
    private let start: Instant
    private var partitions: [Int32: Partition] = [:]
    /// The topic's number of partitions; nil before a broker's answer.
    private var partitionCount: Int?
    /// The partitions that are read here.
    private var assigned: Set<Int32> = []
    private var hasBegun = false
    /// Why the brokers do not answer with the ends; nil while they do.
    private var trouble: String?
    private var unread: Failure?
    private var unwritten: Failure?

    init(topic: String, group: String, within: Duration, at start: Instant) {
        (self.topic, self.group, self.within, self.start) = (topic, group, within, start)
    }

    /// Everything before these positions is read and written.
    mutating func advance(to positions: [Int32: FactPosition]) {
        for (number, position) in positions where partitions[number]?.position != position {
            partitions[number, default: Partition()].position = position
            partitions[number]?.advance()
        }
    }

    /// These partitions are read here, from these positions on.
    mutating func begin(_ assigned: Set<Int32>, at positions: [Int32: FactPosition]) {
        (self.assigned, hasBegun) = (assigned, true)
        advance(to: positions)
    }

    /// The read positions, for `note(ends:)`; nil before reading has begun, because no end is meaningful then.
    var offsets: [Int32: Int64]? { hasBegun ? partitions.mapValues(\.position.offset) : nil }

    /// Notes the ends of the topic's partitions, by number. `offsets` are the read positions when the ends were asked
    /// for.
    mutating func note(ends: [Int64], after offsets: [Int32: Int64], askedAt: Instant) {
        partitionCount = ends.count
        trouble = nil
        for (index, end) in ends.enumerated() {
            let number = Int32(index)
            partitions[number, default: Partition()].note(end: end, read: offsets[number] ?? 0, askedAt: askedAt)
        }
        // Everything that could not be written is written by now, or there is nothing to write.
        if let since = unwritten?.since, (0..<Int32(ends.count)).allSatisfy({ knownAt($0).map { $0 > since } ?? false })
        {
            unwritten = nil
        }
    }

    /// Notes that the brokers do not answer with the ends.
    mutating func note(trouble: String) { self.trouble = trouble }

    mutating func failedToRead(_ sentence: String, at now: Instant) {
        if unread?.sentence != sentence { unread = Failure(sentence: sentence, since: unread?.since ?? now) }
    }

    mutating func failedToWrite(_ sentence: String, at now: Instant) {
        if unwritten?.sentence != sentence { unwritten = Failure(sentence: sentence, since: unwritten?.since ?? now) }
    }

    mutating func hasRead() { unread = nil }
    mutating func hasWritten() { unwritten = nil }

    /// The number of partitions that others read; 0 while nothing is assigned here, or while the number is not known.
    var partitionsElsewhere: Int {
        guard let partitionCount, !assigned.isEmpty else { return 0 }
        return max(0, partitionCount - assigned.count)
    }

    /// How far the service has read, in numbers.
    struct Progress: Sendable, Equatable {
        /// The number of partitions that are read here.
        var partitions: Int
        /// The number of their records that are not read yet; nil before a broker's answer about the ends.
        var unread: Int64?
        /// The time since the whole topic was known, or since the start.
        var behind: Duration
    }

    func progress(at now: Instant) -> Progress {
        let unread = assigned.reduce(Int64?.none) { sum, number in
            guard let partition = partitions[number], let end = partition.end else { return sum }
            return (sum ?? 0) + max(0, end - partition.position.offset)
        }
        let known = (0..<Int32(partitionCount ?? 0)).map { knownAt($0) ?? start }
        return Progress(partitions: assigned.count, unread: unread, behind: now - (known.min() ?? start))
    }

    private func knownAt(_ partition: Int32) -> Instant? { partitions[partition]?.knownAt }

    /// Why the service is not current, one sentence per reason; empty if it is.
    func reasons(at now: Instant) -> [String] {
        var reasons = [unread, unwritten].compactMap(\.self).map {
            "\($0.sentence) (for \(Self.seconds(now - $0.since)) s)"
        }
        guard let partitionCount else {
            return reasons + [
                "how far \(topic) goes is not known, for \(Self.seconds(now - start)) s: \(trouble ?? "no broker has answered yet")"
            ]
        }
        for number in 0..<Int32(partitionCount) {
            let since = knownAt(number)
            if let since, now - since <= within { continue }
            let time = Self.seconds(now - (since ?? start))
            let bound = "\(Self.seconds(within)) s are allowed"
            reasons.append(
                "\(TopicPartition(topic, number)) is not known to its end, for \(time) s (\(bound)): \(why(number))")
        }
        return reasons
    }

    /// Why a partition is not known to its end.
    private func why(_ number: Int32) -> String {
        let partition = partitions[number] ?? Partition()
        let position = partition.position
        if partition.endsBefore {
            return
                "it ends before offset \(position.offset), to which it was read: it was made anew or has lost its end"
        }
        if position.seen > position.sequence {
            return "of the facts from sequence \(position.sequence + 1) to \(position.seen) some are missing"
        }
        if position.seen < position.sequence {
            return
                "it was read from its beginning again and has nothing yet of sequence \(position.sequence), which was "
                + "accepted before"
        }
        if let end = partition.end, end > position.offset {
            guard assigned.contains(number) else {
                return "it is not read here: another member of group \(group) has it, or none yet"
            }
            return "\(end - position.offset) records are not read yet"
        }
        return trouble ?? "its end is not told"
    }

    /// Whole seconds, rounded up.
    private static func seconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}
