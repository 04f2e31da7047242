internal import Kafka
public import Pipeline
public import Policy
internal import Scoring
internal import Terminal
internal import Topics

extension Cluster {
    /// The pipeline on this cluster, with topics and groups under the cluster's prefix. `ledger`: the given name of the
    /// ledger; nil if it is the prefix. Ends the command if a policy could begin a ledger without a name.
    public func pipeline(
        policy: ScoringPolicy?, clock: PipelineConfiguration.Clock = .wall, ledger: String? = nil,
        workers: Int = PipelineConfiguration.cores
    ) throws -> PipelineConfiguration {
        var configuration = PipelineConfiguration(kafka: kafka, topics: try pipelineTopics(), policy: policy)
        configuration.workers = workers
        configuration.intakeGroup = prefix + configuration.intakeGroup
        configuration.foldGroup = prefix + configuration.foldGroup
        configuration.clock = clock
        if let ledger {
            (configuration.ledgerName, configuration.insistsOnLedgerName) = (ledger, true)
        } else if LedgerIdentity.isName(prefix) {
            configuration.ledgerName = prefix
        } else if policy != nil, !prefix.isEmpty {
            throw fail(
                "error: topic-prefix: it would be the ledger's name, which has at most \(LedgerIdentity.maximumNameBytes) bytes, "
                    + "and has \(prefix.utf8.count): choose a shorter one, or a name (`standing serve --ledger NAME`)",
                Exit.usage)
        }
        return configuration
    }

    public func pipelineTopics() throws -> PipelineConfiguration.Topics {
        func fact(_ name: String) throws -> String {
            guard let topic = names(.facts).first(where: { $0.hasSuffix(name) }) else {
                throw fail("error: the topic files lack a facts topic whose name ends in \(name)")
            }
            return topic
        }
        var topics = PipelineConfiguration.Topics(
            control: names(.control)[0], sources: names(.source), ledger: names(.ledger)[0],
            deadLetter: names(.deadLetter)[0],
            facts: [try fact("score-changes"), try fact("sanctions"), try fact("perks")])
        (topics.declarations, topics.maps) = (declarations, maps)
        return topics
    }
}
