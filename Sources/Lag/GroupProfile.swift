import Kafka

/// A cluster's data about a group beside its offsets.
public struct GroupProfile: Sendable, Hashable {
    /// How a group's members share its partitions.
    public enum Kind: String, Sendable {
        case classic, consumer, share
    }

    public let name: String
    /// The broker's word, such as `Stable` or `Empty`; nil if it was not asked.
    public var state: String?
    /// Nil if the library does not report it.
    public var kind: Kind?
    /// Nil if it is not known.
    public var members: Int?
    /// Whether it reads only committed data, according to the configuration: the cluster does not know.
    public var readsCommitted: Bool
    /// Topics that it reads, or for which it has committed offsets, and that the cluster does not have.
    public var missingTopics: [String]
    /// The reason why the group's commits are not known; nil if they are.
    public var commitFailure: String?

    public init(
        name: String, state: String? = nil, kind: Kind? = nil, members: Int? = nil, readsCommitted: Bool = false,
        missingTopics: [String] = [], commitFailure: String? = nil
    ) {
        (self.name, self.state, self.kind, self.members) = (name, state, kind, members)
        (self.readsCommitted, self.missingTopics, self.commitFailure) = (readsCommitted, missingTopics, commitFailure)
    }

    /// Whether the group is assigning its partitions anew, so that none has a reader now.
    public var isRebalancing: Bool { state.map { Self.rebalancing.contains($0) } ?? false }

    private static let rebalancing: Set<String> = [
        "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling",
    ]

    /// `owners` has the members of the partitions that have one.
    func reader(of partition: TopicPartition, _ owners: [TopicPartition: String]) -> LagContext.Reader {
        guard let members, !isRebalancing else { return .unknown }
        if members == 0 { return .noMember }
        if owners[partition] != nil { return .member }
        return owners.isEmpty ? .unknown : .unassigned
    }
}
