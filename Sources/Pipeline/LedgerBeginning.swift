internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring

/// A ledger partition begins with a policy (SPEC section 2): the first entry of an empty ledger is appended here, and a policy
/// that a ledger in use never had is refused, before any group is joined. The answer follows from the ledger alone.
struct LedgerBeginning {
    private static let patienceMilliseconds = 5000

    let configuration: PipelineConfiguration
    let stop: StopFlag
    let logger: Logger

    /// What the first entry of a ledger partition says.
    private struct First {
        var policyText: String
        var identity: LedgerIdentity
    }

    /// Throws `PipelineError` where the ledger is empty and no policy is given, or where it never had the policy that is given.
    func run(partitions: Int) throws {
        let places = (0..<Int32(partitions)).map { TopicPartition(configuration.topics.ledger, $0) }
        let ends = try configuration.kafka.ends(of: places, timeoutMilliseconds: Self.patienceMilliseconds)
        let empty = places.filter { ends[$0] == 0 }.map(\.partition)
        if empty.contains(0) {
            // Of two members that begin the same ledger the first entry of partition 0 wins, for all partitions.
            try append(try beginning(), to: [0], of: partitions)
        }
        let first = try readFirst()
        try checkName(first)
        try checkPolicy(first)
        let rest = empty.filter { $0 != 0 }
        guard !rest.isEmpty else { return }
        let policy = try ScoringPolicy(yaml: first.policyText, file: "ledger[0]@0")
        try append(.beginning(policy, ledger: first.identity), to: rest.map(Int.init), of: partitions)
        logger.notice(
            "the ledger begins",
            metadata: [
                "ledger": "\(first.identity.name ?? "")", "policy": "\(policy.id)", "version": "\(policy.version)",
                "partitions": "\(empty.count) of \(partitions)",
            ])
    }

    private func beginning() throws -> SystemEntry {
        guard let policy = configuration.policy else {
            throw PipelineError(
                .policyMissing, "the ledger \(configuration.topics.ledger) is empty: give its policy with --policy FILE"
            )
        }
        return .beginning(policy, ledger: LedgerIdentity(name: configuration.ledgerName))
    }

    private func append(_ entry: SystemEntry, to numbers: [Int], of partitions: Int) throws {
        let logger = logger
        try entry.append(to: numbers, of: partitions, configuration) { logger.kafka($0, of: "bootstrap") }
    }

    private func frames(until end: Int64?) throws -> LedgerTopicFrames {
        let stop = stop
        return try LedgerTopicFrames(
            configuration.kafka, topic: configuration.topics.ledger, partition: 0, until: end,
            isStopped: { stop.isSet })
    }

    private func readFirst() throws -> First {
        let place = "\(configuration.topics.ledger)[0], offset 0"
        let decoder = EventDecoder()
        do {
            var reader = EntryReader()
            var entry = FrameReader.blank
            // A frame is borrowed from them.
            let frames = try frames(until: 1)
            defer { withExtendedLifetime(frames) {} }
            guard let frame = try frames.next(), try reader.open(frame.bytes), try reader.next(&entry),
                let text = entry.event.policyText(decoder)
            else { throw PipelineError(.ledgerDamaged, "\(place): the ledger does not begin with a policy") }
            return First(policyText: text, identity: try LedgerIdentity(in: entry.event.data, decoder))
        } catch let error as FrameError {
            throw PipelineError(.ledgerDamaged, "\(place): \(error)")
        } catch let error as LedgerIdentity.Unknown {
            throw PipelineError(.ledgerNewer, "\(place): the ledger is of \(error)")
        }
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

    /// A policy that the ledger has ever had is taken; which one is active is the ledger's business.
    private func checkPolicy(_ first: First) throws {
        guard let policy = configuration.policy, policy.text != first.policyText else { return }
        logger.notice("looking whether the ledger has ever had the policy that is given")
        let texts: [String]
        do {
            texts = try PolicyHistory.texts(of: try frames(until: nil))
        } catch let error as FrameError {
            throw PipelineError(.ledgerDamaged, "\(configuration.topics.ledger)[0]: \(error)")
        }
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
