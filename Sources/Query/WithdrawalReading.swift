internal import Pipeline

/// The sources that are withdrawn, and the ledger partitions that are folded again now.
struct WithdrawalReading: Sendable, Equatable {
    private(set) var sources: WithdrawnSources
    /// For acts about sources, and for other policies.
    private(set) var switching: [PipelineReading.Switching]

    init(_ sources: WithdrawnSources, switching: [PipelineReading.Switching]) {
        (self.sources, self.switching) = (sources, switching)
    }

    /// Adds the partitions that are not known yet.
    mutating func add(_ others: Self) {
        let known = Set(sources.partitions.map(\.partition))
        switching += others.switching.filter { !known.contains($0.partition) }
        sources.add(others.sources)
    }
}
