internal import Ledger
public import Policy
public import Replay
internal import Scoring

/// The effect that the withdrawal of a source would have: folds a ledger under its own policies, and shows its state
/// directly after a withdrawal at its end. Works on one partition at a time, on the calling thread. Memory is that of two
/// states of one partition.
public struct SourceWithdrawal: Sendable {
    /// From the present state to the state after the withdrawal.
    public struct Difference: Sendable {
        public var topic: String
        /// Behaviour events of the topic.
        public var entries: Int64
        public var policy: ScoringPolicy
        /// By partition: the ledger offset before which everything is folded.
        public var nextOffsets: [Int64]
        /// It has no ids: subjects in lists have numbers.
        public var comparison: BacktestReport.Comparison
    }

    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// How often a run reads the history. Its progress counts the frames of each time.
    public static let passes: Int64 = 2

    /// The source topic, as in origins.
    public let topic: String
    /// The limit of subjects in the lists of those that gain and lose most.
    public var listLimit = 10

    public init(of topic: String) { self.topic = topic }

    /// Throws `Failure` if partitions have different policies, and errors of reading.
    public func run(
        partitions: [Int32], source: @escaping LedgerReplay.Source, progress: ReplayProgress = ReplayProgress()
    ) throws -> Difference {
        var comparison: (policy: ScoringPolicy, with: BacktestComparison)?
        var nextOffsets: [Int64] = []
        var entries: Int64 = 0
        for partition in partitions {
            var current = try PartitionFold.folded(until: .max, source, progress) {
                PartitionFold(partition: partition, history: { try source(partition, 0, $0) }, storesFacts: false)
            }
            guard let policy = current.policy else {
                throw Failure(description: "ledger partition \(partition) has not begun: no source has spoken")
            }
            if let other = comparison?.policy, other.text != policy.text {
                throw Failure(
                    description:
                        "ledger partition \(partition) is under \(policy.id) version \(policy.version), others under "
                        + "\(other.id) version \(other.version): an activation is under way, try again")
            }
            nextOffsets.append(current.nextOffset)
            let without = try current.preview(
                withdrawing: Array(topic.utf8),
                history: { CountedHistory(try source(partition, 0, $0), progress) }, entries: &entries)
            var sum =
                comparison?.with ?? BacktestComparison(policy: policy, against: policy, listLimit: listLimit)
            sum.add(policy: without, against: current.fold)
            comparison = (policy, sum)
        }
        guard let comparison else { throw Failure(description: "there is no partition") }
        return Difference(
            topic: topic, entries: entries, policy: comparison.policy, nextOffsets: nextOffsets,
            comparison: comparison.with.finished().masked)
    }
}

extension BacktestReport.Comparison {
    /// With a number instead of each subject's id.
    fileprivate var masked: Self {
        var copy = self
        for index in copy.gainers.indices { copy.gainers[index].subject = "gainer \(index + 1)" }
        for index in copy.losers.indices { copy.losers[index].subject = "loser \(index + 1)" }
        for index in copy.sanctions.indices {
            (copy.sanctions[index].onlyPolicy.first, copy.sanctions[index].onlyAgainst.first) = ([], [])
        }
        for index in copy.perks.indices {
            (copy.perks[index].onlyPolicy.first, copy.perks[index].onlyAgainst.first) = ([], [])
        }
        return copy
    }
}
