import Events
import Pipeline
import Query
import Replay

/// The output of `standing policy shadow status`.
struct ShadowView {
    let order: ShadowOrder?
    let answers: [ShadowAnswers.Answer]

    var silent: [ShadowAnswers.Answer] { answers.filter { $0.report == nil } }
    private var reports: [ShadowReport] { answers.compactMap(\.report) }

    /// Of all members together; nil before a member has compared anything.
    private var difference: ShadowDifference? {
        let parts = reports.compactMap(\.difference)
        guard var sum = parts.first else { return nil }
        for part in parts.dropFirst() { sum = sum + part }
        return sum
    }

    /// `{"shadow","members","silent","difference"}`: the members' reports, each without its difference, and the
    /// addresses of members that do not answer.
    var json: String {
        JSONWriter.object { document in
            document.member("shadow", json: order.map { ShadowReport.Order($0).json })
            document.list("members", reports) { $0.value(json: $1.withoutDifference.json) }
            document.member("silent", silent.map(\.member.address))
            document.member("difference", json: difference?.json)
        } + "\n"
    }

    var text: String {
        guard let order else { return "no policy is in the shadow\n" }
        let by = order.by.map { ", by \($0)" } ?? ""
        return "\(ShadowReport.Order(order).name), in the shadow since \(order.since)\(by)\n\n".printable(
            keepingLayout: true) + progress + (difference.map { "\n" + text(of: $0) } ?? "")
    }

    private var progress: String {
        let phases = PipelineReading.Shadow.Phase.allCases
        var table = TextTable(
            [.text("member"), .number("partitions")] + phases.map { .number($0.rawValue) }
                + [.number("folded"), .text("note")])
        for answer in answers {
            guard let report = answer.report else {
                table.add([answer.member.name, "-"] + phases.map { _ in "-" } + ["-", "does not answer"])
                continue
            }
            let parts = report.partitions
            let (folded, total) = parts.reduce((Int64(0), Int64(0))) { ($0.0 + $1.folded, $0.1 + $1.total) }
            let isTaken = report.shadow?.sha256 == order?.hash
            let notes = [isTaken ? nil : "has not taken it yet", parts.compactMap(\.reason).first]
            table.add(
                [report.member, "\(parts.count)"]
                    + phases.map { phase in "\(parts.count { $0.phase == phase })" }
                    + [
                        total > 0 ? "\(min(100, folded * 100 / total)) %" : "-",
                        notes.compactMap(\.self).joined(separator: "; "),
                    ])
        }
        return table.take()
    }

    private func text(of difference: ShadowDifference) -> String {
        let partitions = "\(difference.partitions.count) partition" + (difference.partitions.count == 1 ? "" : "s")
        let clock = difference.partitions.compactMap(\.toClock).max().map { ", clock at \($0)" } ?? ""
        let (scores, bands) = (difference.scores, difference.bands)
        var text = "Compared: \(difference.subjects.inThousands) subjects of \(partitions)\(clock)\n"
        text +=
            "Scores:   \(scores.higher.inThousands) higher, \(scores.lower.inThousands) lower, "
            + "\(scores.same.inThousands) the same\n"
        text += "Bands:    \(bands.up.inThousands) up, \(bands.down.inThousands) down, "
        text += "\(bands.same.inThousands) the same"
        text += bands.other > 0 ? ", \(bands.other.inThousands) not to be compared\n" : "\n"
        let moves = bands.moves.filter { $0.from != $0.to }
        if !moves.isEmpty {
            var table = TextTable([.text("band"), .text("would be"), .number("subjects")])
            for move in moves { table.add([move.from, move.to, move.subjects.inThousands]) }
            text += "\n" + table.take()
        }
        for (name, items) in [("perk", difference.perks), ("sanction", difference.sanctions)] where !items.isEmpty {
            var table = TextTable([
                .text(name), .number("now"), .number("would be"), .number("gained"), .number("lost"),
            ])
            for item in items {
                table.add([item.id] + [item.live, item.shadow, item.gained, item.lost].map(\.inThousands))
            }
            text += "\n" + table.take()
        }
        return text
    }
}
