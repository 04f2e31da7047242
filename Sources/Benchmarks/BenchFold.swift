internal import ArgumentParser
internal import Events
internal import Foundation
internal import Options
internal import Policy
internal import Scoring

struct BenchFold: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fold",
        abstract: "Decoded entries to standings and facts; the ceiling is one dependent memory access an entry.",
        discussion: """
            Examples:
              standing bench fold
            """)

    @Option(help: "Subjects that are enrolled first.")
    var subjects: Int = 100_000

    @Option(help: "Events a subject.")
    var eventsPerSubject: Int = 20

    @Option(
        help:
            "A policy over the made-up statements: bill.paid-in-full, .revolved and .overdue, with billed, paid, months.",
        completion: .policies)
    var policy: String?

    func run() throws {
        let policy = try policy.map { try loadPolicy($0) } ?? ScoringPolicy(yaml: BenchEvents.policy, file: "bench")
        let maker = BenchEvents(subjects: subjects)
        let decoder = EventDecoder()
        var arena = ByteWriter(capacity: 1 << 20)
        var fold = Fold(policy: policy)
        let residentBefore = ProcessUsage.residentBytes
        var event = EventView.empty
        for number in 0..<subjects {
            maker.enrolment(number).withUnsafeBytes { payload in
                _ = decoder.decode(structured: payload, into: &event)
                fold.fold(event, type: fold.resolve(type: event.type), entry: 0)
            }
            fold.clearOutput()
        }
        let bytesPerSubject = (ProcessUsage.residentBytes - residentBefore) / max(1, subjects)

        // Entries are passed in batches of a frame's size. One month of events is decoded at a time, outside the
        // measured time; the fold runs over the decoded entries.
        struct Decoded {
            var id, source, type, subject, data: Range<Int>
            var time: Timestamp
        }
        var elapsed = 0.0
        var used = 0.0
        var facts = 0
        let frame = 512
        for month in 0..<eventsPerSubject {
            arena.removeAll()
            var decoded: [Decoded] = []
            decoded.reserveCapacity(subjects)
            func append(_ text: UnsafeRawBufferPointer) -> Range<Int> {
                let start = arena.count
                arena.append(text)
                return start..<arena.count
            }
            for number in 0..<subjects {
                // A stride that visits every subject in an order without cache locality.
                let subject = number &* 40_503 % subjects
                maker.json(month * subjects + subject).withUnsafeBytes { payload in
                    _ = decoder.decode(structured: payload, into: &event)
                }
                decoded.append(
                    Decoded(
                        id: append(event.id), source: append(event.source), type: append(event.type),
                        subject: append(event.subject), data: append(event.data), time: event.time))
            }
            let bytes = arena.bytes
            func lend(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes[range]) }
            var items: [Fold.Item] = []
            for (index, entry) in decoded.enumerated() {
                let view = EventView(
                    id: lend(entry.id), source: lend(entry.source), type: lend(entry.type),
                    subject: lend(entry.subject), time: entry.time, data: lend(entry.data))
                items.append(Fold.Item(event: view, type: fold.resolve(type: view.type), entry: index % frame))
            }
            let cpu = ProcessUsage.cpuSeconds
            elapsed += seconds {
                items.withUnsafeBufferPointer { items in
                    for start in stride(from: 0, to: items.count, by: frame) {
                        fold.fold(UnsafeBufferPointer(rebasing: items[start..<min(start + frame, items.count)]))
                        facts += fold.output.facts.count
                        fold.clearOutput()
                    }
                }
            }
            used += ProcessUsage.cpuSeconds - cpu
        }
        let total = subjects * eventsPerSubject
        BenchResult(
            bench: "fold", events: total, seconds: elapsed, ceiling: Self.ceiling(entries: total, slots: subjects),
            cpuSeconds: used,
            more: [
                ("subjects", String(fold.subjectCount)), ("bytesPerSubject", String(bytesPerSubject)),
                ("facts", String(facts)),
            ]
        ).printLine()
    }

    /// The rate of reads and writes of one cache line per subject in the same order: the limit of the memory.
    private static func ceiling(entries: Int, slots: Int) -> Double {
        var lines = [Int64](repeating: 1, count: slots * 16)
        let elapsed = seconds {
            for entry in 0..<entries { lines[entry &* 40_503 % slots * 16] &+= Int64(entry) }
        }
        precondition(lines[0] != 0)
        return Double(entries) / elapsed
    }
}
