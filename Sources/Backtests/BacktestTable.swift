internal import Events

extension BacktestReport {
    /// The report as text for a terminal. Unprintable characters in names are escaped.
    public func table() -> String {
        var table = BacktestTable()
        write(heading: &table)
        write(scores: &table)
        write(bands: &table)
        write(moves: &table)
        write(sanctions: &table)
        write(perks: &table)
        write(outcomes: &table)
        write(closerLook, Self.closerLookTitle, &table)
        write(uncounted, Self.uncountedTitle, &table)
        return table.text
    }

    private func write(heading table: inout BacktestTable) {
        table.line("Candidate: \(BacktestWords.name(policy))")
        if let against { table.line("Baseline:  \(BacktestWords.name(against))") }
        let clock = input.clock.map { ", clock at \($0)" } ?? ""
        let rejected = input.rejected > 0 ? ", \(BacktestWords.count(input.rejected)) rejected" : ""
        table.line("Events:    \(BacktestWords.count(input.read)) read\(rejected)\(clock)")
    }

    private func write(scores table: inout BacktestTable) {
        table.section("Scores")
        var rows = [["", "subjects", "mean", "least", "lower quartile", "median", "upper quartile", "greatest"]]
        for (role, side) in sides {
            let scores = side.scores.map {
                [$0.mean.decimal(1)]
                    + [$0.least, $0.lowerQuartile, $0.median, $0.upperQuartile, $0.greatest].map(BacktestWords.count)
            }
            rows.append(
                [role, BacktestWords.count(side.subjects)]
                    + (scores ?? Array(repeating: BacktestWords.notDefined, count: 6)))
        }
        table.rows(rows)
    }

    private func write(bands table: inout BacktestTable) {
        table.section("Bands")
        func cells(_ band: Band?, of side: Side) -> [String] {
            guard let band else { return ["-", "-", "-"] }
            return [
                "\(band.from)", BacktestWords.count(band.subjects),
                BacktestWords.share(band.subjects, of: side.subjects),
            ]
        }
        var rows = [[""] + sides.flatMap { ["from", $0.role, "share"] }]
        for row in bandRows {
            rows.append([row.name] + cells(row.policy, of: policy) + (against.map { cells(row.against, of: $0) } ?? []))
        }
        table.rows(rows)
    }

    // MARK: Moves

    private func write(moves table: inout BacktestTable) {
        guard let comparison else { return }
        table.section("Moves, from the baseline to the candidate")
        func row(_ name: String, _ count: Int64, _ points: String = "") -> [String] {
            [name, BacktestWords.count(count), BacktestWords.share(count, of: comparison.subjects), points]
        }
        var rows = [
            ["", "subjects", "share", "points"],
            row("gain", comparison.gain, BacktestWords.signed(comparison.pointsGained)),
            row("lose", comparison.lose, BacktestWords.signed(comparison.pointsLost)),
            row("stay", comparison.stay, "0"), row("band up", comparison.bandUp), row("band down", comparison.bandDown),
            row("band the same", comparison.bandSame),
        ]
        if comparison.bandOther > 0 { rows.append(row("bands without a common order", comparison.bandOther)) }
        table.rows(rows)
        for (role, count) in [("candidate", comparison.onlyPolicy), ("baseline", comparison.onlyAgainst)]
        where count > 0 {
            table.line("Scored by the \(role) only: \(BacktestWords.count(count))")
        }
        write(matrix: comparison, &table)
        write(parts: comparison, &table)
        write(movers: comparison.gainers, "Largest gains", &table)
        write(movers: comparison.losers, "Largest losses", &table)
    }

    private func write(matrix comparison: Comparison, _ table: inout BacktestTable) {
        guard let against else { return }
        table.section("Band of the baseline (rows) and of the candidate (columns)")
        var rows = [[""] + policy.bands.reversed().map(\.name)]
        for (band, counts) in zip(against.bands, comparison.matrix).reversed() {
            rows.append([band.name] + counts.reversed().map { $0 == 0 ? "." : BacktestWords.count($0) })
        }
        table.rows(rows)
    }

    private func write(parts comparison: Comparison, _ table: inout BacktestTable) {
        guard !liveParts.isEmpty else { return }
        table.section("What makes the difference, in points")
        var rows = [["", "over those who gain", "over those who lose", "largest part for"]]
        for part in liveParts {
            rows.append([
                BacktestWords.part(part.source), BacktestWords.signed(part.overGainers),
                BacktestWords.signed(part.overLosers), BacktestWords.count(part.largestFor),
            ])
        }
        rows.append([
            "all", BacktestWords.signed(comparison.pointsGained), BacktestWords.signed(comparison.pointsLost),
            BacktestWords.count(comparison.gain + comparison.lose),
        ])
        table.rows(rows)
    }

    private func write(movers moves: [Move], _ title: String, _ table: inout BacktestTable) {
        guard !moves.isEmpty else { return }
        table.section(title)
        var rows = [["", "baseline", "band", "candidate", "band", "difference", "largest part", "points"]]
        for move in moves {
            rows.append([
                move.subject, "\(move.against.score)", move.against.band, "\(move.policy.score)", move.policy.band,
                BacktestWords.signed(move.difference), BacktestWords.part(move.part), BacktestWords.signed(move.points),
            ])
        }
        table.rows(rows)
    }

