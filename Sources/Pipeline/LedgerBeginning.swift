internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring

/// The beginning of a ledger partition is a policy (SPEC section 2). The first entry of an empty ledger is appended
/// here, and a policy that an existing ledger never had is refused, before any group is joined. The result follows from
/// the ledger alone.
struct LedgerBeginning {
    private static let patienceMilliseconds = 5000

    let configuration: PipelineConfiguration
    let stop: StopFlag
    let logger: Logger

    /// The content of a ledger partition's first entry.
    private struct First {
        var policyText: String
        var identity: LedgerIdentity
        /// The frame with the entry.
        var frame: LedgerFirstFrame
    }

    /// Throws `PipelineError` if the ledger is empty and no policy is given, or facts of an earlier one are published;
    /// or if the ledger never had the given policy.
    func run(partitions: Int) throws {
        let topicPartitions = (0..<Int32(partitions)).map { TopicPartition(configuration.topics.ledger, $0) }
        let facts = configuration.topics.facts.flatMap { topic in
            topicPartitions.map { TopicPartition(topic, $0.partition) }
        }
        let ends = try configuration.kafka.ends(
            of: topicPartitions + facts, timeoutMilliseconds: Self.patienceMilliseconds)
        if try beginning(of: 0) == nil {
            if let published = facts.first(where: { ends[$0] ?? 0 > 0 }) { throw lost(0, published) }
            // If two members begin the same ledger, the first entry of partition 0 decides for all partitions.
            try append(try beginning(), to: [0], of: partitions)
        }
        guard let first = try beginning(of: 0) else {
            throw PipelineError(
                .ledgerDamaged,
                "\(configuration.topics.ledger)[0]: the ledger does not begin with a policy, within its first "
                    + "\(LedgerFirstFrame.maximumStrays) records")
        }
        try checkName(first)
        try checkPolicy(first)
        // A partition that has more records than strays has begun.
        let rest = try topicPartitions.map(\.partition).filter { partition in
            let end = ends[topicPartitions[Int(partition)]] ?? 0
            guard partition != 0, end <= LedgerFirstFrame.maximumStrays else { return false }
            return try end == 0 || beginning(of: partition) == nil
        }
        guard !rest.isEmpty else { return }
        // Another member may have begun it since, and published.
        if let published = try facts.first(where: { topicPartition in
            try rest.contains(topicPartition.partition) && ends[topicPartition] ?? 0 > 0
                && beginning(of: topicPartition.partition) == nil
        }) {
            throw lost(published.partition, published)
        }
        let policy = try ScoringPolicy(yaml: first.policyText, file: "ledger[0]@0")
        try append(.beginning(policy, ledger: first.identity), to: rest.map(Int.init), of: partitions)
        logger.notice(
            "the ledger begins",
            metadata: [
                "ledger": "\(first.identity.name ?? "")", "policy": "\(policy.id)", "version": "\(policy.version)",
                "partitions": "\(rest.count + (ends[topicPartitions[0]] == 0 ? 1 : 0)) of \(partitions)",
            ])
    }

    /// If a ledger partition began again, other facts would get the numbers of those that consumers have.
    private func lost(_ partition: Int32, _ facts: TopicPartition) -> PipelineError {
        let ledger = TopicPartition(configuration.topics.ledger, partition)
        return PipelineError(
            .ledgerDamaged,
            "\(ledger) does not begin with a policy, and \(facts) has facts: that ledger is lost. Bring it back with `standing "
                + "ledger import`; `standing ledger export --archive DIR` takes it out of a member's data folder. A new ledger "
                + "begins under another --topic-prefix")
    }

    private func beginning() throws -> SystemEntry {
        guard let policy = configuration.policy else {
            throw PipelineError(
                .policyMissing, "the ledger \(configuration.topics.ledger) is empty: give its policy with --policy FILE"
            )
        }
        return .beginning(
            policy,
            ledger: LedgerIdentity(
                name: configuration.ledgerName, configuration.knownFoldVersions,
                salt: configuration.runtime.randomSalt()))
    }

