internal import ArgumentParser
internal import Events
internal import Foundation
internal import Ledger
internal import Terminal

struct BenchHistory: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "One subject's entries out of an archive, with and without its indexes in memory.",
        discussion: """
            Examples:
              standing bench history
            """)

    @OptionGroup var options: BenchLedgerOptions

    @Option(help: "Entries of the subject that is looked up.")
    var ofSubject: Int = 1000

    func run() throws {
        let key = Array("the-one".utf8)
        let ledger = try BenchLedger(
            partitions: 1, frameEntries: options.frameEntries, policy: options.loadedPolicy())
        let maker = BenchEvents(subjects: options.subjects)
        let decoder = EventDecoder()
        var event = EventView.empty
        let every = max(1, options.entries / ofSubject)
        var expected = 0
        for number in 0..<options.entries {
            try maker.json(number).withUnsafeBytes { payload in
                _ = decoder.decode(structured: payload, into: &event)
                guard number % every == 0, expected < ofSubject else { return try ledger.append(event) }
                expected += 1
                try key.withUnsafeBytes { key in
                    event.subject = key
                    try ledger.append(event)
                }
            }
        }
        try ledger.finish()
        let indexed = try seconds { _ = try SubjectHistory(ledger.directory(0)).index() }
        var count = 0
        var bytes = 0
        let history = SubjectHistory(ledger.directory(0))
        func read() throws {
            (count, bytes) = (0, 0)
            _ = try key.withUnsafeBytes { key in
                try history.read(key) { entry in
                    guard !entry.event.subject.isEmpty else { return }
                    count += 1
                    bytes += entry.event.data.count + entry.event.id.count + entry.event.subject.count
                }
            }
        }
        let cpu = ProcessUsage.cpuSeconds
        let first = try seconds(read)
        let again = try seconds(read)
        guard count == expected else { throw fail("error: \(count) entries of \(expected)") }
        BenchResult(
            bench: "history", events: count, seconds: first, ceiling: nil, cpuSeconds: ProcessUsage.cpuSeconds - cpu,
            more: [
                ("entries", String(ledger.entries)), ("milliseconds", String(format: "%.2f", first * 1000)),
                ("millisecondsAgain", String(format: "%.2f", again * 1000)),
                ("indexSeconds", String(format: "%.2f", indexed)), ("bytes", String(bytes)),
            ]
        ).printLine()
    }
}
