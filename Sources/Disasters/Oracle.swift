internal import Events
internal import Kafka
internal import Ledger
internal import Pipeline
internal import Policy
internal import Replay
internal import Scoring
internal import Simulation

/// Computes the expected results from the acknowledged records in the simplest way: every record of a source is once in
/// the ledger, in its order, or a dead letter; every ledger partition is folded from its beginning; consumers accept
/// the facts that follow from it.
struct Oracle {
    /// A difference from the expected results.
    struct Objection: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// A ledger partition, folded.
    struct Folded {
        var digest: StateDigest
        var sequences: [Int64]
        var clock: Int64
        var withdrawnSources: [[UInt8]]
        /// By the offset of the next frame, for the offsets that were requested.
        var states: [Int64: FoldedState]
        /// Standings as JSON, by the offset of the next frame and the subject, for those that were requested. A subject
        /// that is not enrolled there has none.
        var standings: [Int64: [String: [UInt8]]]
        /// By `FactTopic.rawValue`.
        var facts: [[[UInt8]]]
        var repeats: DisasterRun.Summary.Repeats
    }

    /// The state and chain before a ledger offset.
    struct FoldedState {
        var digest: StateDigest
        var chainHead: [UInt8]
    }

    let cluster: SimulatedCluster
    /// Records that were acknowledged to their senders.
    let sent: [TopicPartition: [Traffic.Placed]]
    let ledgerPartitions: Int
    /// Offsets of records in the ledger that are no frames, by partition. An entry passes over each of them.
    let strays: [Int32: Set<Int64>]

    // MARK: The ledger

    /// An event in the ledger, by its origin.
    private struct Counted {
        let offset: Int64
        let type: String
        let subject: String
        let id: String
    }

    /// Records that were lost, according to the ledger.
    fileprivate struct Gap {
        let source: TopicPartition
        let offsets: Range<Int64>
    }

    /// Checks that every record is in the ledger once, in its partition and order.
    func checkLedger() throws {
        var counted: [(events: [TopicPartition: [Counted]], gaps: [Gap])] = []
        for partition in 0..<ledgerPartitions { counted.append(try read(Int32(partition))) }
        for (source, records) in sent.sorted(by: { $0.key < $1.key }) {
            for partition in 0..<ledgerPartitions {
                let found = counted[partition].events[source] ?? []
                let has = Set(found.map(\.offset))
                let expected = records.filter { item in
                    let (offset, sent) = (item.offset, item.sent)
                    // Only records in a gap that the ledger reports may be missing.
                    return sent.reason == nil && (sent.subject.map { ledgerPartition(of: $0) == partition } ?? true)
                        && (has.contains(offset)
                            || counted[partition].gaps.allSatisfy {
                                $0.source != source || !$0.offsets.contains(offset)
                            })
                }
                for (index, placed) in expected.enumerated() {
                    let (offset, sent) = (placed.offset, placed.sent)
                    guard index < found.count else {
                        throw Objection("\(source)@\(offset) (\(sent.type)) is not in ledger partition \(partition)")
                    }
                    let item = found[index]
                    guard item.offset == offset, item.id == sent.id, item.type == sent.type,
                        item.subject == sent.subject ?? ""
                    else {
                        throw Objection(
                            "ledger partition \(partition) has \(source)@\(item.offset) (\(item.type) \(item.id)) where "
                                + "\(source)@\(offset) (\(sent.type) \(sent.id)) must be")
                    }
                }
                if found.count > expected.count {
                    throw Objection("ledger partition \(partition) has \(found[expected.count]) of \(source) too much")
                }
            }
        }
    }

    private func ledgerPartition(of subject: String) -> Int {
        Array(subject.utf8).withUnsafeBytes { Murmur2.partition(of: $0, count: ledgerPartitions) }
    }