    // MARK: Sanctions and perks

    private func write(sanctions table: inout BacktestTable) {
        guard !sanctionRows.isEmpty else { return }
        table.section("Sanctions: times imposed and lifted; subjects noticed, in force and stayed at the end")
        var rows = [["", "", "imposed", "lifted", "noticed", "in force", "stayed"]]
        for row in sanctionRows {
            for (role, item) in zip(sides.map(\.role), [row.policy, row.against]) {
                rows.append(
                    [row.id, role]
                        + (item.map {
                            [$0.imposed, $0.lifted, $0.noticed, $0.inForce, $0.stayed].map(BacktestWords.count)
                        } ?? Array(repeating: "-", count: 5)))
            }
        }
        table.rows(rows, textColumns: 2)
        write(differences: comparison?.sanctions ?? [], "a sanction", &table)
    }

    private func write(perks table: inout BacktestTable) {
        guard !perkRows.isEmpty else { return }
        table.section("Perks: times granted and revoked; subjects who hold them at the end")
        var rows = [["", "", "granted", "revoked", "held"]]
        for row in perkRows {
            for (role, item) in zip(sides.map(\.role), [row.policy, row.against]) {
                rows.append(
                    [row.id, role]
                        + (item.map { [$0.granted, $0.revoked, $0.held].map(BacktestWords.count) }
                            ?? Array(repeating: "-", count: 3)))
            }
        }
        table.rows(rows, textColumns: 2)
        write(differences: comparison?.perks ?? [], "a perk", &table)
    }

    private func write(differences: [Difference], _ what: String, _ table: inout BacktestTable) {
        guard !differences.isEmpty else { return }
        table.section("Subjects with \(what) at the end")
        var rows = [["", "under both", "candidate only", "baseline only"]]
        for item in differences {
            rows.append(
                [item.id] + [item.both, item.onlyPolicy.count, item.onlyAgainst.count].map(BacktestWords.count))
        }
        table.rows(rows)
        for item in differences {
            for (role, subjects) in [("candidate", item.onlyPolicy), ("baseline", item.onlyAgainst)]
            where !subjects.first.isEmpty {
                table.line("\(item.id), \(role) only: \(BacktestWords.subjects(subjects))")
            }
        }
    }

    // MARK: Outcomes

    private func write(outcomes table: inout BacktestTable) {
        guard let outcome else { return }
        let rate = BacktestWords.share(outcome.outcomes, of: outcome.subjects)
        table.section(
            "Outcome \"\(outcome.name)\": \(BacktestWords.count(outcome.outcomes)) of "
                + "\(BacktestWords.count(outcome.subjects)) subjects (\(rate))")
        var rows = [["", "subjects", "AUC", "Gini", "KS", "at score", "without standing", "without outcome"]]
        for (role, side) in sides {
            guard let found = side.outcome else { continue }
            rows.append([
                role, BacktestWords.count(found.separation.with + found.separation.without),
                BacktestWords.decimal(found.separation.auc, 4), BacktestWords.decimal(found.separation.gini, 4),
                BacktestWords.decimal(found.separation.ks, 4),
                found.separation.ksPoint.map { "\($0.score)" } ?? BacktestWords.notDefined,
                BacktestWords.count(found.withoutStanding), BacktestWords.count(found.withoutOutcome),
            ])
        }
        table.rows(rows)
        for (role, side) in sides {
            guard let found = side.outcome else { continue }
            write(rates: found.bands.reversed(), "Outcomes by band, \(role)", "band", &table)
            write(rates: found.deciles, "Outcomes by decile of score, \(role)", "decile", &table)
        }
    }

    // MARK: A closer look, and what did not count

    private func write(_ listings: [Listing], _ title: String, _ table: inout BacktestTable) {
        guard !listings.isEmpty else { return }
        table.section(title)
        for listing in listings {
            table.section(listing.title)
            table.rows([listing.head] + listing.rows, textColumns: listing.textColumns)
        }
    }

    private func write(rates: [BacktestRate], _ title: String, _ what: String, _ table: inout BacktestTable) {
        guard !rates.isEmpty else { return }
        table.section(title)
        var rows = [[what, "scores", "subjects", "outcomes", "rate"]]
        for rate in rates {
            rows.append([
                rate.name, BacktestWords.scores(rate.scores), BacktestWords.count(rate.subjects),
                BacktestWords.count(rate.outcomes), BacktestWords.percent(rate.rate),
            ])
        }
        table.rows(rows)
    }
}

/// Lines of text with aligned columns.
private struct BacktestTable {
    private(set) var text = ""

    mutating func line(_ line: String) { text += line.printable() + "\n" }

    mutating func section(_ title: String) {
        text += "\n"
        line(title)
    }

    /// The first row is the header. The first columns are texts and aligned left, the others are numbers and aligned
    /// right.
    mutating func rows(_ rows: [[String]], textColumns: Int = 1) {
        let header = rows.first ?? []
        var table = TextTable(
            header.enumerated().map { $0.offset < textColumns ? .text($0.element) : .number($0.element) }, indent: 2)
        for row in rows.dropFirst() { table.add(row) }
        text += table.take()
    }
}
