internal import Events

extension BacktestPage {
    // MARK: Sanctions and perks

    mutating func writeSanctions(_ page: inout Markup) {
        let rows = report.sanctionRows
        guard !rows.isEmpty else { return }
        section(&page, "Sanctions")
        let id = nextPlot()
        let cells: [[String]] = rows.flatMap { row in
            zip(report.sides.map(\.role), [row.policy, row.against]).map { role, item in
                let numbers = item.map { [$0.imposed, $0.lifted, $0.noticed, $0.inForce, $0.stayed] }
                return [row.id, role] + (numbers?.map(BacktestWords.count) ?? Array(repeating: "\u{2013}", count: 5))
            }
        }
        writePair(
            &page, id: id, title: "Sanctions imposed",
            rows.map { ($0.id, $0.policy?.imposed ?? 0, $0.against?.imposed ?? 0) },
            report.comparison?.sanctions ?? [], what: "sanction")
        page.element("div", ["class": "wide"]) {
            table(
                &$0, "Times imposed and lifted; subjects noticed, in force and stayed at the end",
                head: ["Sanction", "", "Imposed", "Lifted", "Noticed", "In force", "Stayed"], rows: cells, text: [1])
        }
    }

    mutating func writePerks(_ page: inout Markup) {
        let rows = report.perkRows
        guard !rows.isEmpty else { return }
        section(&page, "Perks")
        let id = nextPlot()
        let cells: [[String]] = rows.flatMap { row in
            zip(report.sides.map(\.role), [row.policy, row.against]).map { role, item in
                let numbers = item.map { [$0.granted, $0.revoked, $0.held] }
                return [row.id, role] + (numbers?.map(BacktestWords.count) ?? Array(repeating: "\u{2013}", count: 3))
            }
        }
        writePair(
            &page, id: id, title: "Perks granted",
            rows.map { ($0.id, $0.policy?.granted ?? 0, $0.against?.granted ?? 0) },
            report.comparison?.perks ?? [], what: "perk")
        page.element("div", ["class": "wide"]) {
            table(
                &$0, "Times granted and revoked; subjects who hold it at the end",
                head: ["Perk", "", "Granted", "Revoked", "Held"], rows: cells, text: [1])
        }
    }

    /// A drawing, and beside it who has it under only one of two policies.
    private func writePair(
        _ page: inout Markup, id: String, title: String, _ times: [(id: String, policy: Int64, against: Int64)],
        _ differences: [BacktestReport.Difference], what: String
    ) {
        page.element("div", ["class": "pair"]) { pair in
            pair.element("figure") { figure in
                drawMoreAndFewer(&figure, id: id, title: title, times, differences, what: what)
            }
            pair.element("div") { writeDifferences(differences, "a \(what)", &$0) }
        }
    }

    /// With one policy the numbers of times; with two the subjects that have it at the end under only one of them.
    private func drawMoreAndFewer(
        _ page: inout Markup, id: String, title: String, _ times: [(id: String, policy: Int64, against: Int64)],
        _ differences: [BacktestReport.Difference], what: String
    ) {
        guard !differences.isEmpty else {
            page.element("h3", title)
            let bars = BacktestBars(
                rows: times.map {
                    .init(
                        name: $0.id,
                        bars: [.init(value: $0.policy, label: BacktestWords.count($0.policy), style: "candidate")])
                })
            BacktestPlot.drawing(
                &page, id: id, height: bars.height, title: title,
                description: times.map { "\($0.id) \(BacktestWords.count($0.policy))" }.joined(separator: "; ")
            ) { bars.draw(&$0) }
            return
        }
        page.element("h3", "More and fewer subjects with a \(what) at the end")
        keys(
            &page,
            [("candidate", "right: under the candidate only"), ("baseline", "left: under the baseline only")])
        let bars = BacktestBars(
            rows: differences.map { item in
                .init(
                    name: item.id,
                    bars: [
                        .init(
                            value: item.onlyPolicy.count, label: BacktestWords.count(item.onlyPolicy.count),
                            style: "candidate"),
                        .init(
                            value: -item.onlyAgainst.count, label: BacktestWords.count(item.onlyAgainst.count),
                            style: "baseline", isLeft: true),
                    ])
            })
        let words = differences.map {
            "\($0.id): \(BacktestWords.count($0.onlyPolicy.count)) under the candidate only, "
                + "\(BacktestWords.count($0.onlyAgainst.count)) under the baseline only"
        }
        BacktestPlot.drawing(
            &page, id: id, height: bars.height, title: "Subjects with a \(what) under one policy only",
            description: words.joined(separator: "; ")
        ) { bars.drawDiverging(&$0) }
    }

    private func writeDifferences(
        _ differences: [BacktestReport.Difference], _ what: String, _ page: inout Markup
    ) {
        guard !differences.isEmpty else { return }
        table(
            &page, "Subjects with \(what) at the end", head: ["", "Under both", "Candidate only", "Baseline only"],
            rows: differences.map {
                [$0.id] + [$0.both, $0.onlyPolicy.count, $0.onlyAgainst.count].map(BacktestWords.count)
            })
        for item in differences {
            for (role, subjects) in [("candidate", item.onlyPolicy), ("baseline", item.onlyAgainst)]
            where !subjects.first.isEmpty {
                page.element(
                    "p", ["class": "ids soft"], "\(item.id), \(role) only: \(BacktestWords.subjects(subjects))")
            }
        }
    }
}
