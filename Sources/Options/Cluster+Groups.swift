internal import Pipeline

extension Cluster {
    /// Our own groups and their topics, for brokers that cannot list groups.
    public func knownGroups() throws -> [String: [String]] {
        let names = ["intake", "fold", "perks", "blacklist"].map { prefix + "standing-" + $0 }
        let topics = try pipelineTopics()
        let read = [[topics.control] + topics.sources, [topics.ledger], [topics.facts[2]], [topics.facts[1]]]
        return Dictionary(uniqueKeysWithValues: zip(names, read))
    }
}
