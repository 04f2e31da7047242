public import Events
internal import Foundation
internal import Kafka
internal import Ledger
public import Policy
internal import Replay

/// A policy that the ledger is or was under, or whose activation was refused.
public struct PolicyVersion: Sendable {
    /// `PolicyHash` of the text.
    public let hash: String
    public let text: String
    /// Nil if the text does not compile here.
    public let policy: ScoringPolicy?
    /// The ledger offset of the frame that activates it, in `PolicyReader.partition`.
    public let offset: Int64
    /// That partition's clock at the entry; nil before any event or tick.
    public let clock: Timestamp?
    public let isActive: Bool
    /// Why the activation had no effect; nil if the policy became active.
    public let refusal: Refusal?

    public enum Refusal: Sendable, Hashable {
        /// It was approved against another policy than the active one. The values are `PolicyHash` of both, if they are
        /// hashes.
        case conflict(replaces: String, active: String)
        /// The policy uses features that the ledger's fold version does not have.
        case olderLedger(foldVersion: Int64)
    }
}

/// The policies of the ledger, read from one ledger partition, because an activation goes to all. The first reading
/// begins at the partition's beginning, and each later one continues from the previous one. Every call blocks, for a
/// limited time.
public final class PolicyReader: @unchecked Sendable {
    /// The ledger partition that is read.
    public static let partition: Int32 = 0
    private static let longest = Duration.seconds(4)

    private let configuration: PipelineConfiguration
    private let lock = NSLock()
    // Guarded by `lock`.
    private var history = PolicyHistory()
    private var known: (activations: [PolicyHistory.Activation], versions: [PolicyVersion]) = ([], [])

    public init(_ configuration: PipelineConfiguration) { self.configuration = configuration }

    /// In the ledger's order, the oldest first; empty on an empty ledger. Throws `NotReadYet`, and the errors of
    /// reading.
    public func versions() throws -> [PolicyVersion] {
        try lock.withLock {
            try readOn()
            let activations = history.activations
            if activations != known.activations { known = (activations, Self.versions(activations)) }
            return known.versions
        }
    }

    private func readOn() throws {
        let (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
        let topicPartition = TopicPartition(topic, Self.partition)
        let end = try kafka.ends(of: [topicPartition])[topicPartition] ?? 0
        guard history.nextOffset < end else { return }
        let (deadline, runtime) = (configuration.runtime.now + Self.longest, configuration.runtime)
        do {
            try history.read(
                try LedgerTopicFrames(
                    kafka, topic: topic, partition: Self.partition, from: history.nextOffset, until: end,
                    isStopped: { runtime.now >= deadline }))
        } catch is CancellationError {
            throw NotReadYet(what: "the ledger's history of policies")
        }
    }

    private static func versions(_ activations: [PolicyHistory.Activation]) -> [PolicyVersion] {
        let active = activations.lastIndex { !$0.changedNothing }
        return activations.enumerated().map { index, activation in
            var refusal: PolicyVersion.Refusal?
            if let conflict = activation.conflict {
                refusal = .conflict(replaces: conflict.replaces, active: conflict.active)
            } else if let version = activation.olderVersion {
                refusal = .olderLedger(foldVersion: version)
            }
            return PolicyVersion(
                hash: PolicyHash.of(activation.text), text: activation.text,
                policy: try? ScoringPolicy(yaml: activation.text, file: "ledger"), offset: activation.offset,
                clock: activation.clock, isActive: index == active, refusal: refusal)
        }
    }
}
