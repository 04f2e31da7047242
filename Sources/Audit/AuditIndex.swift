public import Events
internal import Foundation
public import Kafka
public import Ledger
public import Logging
internal import Synchronization

/// The part of the audit in memory: recent looks at each subject, recent acts, and the open proposals. A thread follows the topic,
/// and checks its chains.
/// Older records are only in the topic (`AuditReader`).
public final class AuditIndex: Sendable {
    /// A look at a subject's file, or an act about the subject.
    public struct Look: Sendable, Equatable {
        public let time: Timestamp
        public let actor: String
        public let action: String
        public let purpose: String?
        public let outcome: String
    }

    /// The looks at one subject, the newest first.
    public struct Looks: Sendable, Equatable {
        public let looks: [Look]
        /// If false, there may be older ones, which are only in the topic.
        public let isComplete: Bool
    }

    /// An act of which the ledger has an event, or will have.
    public struct Act: Sendable, Equatable {
        public let time: Timestamp
        public let actor: String
        public let subject: String?
        public let reason: String?
        let details: [AuditEntry.Detail]

        /// The value of a detail; nil if there is none of this name.
        public func detail(_ name: String) -> String? { details.first { $0.name == name }?.value }
    }

    /// The chains as far as they are read.
    public struct Chains: Sendable, Equatable {
        public var records: Int64 = 0
        public var findings: [AuditChain.Finding] = []
        /// Those beyond the limit of a list among them.
        public var findingCount: Int64 = 0
        /// Whether the topic has been read to its end once.
        public var isRead = false
    }

    /// The outcomes of an act that the control topic has.
    private static let taken: Set<String> = ["done", "pending"]
    /// The limit of acts of one name in memory. They are the newest.
    public static let maximumActs = 500
    /// The limit of names of acts.
    private static let maximumNames = 64
    /// The limit of looks at one subject in memory. They are the newest.
    public static let maximumLooks = 50
    /// The limit of all looks in memory. The oldest are dropped first.
    public static let maximumTotal = 200_000
    private static let pollMilliseconds = 100
    private static let pause = 1.0

    fileprivate struct State {
        var looks: [String: Known] = [:]
        /// The subjects of the looks in memory, the oldest first, from `front` on.
        var order: [String] = []
        var front = 0
        /// Subjects whose looks are not all in memory. If there are too many such subjects, all count as incomplete.
        var incomplete: Set<String> = []
        var isIncomplete = false
        var proposals = ProposalTable()
        /// Nil if proposals and decisions about them need no signature, or if the cluster's id is not known yet.
        var trust: AuditTrust?
        /// By name, the oldest first.
        var acts: [String: [Act]] = [:]
        var chains: [Int32: AuditChain] = [:]
        var isRead = false
        /// The next offset by partition.
        var positions: [Int32: Int64] = [:]
        /// Ends of the topic before a record that had been read.
        var cuts: [AuditChain.Finding] = []
        var isClosed = false
    }

    /// The looks at one subject in memory.
    fileprivate struct Known {
        /// The oldest first.
        var looks: [Look] = []
        /// The number of positions in the order whose looks are dropped already.
        var stale = 0
    }

    private let state = Mutex(State())
    private let writer: AuditWriter?
    private let keyring: Keyring?

    /// `writer` is informed of the records of others, so that its own records name them. `keyring`: if it trusts keys,
    /// a proposal counts only if one of them signed it for the topic, and so does a decision about it. Nil also if no
    /// act needs two people: then proposals are of no use here.
    public init(writer: AuditWriter? = nil, keyring: Keyring? = nil) { (self.writer, self.keyring) = (writer, keyring) }

    /// Follows the topic from its beginning, on a thread, until `close`.
    public func follow(_ kafka: KafkaConfiguration, topic: String, logger: Logger) {
        let thread = Thread { [self] in
            var lastLogged = ""
            while !isClosed {
                do {
                    try read(kafka, topic, logger)
                } catch {
                    // A repeated reason is logged once.
                    logger.log(
                        level: lastLogged == "\(error)" ? .debug : .warning, "the audit is not followed",
                        metadata: ["topic": "\(topic)", "reason": "\(error)"])
                    lastLogged = "\(error)"
                    Thread.sleep(forTimeInterval: Self.pause)
                }
            }
        }
        thread.name = "audit"
        thread.start()
    }