    /// SPEC's rule in its simplest form: the frames of a session count up to its first gap. An origin counts once, and
    /// never after a later one that counted.
    private func read(_ partition: Int32) throws -> (events: [TopicPartition: [Counted]], gaps: [Gap]) {
        var next: [UInt64: UInt64?] = [:]
        var greatest: [TopicPartition: Int64] = [:]
        var result: [TopicPartition: [Counted]] = [:]
        var gaps: [Gap] = []
        let decoder = EventDecoder()
        for (offset, stored) in cluster.records(ledger(partition))
        where strays[partition]?.contains(offset) != true {
            try (stored.value ?? []).withUnsafeBytes { frame in
                var reader = FrameReader()
                do {
                    try reader.open(frame)
                    let expected: UInt64? = next[reader.session] ?? 0
                    if reader.number < expected ?? 0 { return }
                    guard reader.number == expected else {
                        next.updateValue(nil, forKey: reader.session)
                        return
                    }
                    next[reader.session] = reader.number + 1
                    var entry = FrameReader.blank
                    while try reader.next(&entry) {
                        if entry.kind == .system, let gap = Gap(entry, decoder) { gaps.append(gap) }
                        guard entry.kind == .event else { continue }
                        let source = TopicPartition(
                            String(decoding: entry.origin.topic, as: UTF8.self), entry.origin.partition)
                        guard entry.origin.offset > greatest[source, default: -1] else { continue }
                        greatest[source] = entry.origin.offset
                        result[source, default: []].append(
                            Counted(
                                offset: entry.origin.offset, type: String(decoding: entry.event.type, as: UTF8.self),
                                subject: String(decoding: entry.event.subject, as: UTF8.self),
                                id: String(decoding: entry.event.id, as: UTF8.self)))
                    }
                } catch let error as FrameError {
                    throw Objection("\(ledger(partition))@\(offset): \(error)")
                }
            }
        }
        return (result, gaps)
    }

    private func ledger(_ partition: Int32) -> TopicPartition { TopicPartition(SimulatedTopics.ledger, partition) }

    /// Checks that every record that is no event is a dead letter, and no other record. Those in a gap that the ledger
    /// reports may be missing.
    func checkDeadLetters() throws {
        // Every ledger partition has every gap.
        let gaps = try read(0).gaps
        var found: [TopicPartition: [Int64: SimulatedCluster.Stored]] = [:]
        for partition in 0..<(cluster.topics[SimulatedTopics.deadLetter] ?? 0) {
            for letter in cluster.logs[TopicPartition(SimulatedTopics.deadLetter, Int32(partition))] ?? [] {
                guard let topic = letter.report("topic"), let number = letter.report("partition").flatMap(Int32.init),
                    let offset = letter.report("offset").flatMap({ Int64($0) })
                else { throw Objection("a dead letter does not say where it comes from") }
                found[TopicPartition(topic, number), default: [:]][offset] = letter
            }
        }
        for (source, records) in sent.sorted(by: { $0.key < $1.key }) {
            for placed in records {
                let (offset, record) = (placed.offset, placed.sent)
                let letter = found[source]?[offset]
                if letter == nil, gaps.contains(where: { $0.source == source && $0.offsets.contains(offset) }) {
                    continue
                }
                guard letter?.report("exception.class.name") == record.reason else {
                    throw Objection(
                        "\(source)@\(offset): a dead letter for \(letter?.report("exception.class.name") ?? "nothing"), "
                            + "not for \(record.reason ?? "nothing")")
                }
                guard letter == nil || letter?.value == record.record.value else {
                    throw Objection("\(source)@\(offset): the dead letter has other bytes")
                }
            }
        }
    }

    // MARK: The fold

