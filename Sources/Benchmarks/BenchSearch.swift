internal import ArgumentParser
internal import Events
internal import Foundation
internal import Policy
internal import Scoring

struct BenchSearch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Pages of 500 subjects, and of those whom a rare filter takes; the index that they are read from.",
        discussion: """
            Examples:
              standing bench search --subjects 1000000
            """)

    @Option(help: "Subjects of the ledger partition.")
    var subjects: Int = 1_000_000

    @Option(help: "Pages that are read, each from another position.")
    var pages: Int = 1000

    /// The service's number of subjects that are indexed while the fold waits.
    private static let indexedAtOnce = 2048
    private static let page = 500

    func run() throws {
        let policy = try ScoringPolicy(yaml: BenchEvents.policy, file: "bench")
        let fold = enrolled(policy)
        var index = SubjectIndex()
        var longestStep = 0.0
        var isComplete = false
        let building = seconds {
            while !isComplete {
                longestStep = max(
                    longestStep, seconds { isComplete = fold.update(&index, maximum: Self.indexedAtOnce) })
            }
        }
        var times: [Double] = []
        var found = 0
        let cpu = ProcessUsage.cpuSeconds
        let elapsed = seconds {
            for number in 0..<pages {
                let after = Array(String(format: "card-%07d", number &* 7919 % subjects).utf8)
                times.append(
                    seconds {
                        found +=
                            fold.search(
                                &index, for: SubjectFilter(), after: after, limit: Self.page, maximum: .max
                            ).subjects.count
                    })
            }
        }
        let used = ProcessUsage.cpuSeconds - cpu
        times.sort()
        // No subject matches, so all are scanned.
        var rare = SubjectFilter()
        rare.score = 0...1
        var scanned = 0
        let all = seconds {
            scanned = fold.search(&index, for: rare, after: nil, limit: Self.page, maximum: .max).scanned
        }
        func milliseconds(_ seconds: Double) -> String { String(format: "%.3f", seconds * 1000) }
        BenchResult(
            bench: "search", unit: "page", events: pages, seconds: elapsed, ceiling: nil, cpuSeconds: used,
            more: [
                ("subjects", String(fold.subjectCount)), ("found", String(found)),
                ("pageP99Milliseconds", milliseconds(times[times.count * 99 / 100])),
                ("pageMaxMilliseconds", milliseconds(times[times.count - 1])),
                ("rarePageMilliseconds", milliseconds(all)), ("rarePageScanned", String(scanned)),
                ("indexBytesPerSubject", String(format: "%.1f", Double(index.byteCount) / Double(fold.subjectCount))),
                ("indexMilliseconds", milliseconds(building)), ("longestStepMilliseconds", milliseconds(longestStep)),
            ]
        ).printLine()
    }

    func validate() throws {
        guard (1...100_000_000).contains(subjects), (1...1_000_000).contains(pages) else {
            throw ValidationError("subjects are 1 to 100000000, pages 1 to 1000000")
        }
    }

    /// Subjects that have enrolled in another order than that of their ids.
    private func enrolled(_ policy: ScoringPolicy) -> Fold {
        let (maker, decoder) = (BenchEvents(subjects: subjects), EventDecoder())
        var fold = Fold(policy: policy)
        var event = EventView.empty
        for number in 0..<subjects {
            maker.enrolment(number &* 40_503 % subjects).withUnsafeBytes { payload in
                _ = decoder.decode(structured: payload, into: &event)
                fold.fold(event, type: fold.resolve(type: event.type), entry: 0)
            }
            fold.clearOutput()
        }
        return fold
    }
}
