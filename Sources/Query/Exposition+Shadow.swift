internal import Events
internal import Pipeline
internal import Replay

extension Exposition {
    /// The number of pairs of bands with a series of their own. Moves of the fewest subjects share one series.
    private static let maximumMoves = 256
    private static let others = "other"

    /// The progress of the policy in the shadow in the partitions that are owned here, and the differences that it
    /// makes. Labels are names from policies, and never a subject.
    mutating func addShadow(_ status: PipelineReading) {
        guard status.shadowOrder != nil else { return }
        let owned = status.shadows.filter { !$0.isStandby }
        for phase in PipelineReading.Shadow.Phase.allCases {
            add(.shadowPartitions, Int64(owned.count { $0.phase == phase }), labels: [("state", phase.rawValue)])
        }
        add(.shadowFramesBehind, owned.reduce(0) { $0 + max(0, $1.framesBehind) })
        if let difference = status.shadowDifference { add(difference) }
    }

    private mutating func add(_ difference: ShadowDifference) {
        let scores = difference.scores
        for (change, subjects) in [("higher", scores.higher), ("lower", scores.lower), ("same", scores.same)] {
            add(.shadowSubjects, subjects, labels: [("change", change)])
        }
        let moves = difference.bands.moves.filter { $0.from != $0.to }.sorted {
            ($1.subjects, $0.from, $0.to) < ($0.subjects, $1.from, $1.to)
        }
        for move in moves.prefix(Self.maximumMoves) {
            add(.shadowBands, move.subjects, labels: [("from", move.from), ("to", move.to)])
        }
        let rest = moves.dropFirst(Self.maximumMoves).reduce(0) { $0 + $1.subjects }
        if rest > 0 { add(.shadowBands, rest, labels: [("from", Self.others), ("to", Self.others)]) }
        for (metric, name, items) in [
            (Metric.shadowPerks, "perk", difference.perks), (.shadowSanctions, "sanction", difference.sanctions),
        ] {
            for item in items {
                add(metric, item.gained, labels: [(name, item.id), ("change", "gained")])
                add(metric, item.lost, labels: [(name, item.id), ("change", "lost")])
            }
        }
    }
}