    /// `offsets`: where digest and chain are needed. `subjects`: the subjects whose standings are needed, by offset.
    func fold(
        _ partition: Int32, positionsAt offsets: Set<Int64>, subjects: [Int64: Set<String>]
    ) throws -> Folded {
        let frames = cluster.records(ledger(partition)).map { (offset: $0.offset, bytes: $0.record.value ?? []) }
        var fold = PartitionFold(
            partition: partition, history: { end in MemoryFrames(Array(frames.prefix { $0.offset < end })) },
            maximumSessions: SimulatedTopics.maximumSessions)
        for offset in strays[partition] ?? [] { fold.skip(offset) }
        var batch = EncodedFacts()
        var states: [Int64: FoldedState] = [:]
        var standings: [Int64: [String: [UInt8]]] = [:]
        var chain = FrameChain(partition: partition)
        var facts: [[[UInt8]]] = FactTopic.allCases.map { _ in [] }
        let everything = FactTopic.allCases.map { _ in Int64(0) }
        for frame in frames {
            batch.removeAll()
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: everything, into: &batch)
                chain.append($0, at: frame.offset)
            }
            for item in batch.items { facts[item.topic.rawValue].append(Array(batch.value(item))) }
            if offsets.contains(fold.nextOffset) {
                states[fold.nextOffset] = FoldedState(digest: fold.fold.digest(), chainHead: chain.head)
            }
            if let subjects = subjects[fold.nextOffset] {
                standings[fold.nextOffset] = Self.standings(of: subjects, in: fold.fold)
            }
        }
        return Folded(
            digest: fold.fold.digest(), sequences: fold.sequences, clock: fold.fold.clock.microseconds,
            withdrawnSources: fold.withdrawnSources, states: states, standings: standings, facts: facts,
            repeats: .init(
                frames: Int(fold.acceptance.repeatedFrames), brokenFrames: Int(fold.acceptance.brokenFrames),
                origins: Int(fold.acceptance.repeatedOrigins)))
    }

    /// Checks that the standings of a policy in the shadow are those of a fold under it alone, as if the sources that
    /// are withdrawn now had never been there. A shadow has no other effect: facts, states and files are compared with
    /// folds that have no shadow.
    func check(
        _ standings: StandingsWriter, of partition: Int32, _ folded: Folded, inShadow policy: ScoringPolicy,
        _ machine: String
    ) throws {
        let frames = cluster.records(ledger(partition)).map { (offset: $0.offset, bytes: $0.record.value ?? []) }
        var fold = PartitionFold(
            partition: partition, fixedPolicy: policy, leavingOut: folded.withdrawnSources, storesFacts: false,
            maximumSessions: SimulatedTopics.maximumSessions)
        for offset in strays[partition] ?? [] { fold.skip(offset) }
        var nothing = EncodedFacts()
        for frame in frames {
            try frame.bytes.withUnsafeBytes { try fold.apply(frame: $0, at: frame.offset, above: [], into: &nothing) }
        }
        var expected = StandingsWriter()
        expected.add(fold.fold)
        guard text(expected) == text(standings) else {
            throw Objection(
                "\(machine): the standings of \(ledger(partition)) under \(policy.id) version \(policy.version) in the shadow are "
                    + "not those of a fold under it")
        }
    }

    private func text(_ standings: StandingsWriter) -> [UInt8] {
        var (standings, bytes): (StandingsWriter, [UInt8]) = (standings, [])
        standings.write { bytes.append(contentsOf: $0) }
        return bytes
    }

    private static func standings(of subjects: Set<String>, in fold: borrowing Fold) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for subject in subjects {
            guard let standing = Array(subject.utf8).withUnsafeBytes({ fold.standing(of: $0) }) else { continue }
            var writer = ByteWriter()
            standing.writeExplained(to: &writer, policy: fold.policy, clock: fold.clock)
            result[subject] = Array(writer.bytes)
        }
        return result
    }

    /// Checks the facts that consumers accept who follow SPEC section 7.
    func checkFacts(_ partition: Int32, _ folded: Folded) throws {
        let decoder = EventDecoder()
        for topic in FactTopic.allCases {
            let topicPartition = TopicPartition(SimulatedTopics.facts[topic.rawValue], partition)
            let expected = folded.facts[topic.rawValue]
            var rule = FactSequence()
            for (offset, record) in cluster.records(topicPartition) {
                let value = record.value ?? []
                let sequence = value.withUnsafeBytes { decoder.sequence(ofFact: $0) }
                guard let sequence, rule.judge(sequence) == .accept else { continue }
                guard sequence <= expected.count, value == expected[Int(sequence) - 1] else {
                    throw Objection(
                        "\(topicPartition)@\(offset): fact \(sequence) is not the one that the ledger gives")
                }
            }
            guard rule.last == Int64(expected.count) else {
                throw Objection(
                    "\(topicPartition): consumers have \(rule.last) facts, the ledger gives \(expected.count)")
            }
        }
    }

    // MARK: What members answer and sign

    /// The checkpoints of a ledger partition that members have signed.
    func checkpoints(of partition: Int32) throws -> [Checkpoint] {
        let decoder = EventDecoder()
        let topicPartition = TopicPartition(SimulatedTopics.checkpoints, 0)
        return try cluster.logs[topicPartition, default: []].enumerated().compactMap { offset, record in
            let signed = (record.value ?? []).withUnsafeBytes { SignedCheckpoint(json: $0, decoder) }
            guard let checkpoint = signed?.checkpoint else {
                throw Objection("\(topicPartition)@\(offset) is no checkpoint")
            }
            return checkpoint.partition == partition ? checkpoint : nil
        }
    }

    func check(_ checkpoints: [Checkpoint], _ folded: Folded) throws {
        for checkpoint in checkpoints {
            let state = folded.states[checkpoint.nextOffset]
            guard state?.digest.description == checkpoint.state, state?.chainHead == checkpoint.chainHead else {
                throw Objection(
                    "\(checkpoint.member) has signed another state or chain of "
                        + "\(ledger(checkpoint.partition))@\(checkpoint.nextOffset)")
            }
        }
    }

    /// Checks that each answer of a member follows from the ledger at the offset that it names.
    func check(_ answered: [Questions.Answered], _ folded: Folded) throws {
        for (subject, answer) in answered.map({ ($0.subject, $0.answer) }) {
            guard let standings = folded.standings[answer.offset], standings[subject] == answer.standing else {
                throw Objection(
                    "\(answer.member) has answered something else about \(subject) than what "
                        + "\(ledger(answer.partition))@\(answer.offset) gives")
            }
        }
    }

    // MARK: The members' files

    /// Checks that an archive is the topic or a prefix of it, and a snapshot the state at its offset. `isOwner`: the
    /// archive is in use and must be undamaged. Damage in another one is found when it is used again.
    func checkFiles(
        _ data: LocalData, _ partition: Int32, _ folded: Folded, of machine: String, isOwner: Bool
    ) throws {
        let log = cluster.logs[ledger(partition), default: []]
        let frames = ArchiveFrames(data.archive(partition))
        do {
            while let frame = try frames.next() {
                guard frame.offset < log.count, log[Int(frame.offset)].value ?? [] == Array(frame.bytes) else {
                    throw Objection("\(machine): the archive has another frame at \(ledger(partition))@\(frame.offset)")
                }
            }
        } catch is ArchiveDamage where !isOwner {
        }
        let newest = try data.snapshots(partition).newest(rejected: { _ in }) { offset, reader in
            var head: [UInt8] = []
            return (
                offset,
                try PartitionFold(
                    partition: partition, snapshot: &reader, chainHead: &head,
                    maximumSessions: SimulatedTopics.maximumSessions
                ).fold.digest()
            )
        }
        if let (offset, digest) = newest, digest != folded.states[offset]?.digest {
            throw Objection("\(machine): the snapshot of \(ledger(partition))@\(offset) is another state")
        }
    }
}

extension Oracle.Gap {
    fileprivate init?(_ entry: Entry, _ decoder: EventDecoder) {
        let data = entry.event.data
        guard ControlType(entry.event.type) == .sourceGap,
            let topic = decoder.string("topic", of: data).map({ String(decoding: $0, as: UTF8.self) }),
            let partition = decoder.integer("partition", of: data), let from = decoder.integer("from", of: data),
            let to = decoder.integer("to", of: data)
        else { return nil }
        source = TopicPartition(topic, Int32(partition))
        offsets = from..<to
    }
}

extension SimulatedCluster.Stored {
    /// The text of the last of the dead letter's `__connect.errors` headers of this name; nil if there is none.
    fileprivate func report(_ name: String) -> String? {
        headers.last { $0.name == "__connect.errors." + name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
