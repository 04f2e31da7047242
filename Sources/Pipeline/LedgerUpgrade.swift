internal import Events
internal import Kafka
internal import Ledger
public import Replay
internal import Scoring

/// Moves a ledger to the newest fold version and gives it its name: it appends an entry to every ledger partition that
/// is not of that version yet. Members that know the version may run meanwhile. Others end at the entry.
public struct LedgerUpgrade {
    public struct Outcome: Hashable, Sendable {
        /// The present fold version of every ledger partition.
        public let foldVersion: UInt32
        /// The number of ledger partitions.
        public let partitions: Int
        /// The partitions that got the entry. The others had it, or began under that version.
        public let upgraded: [Int32]
    }

    /// Why a ledger is not changed.
    public struct Refused: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    private let configuration: PipelineConfiguration

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// `name`: see `LedgerIdentity.isName`. Throws `Refused`, and then has appended nothing, where a ledger partition is empty or
    /// has another name; throws `PipelineError` and `KafkaError` too. May be run again. Moves no clock.
    /// `progress` counts the offsets that were read, and frames instead of entries.
    public func run(name: String, id: String, progress: ReplayProgress = ReplayProgress()) throws -> Outcome {
        precondition(LedgerIdentity.isName(name), "\"\(name)\" is no name of a ledger")
        let ledger = LedgerIdentity(name: name)
        let topic = configuration.topics.ledger
        let partitions = try configuration.kafka.partitions(of: topic)
        guard partitions > 0 else { throw PipelineError(.topicMissing, "\(topic): no such topic") }
        let topicPartitions = (0..<Int32(partitions)).map { TopicPartition(topic, $0) }
        let ends = try configuration.kafka.ends(of: topicPartitions)
        progress.expect(ends.values.reduce(0, +))
        let older = try (0..<Int32(partitions)).filter { partition in
            let found = try identity(of: partition, until: ends[topicPartitions[Int(partition)]] ?? 0, progress)
            guard found.name == nil || found.name == name else {
                throw Refused(
                    description: "ledger partition \(partition) is of fold version \(found.version.rawValue) already, "
                        + "and has the name \(found.name ?? "") for good")
            }
            return found.version < ledger.version
        }
        if !older.isEmpty {
            try SystemEntry(
                .ledgerUpgraded, id: id, source: "/standing/operator",
                ["ledger": .text(name), "fold-version": .number(Int64(ledger.version.rawValue))]
            ).append(to: older.map { Int($0) }, of: partitions, configuration)
        }
        return Outcome(foldVersion: ledger.version.rawValue, partitions: partitions, upgraded: older)
    }

    /// The last identity of a ledger partition. It reads only up to the newest version.
    private func identity(
        of partition: Int32, until end: Int64, _ progress: ReplayProgress
    ) throws -> LedgerIdentity {
        let frames = try LedgerTopicFrames(
            configuration.kafka, topic: configuration.topics.ledger, partition: partition)
        var entries = EntryReader()
        var entry = FrameReader.blank
        let decoder = EventDecoder()
        var identity: LedgerIdentity?
        var read: Int64 = 0
        defer { progress.add(offsets: max(0, end - read), entries: 0) }
        while identity?.version != FoldVersion.newest, let frame = try frames.next() {
            progress.add(offsets: frame.offset + 1 - read, entries: 1)
            read = frame.offset + 1
            do {
                guard try entries.openOrPass(frame.bytes) else { continue }
                while try entries.next(&entry) {
                    if entry.kind == .system { try note(entry.event, in: &identity, decoder) }
                }
            } catch let error as FrameError {
                throw PipelineError(
                    .ledgerDamaged, "ledger partition \(partition), offset \(frame.offset): \(error)")
            } catch let unknown as LedgerIdentity.Unknown {
                let behind = try LedgerTopicFrames(
                    configuration.kafka, topic: configuration.topics.ledger, partition: partition,
                    from: frame.offset + 1)
                if try SkipSearch.names(frame.offset, in: behind) { continue }
                throw Refused(description: "ledger partition \(partition) is of \(unknown)")
            }
        }
        guard let identity else {
            throw Refused(
                description: "ledger partition \(partition) is empty: `standing serve --policy FILE` begins it, of the "
                    + "newest fold version")
        }
        return identity
    }

    /// The identity is in the first entry of the partition, and in those that move it to a newer version.
    private func note(
        _ event: EventView, in identity: inout LedgerIdentity?, _ decoder: EventDecoder
    ) throws(LedgerIdentity.Unknown) {
        switch ControlType(event.type) {
        case .policyActivated where identity == nil: identity = try LedgerIdentity(in: event.data, decoder)
        case .ledgerUpgraded:
            let new = try LedgerIdentity(in: event.data, decoder)
            if let old = identity, new.version > old.version { identity = new }
        default: break
        }
    }
}
