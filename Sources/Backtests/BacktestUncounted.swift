internal import Events
internal import Scoring

// Events that did not count, with the reasons. The table and the page have the same content.
extension BacktestReport {
    static let uncountedTitle = "What did not count, and why"

    /// A table whose first columns are texts and whose others are numbers.
    struct Listing {
        var title: String
        var head: [String]
        var textColumns: Int
        var rows: [[String]]
    }

    /// The listings that are not empty.
    var uncounted: [Listing] {
        [uncountedEvents, failures, unmatchedTypes, notEnrolledByFile].filter { !$0.rows.isEmpty }
    }

    private var uncountedEvents: Listing {
        func row(_ name: String, _ count: (Side) -> Int64) -> [String]? {
            let counts = sides.map { count($0.side) }
            return counts.contains { $0 != 0 } ? [name] + counts.map(BacktestWords.count) : nil
        }
        let rows = [
            row("of subjects who are not enrolled") { $0.counters.notEnrolled },
            row("of a time out of range") { $0.counters.outOfRange },
            row("that wait for an enrolment at the end") { $0.diagnosis.waiting },
            row("that no rule and no sanction took") { $0.counters.unmatched },
            row("that came once more") { $0.counters.duplicates },
            row("beyond the number that a subject may have") { $0.counters.beyondLimit },
            row("that enrol a kind which is not scored") { $0.counters.kindNotScored },
        ]
        return Listing(
            title: "Events", head: [""] + sides.map(\.role), textColumns: 1, rows: rows.compactMap { $0 })
    }

    private var failures: Listing {
        let namesEvents = listLimit > 0
        var rows: [[String]] = []
        for (role, side) in sides {
            for failure in side.diagnosis.failures {
                let event = failure.example.map { [$0.source, $0.id] } ?? ["", ""]
                rows.append(
                    ["\(failure.part.rawValue) \(failure.id)", role, failure.reason] + (namesEvents ? event : [])
                        + [BacktestWords.count(failure.count)])
            }
            if side.diagnosis.otherFailures > 0 {
                rows.append(
                    ["others", role, ""] + (namesEvents ? ["", ""] : [])
                        + [BacktestWords.count(side.diagnosis.otherFailures)])
            }
        }
        return Listing(
            title: "Expressions that had no value" + (namesEvents ? ", and the first event without one" : ""),
            head: ["", "", "error"] + (namesEvents ? ["event's source", "its id"] : []) + ["times"],
            textColumns: namesEvents ? 5 : 3, rows: rows)
    }

    private var unmatchedTypes: Listing {
        var rows: [[String]] = []
        for (role, side) in sides {
            for item in side.diagnosis.unmatchedTypes {
                let hint = item.nearest.map { "did you mean \($0)?" } ?? ""
                rows.append([item.type, role, hint, BacktestWords.count(item.events)])
            }
            if side.diagnosis.otherUnmatched > 0 {
                rows.append(["other types", role, "", BacktestWords.count(side.diagnosis.otherUnmatched)])
            }
        }
        return Listing(
            title: "Event types that no rule and no sanction names", head: ["", "", "", "events"], textColumns: 3,
            rows: rows)
    }

    private var notEnrolledByFile: Listing {
        var rows: [[String]] = []
        for (role, side) in sides {
            for (file, events) in zip(input.files, side.notEnrolledByFile) where events > 0 {
                rows.append([file, role, BacktestWords.count(events)])
            }
        }
        return Listing(
            title: "Events of subjects who are not enrolled, by file", head: ["", "", "events"], textColumns: 2,
            rows: rows)
    }
}

extension BacktestPage {
    // MARK: What did not count

    func writeUncounted(_ page: inout Markup) {
        write(report.uncounted, under: BacktestReport.uncountedTitle, to: &page)
    }
}