    private func append(_ entry: SystemEntry, to numbers: [Int], of partitions: Int) throws {
        let logger = logger
        try entry.append(to: numbers, of: partitions, configuration) { logger.kafka($0, of: "bootstrap") }
    }

    private func frames(
        _ partition: Int32 = 0, from start: Int64 = 0, until end: Int64?
    ) throws -> LedgerTopicFrames {
        let stop = stop
        return try LedgerTopicFrames(
            configuration.kafka, topic: configuration.topics.ledger, partition: partition, from: start, until: end,
            isStopped: { stop.isSet })
    }

    /// The policies of partition 0 over time, from the archive of this member if it has one, and from the topic.
    private func policyTexts(_ first: First) throws -> [String] {
        let topicPartition = TopicPartition(configuration.topics.ledger, 0)
        let end =
            try configuration.kafka.ends(of: [topicPartition], timeoutMilliseconds: Self.patienceMilliseconds)[
                topicPartition] ?? 0
        if let archive = configuration.data?.archive(0), first.frame.isIn(archive) == true {
            do {
                return try PolicyHistory.texts(
                    of: LedgerFrames(archive: archive, from: 0, until: end) { try frames(from: $0, until: end) })
            } catch let error as FileError {
                logger.notice(
                    "the archive cannot be read, and the topic is instead", metadata: ["reason": "\(error)"])
            }
        }
        return try PolicyHistory.texts(of: try frames(until: end))
    }

    /// The first entry of the partition; nil if there is none among its first records. Strays before it are ignored
    /// here. The fold waits until they are passed over.
    private func beginning(of partition: Int32) throws -> First? {
        let decoder = EventDecoder()
        var reader = EntryReader()
        var entry = FrameReader.blank
        // The frame borrows their memory.
        let frames = try frames(partition, until: nil)
        defer { withExtendedLifetime(frames) {} }
        for _ in 0..<LedgerFirstFrame.maximumStrays {
            guard let frame = try frames.next() else { return nil }
            guard try reader.openOrPass(frame.bytes) else { continue }
            while try reader.next(&entry) {
                guard entry.kind == .system, ControlType(entry.event.type) == .policyActivated,
                    let text = entry.event.policyText(decoder)
                else { continue }
                do {
                    return First(
                        policyText: text,
                        identity: try LedgerIdentity(
                            in: entry.event.data, decoder, configuration.knownFoldVersions),
                        frame: LedgerFirstFrame(frame))
                } catch {
                    throw PipelineError(
                        .ledgerNewer,
                        "\(configuration.topics.ledger)[\(partition)], offset \(frame.offset): the ledger is of \(error)"
                    )
                }
            }
        }
        return nil
    }

    private func checkName(_ first: First) throws {
        guard configuration.insistsOnLedgerName, first.identity.name != configuration.ledgerName else { return }
        let name = first.identity.name.map { "is called \($0)" } ?? "has no name"
        throw PipelineError(
            .ledgerDiffers,
            "the ledger \(configuration.topics.ledger) \(name), not \(configuration.ledgerName): only an empty ledger gets a "
                + "name; leave --ledger out"
                + (first.identity.name == nil ? ", or give it one with `standing ledger upgrade`" : ""))
    }

    /// Accepts any policy that the ledger has ever had. The ledger decides which one is active.
    private func checkPolicy(_ first: First) throws {
        guard let policy = configuration.policy, policy.text != first.policyText else { return }
        logger.notice("looking whether the ledger has ever had the policy that is given")
        let texts = try policyTexts(first)
        let active = try? ScoringPolicy(yaml: texts.last ?? first.policyText, file: "")
        let name = active.map { "\($0.id) version \($0.version)" } ?? "another"
        guard !texts.contains(policy.text) else {
            logger.notice("the ledger had this policy; the active one is another", metadata: ["active": "\(name)"])
            return
        }
        throw PipelineError(
            .policyDiffers,
            "the ledger never had \(policy.id) version \(policy.version) as it is given with --policy; active is \(name). "
                + "Leave --policy out to go on under it, activate yours with `standing policy propose` and `standing policy "
                + "activate`, or begin a new ledger (--topic-prefix NAME)")
    }
}
