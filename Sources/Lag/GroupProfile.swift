import Kafka

/// What a cluster says of a group beside its offsets.
public struct GroupProfile: Sendable, Hashable {
    /// How a group's members share its partitions.
    public enum Kind: String, Sendable {
        case classic, consumer, share
    }

    public let name: String
    /// The broker's word, such as `Stable` or `Empty`; nil where it was not asked.
    public var state: String?
    /// Nil if the library cannot tell.
    public var kind: Kind?
    /// Nil if nobody said.
    public var members: Int?
    /// It reads committed data only, as somebody has said: the cluster does not know.
    public var readsCommitted: Bool
    /// Topics that it reads, or has committed offsets of, and that are not on the cluster.
    public var missingTopics: [String]
    /// Why it is not known what the group has committed; nil if it is.
    public var commitFailure: String?

    public init(
        name: String, state: String? = nil, kind: Kind? = nil, members: Int? = nil, readsCommitted: Bool = false,
        missingTopics: [String] = [], commitFailure: String? = nil
    ) {
        (self.name, self.state, self.kind, self.members) = (name, state, kind, members)
        (self.readsCommitted, self.missingTopics, self.commitFailure) = (readsCommitted, missingTopics, commitFailure)
    }

    /// The group shares its partitions anew: for now none has a reader.
    public var isRebalancing: Bool { state.map { Self.rebalancing.contains($0) } ?? false }

    private static let rebalancing: Set<String> = [
        "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling",
    ]

    /// `owners`: the members of the partitions that have one.
    func reader(of partition: TopicPartition, _ owners: [TopicPartition: String]) -> LagContext.Reader {
        guard let members, !isRebalancing else { return .unknown }
        if members == 0 { return .noMember }
        if owners[partition] != nil { return .member }
        return owners.isEmpty ? .unknown : .unassigned
    }
}
