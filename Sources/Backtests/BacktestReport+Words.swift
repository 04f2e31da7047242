extension BacktestReport.Comparison {
    /// How many scores move, and how far: a line of a page for a terminal.
    var scoreLine: String {
        "  score    \(gain) gain (\(pointsGained) points), \(lose) lose (\(-pointsLost) points), \(stay) stay; "
            + "the largest loss is \(largestLoss)"
    }

    /// Who loses and gains most, each list after an empty line and its title.
    var moveLines: [String] {
        var lines: [String] = []
        for (name, moves) in [("Who loses most", losers), ("Who gains most", gainers)] where !moves.isEmpty {
            lines += ["", name]
            for move in moves {
                lines.append(
                    "  \(move.subject): \(move.against.score) \(move.against.band) -> \(move.policy.score) \(move.policy.band)"
                )
            }
        }
        return lines
    }
}