    public func close() { state.withLock { $0.isClosed = true } }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    private func read(_ kafka: KafkaConfiguration, _ topic: String, _ logger: Logger) throws {
        if let keyring, !keyring.trustedKeys.isEmpty {
            trust(keyring, of: AuditOrigin(topic: topic, cluster: try Admin(kafka).clusterID() ?? ""))
        }
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 4096
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        let positions = state.withLock { $0.positions }
        try consumer.assign(
            topicPartitions.map { PartitionOffset($0, offset: positions[$0.partition] ?? PartitionOffset.beginning) })
        while !isClosed {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    let partition = consumer.assignment[record.source].topicPartition.partition
                    guard let refused = note(record.value, at: record.offset, of: partition) else { continue }
                    logger.warning(
                        "a proposal or a decision does not count",
                        metadata: [
                            "topic": "\(topic)", "partition": "\(partition)", "offset": "\(record.offset)",
                            "proposal": "\(refused.id.printable())", "step": "\(refused.step)",
                            "reason": "\(refused.reason)",
                        ])
                }
            }
            for (topicPartition, error) in consumer.takeErrors() {
                if error.isOffsetOutOfRange {
                    let end = try kafka.ends(of: [topicPartition])[topicPartition] ?? 0
                    if let cut = restart(topicPartition.partition, at: end) {
                        logger.error("the audit was cut off", metadata: ["topic": "\(topic)", "finding": "\(cut)"])
                    }
                }
                if error.isOffsetOutOfRange || !error.isRetriable { throw error }
            }
            if consumer.assignment.allSatisfy(\.reachedEnd) { state.withLock { $0.isRead = true } }
        }
    }

    /// The partition no longer has the next record, and is read from its beginning. Records that have expired in the
    /// meantime are skipped. Returns a finding if the partition ends before a record that has been read.
    func restart(_ partition: Int32, at end: Int64) -> AuditChain.Finding? {
        state.withLock { state in
            guard let next = state.positions.removeValue(forKey: partition), end < next else { return nil }
            let cut = AuditChain.Finding(
                partition: partition, offset: end,
                reason: "the topic ends here, and this member has read the record at \(next - 1)")
            if state.cuts.count < AuditChain.maximumFindings { state.cuts.append(cut) }
            return cut
        }
    }

    /// Nothing is noted before it, if signatures are needed.
    func trust(_ keyring: Keyring, of origin: AuditOrigin) {
        state.withLock { $0.trust = AuditTrust(keyring, of: [origin]) }
    }

    /// A record that proposes something or decides about a proposal, and does not count.
    struct RefusedStep: Equatable {
        /// The proposal's id; empty if the record has none.
        let id: String
        /// The record's action, such as `withdrawProposal`.
        let step: String
        let reason: String
    }

    /// Adds a record of the topic, in its partition's order. Returns its proposal or decision if that does
    /// not count; nil for every other record.
    @discardableResult func note(
        _ value: UnsafeRawBufferPointer?, at offset: Int64, of partition: Int32
    ) -> RefusedStep? {
        let entry = value.flatMap { AuditEntry(json: $0) }
        let hash = AuditTopic.hash(of: value.map(Array.init) ?? [])
        writer?.note(partition, offset: offset, hash: hash)
        return state.withLock { state in
            guard offset >= state.positions[partition] ?? 0 else { return nil }
            // If records have expired before they were read, the chain begins again.
            if state.positions[partition] == nil { state.chains[partition] = nil }
            state.positions[partition] = offset + 1
            state.chains[partition, default: AuditChain(partition: partition, beginning: offset)].note(
                entry, hash: hash, at: offset)
            guard let entry else { return nil }
            var objection: String?
            if Proposal.isStep(entry.action) {
                objection = value.flatMap { state.trust?.objection(to: entry, $0) }
                state.proposals.note(entry, objection: objection)
            }
            if Self.taken.contains(entry.outcome) { state.add(entry) }
            if let subject = entry.subject {
                state.add(
                    Look(
                        time: entry.time, actor: entry.actor, action: entry.action, purpose: entry.purpose,
                        outcome: entry.outcome), of: subject)
            }
            return objection.map {
                RefusedStep(id: entry.detail(Proposal.idName) ?? "", step: entry.action, reason: $0)
            }
        }
    }

    // MARK: Answers

    /// Whether the topic has been read to its end once. Before that, nothing is certain.
    public var isRead: Bool { state.withLock { $0.isRead } }

    /// The looks at a subject, and the acts about it.
    public func looks(at subject: String) -> Looks {
        state.withLock { state in
            Looks(
                looks: (state.looks[subject]?.looks ?? []).reversed(),
                isComplete: state.isRead && !state.isIncomplete && !state.incomplete.contains(subject))
        }
    }

    /// The acts of a name that were taken, such as `decide-appeal`, the newest first.
    public func acts(_ name: String) -> [Act] { state.withLock { ($0.acts[name] ?? []).reversed() } }

    public var chains: Chains {
        state.withLock { state in
            state.chains.sorted { $0.key < $1.key }.reduce(
                into: Chains(
                    findings: state.cuts, findingCount: Int64(state.cuts.count), isRead: state.isRead)
            ) { sum, chain in
                sum.records += chain.value.records
                sum.findings += chain.value.findings
                sum.findingCount += chain.value.findingCount
            }
        }
    }

    /// Whether the record at this offset has been read.
    func hasRead(_ offset: Int64, of partition: Int32) -> Bool {
        state.withLock { $0.positions[partition] ?? 0 > offset }
    }

    /// The proposals that are open at `time`, the oldest first.
    public func proposals(at time: Timestamp) -> [Proposal] { state.withLock { $0.proposals.open(at: time) } }

    /// Nil if there is none of this id, or if it is not in memory.
    public func proposal(_ id: String) -> Proposal? { state.withLock { $0.proposals[id] } }

    /// The newest proposals that do not count, the oldest first.
    public var refusedProposals: [RefusedProposal] { state.withLock { $0.proposals.refused } }

    /// `{"looks":[{"time","actor","action","purpose","outcome"}],"complete"}`, as in a subject's file. `purpose` is
    /// null if there is none.
    public func write(looksAt subject: String, to writer: inout JSONWriter) {
        let known = looks(at: subject)
        writer.open()
        writer.list("looks", known.looks) { writer, look in
            writer.open()
            writer.member("time", look.time)
            writer.member("actor", look.actor)
            writer.member("action", look.action)
            writer.member("purpose", look.purpose)
            writer.member("outcome", look.outcome)
            writer.close()
        }
        writer.member("complete", known.isComplete)
        writer.close()
    }
}

extension AuditIndex.State {
    private static let maximumIncomplete = 100_000

    fileprivate mutating func add(_ entry: AuditEntry) {
        guard acts[entry.action] != nil || acts.count < AuditIndex.maximumNames else { return }
        acts[entry.action, default: []].append(
            AuditIndex.Act(
                time: entry.time, actor: entry.actor, subject: entry.subject, reason: entry.purpose,
                details: entry.details))
        // Half of them at once, so that few records move the others.
        if let count = acts[entry.action]?.count, count >= 2 * AuditIndex.maximumActs {
            acts[entry.action]?.removeFirst(count - AuditIndex.maximumActs)
        }
    }

    fileprivate mutating func add(_ look: AuditIndex.Look, of subject: String) {
        looks[subject, default: .init()].looks.append(look)
        order.append(subject)
        if let count = looks[subject]?.looks.count, count > AuditIndex.maximumLooks {
            looks[subject]?.looks.removeFirst()
            looks[subject]?.stale += 1
            noteIncomplete(subject)
        }
        while order.count - front > AuditIndex.maximumTotal { dropOldest() }
        guard front > AuditIndex.maximumTotal else { return }
        order.removeFirst(front)
        front = 0
    }

    private mutating func dropOldest() {
        let subject = order[front]
        front += 1
        if looks[subject]?.stale ?? 0 > 0 {
            looks[subject]?.stale -= 1
            return
        }
        looks[subject]?.looks.removeFirst()
        if looks[subject]?.looks.isEmpty == true { looks[subject] = nil }
        noteIncomplete(subject)
    }

    private mutating func noteIncomplete(_ subject: String) {
        guard !isIncomplete else { return }
        incomplete.insert(subject)
        if incomplete.count > Self.maximumIncomplete { (isIncomplete, incomplete) = (true, []) }
    }
}
