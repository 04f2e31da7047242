import ArgumentParser
import Events
import Foundation
import Ledger
import Policy
import Replay
import Scoring

/// A made-up ledger for a benchmark, in a temporary folder: every subject enrolled, then bills, month after month.
final class BenchLedger {
    let root: String
    let partitions: Int
    private(set) var entries = 0
    private(set) var archiveBytes: Int64 = 0

    private let writers: [ArchiveWriter]
    private var numbers: [UInt64]
    private var offsets: [Int64]
    private let builders: UnsafeMutablePointer<FrameBuilder>
    private let frameEntries: Int
    private let topic = Array("behaviour.payments".utf8)
    private var origins: [Int64]

    /// `frameEntries`: the number of entries of a frame.
    init(partitions: Int, frameEntries: Int, policy: ScoringPolicy) throws {
        root = FileManager.default.temporaryDirectory.appending(path: "standing-bench-\(UUID().uuidString)").path
        self.partitions = partitions
        self.frameEntries = frameEntries
        writers = try (0..<Int32(partitions)).map { [root] in
            try ArchiveWriter(ArchiveDirectory(root: root, partition: $0))
        }
        numbers = [UInt64](repeating: 0, count: partitions)
        offsets = [Int64](repeating: 0, count: partitions)
        origins = [Int64](repeating: 0, count: partitions)
        builders = .allocate(capacity: partitions)
        for partition in 0..<partitions { (builders + partition).initialize(to: FrameBuilder()) }
        try begin(policy)
    }

    deinit {
        builders.deinitialize(count: partitions)
        builders.deallocate()
        try? FileManager.default.removeItem(atPath: root)
    }

    private func begin(_ policy: ScoringPolicy) throws {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: policy.text)
        data.append("}")
        let id = Array("begin".utf8)
        let type = ControlType.policyActivated.name
        try id.withUnsafeBytes { id in
            let event = EventView(
                id: id, source: id, type: UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount),
                subject: UnsafeRawBufferPointer(start: nil, count: 0), time: .distantPast, data: data.bytes)
            for partition in 0..<partitions {
                builders[partition].append(system: event)
                try flush(partition)
            }
        }
    }

    func append(_ event: EventView) throws {
        let partition = Murmur2.partition(of: event.subject, count: partitions)
        topic.withUnsafeBytes {
            builders[partition].append(event, topic: $0, partition: 0, offset: origins[partition])
        }
        origins[partition] += 1
        entries += 1
        if builders[partition].entries >= frameEntries || builders[partition].isFull { try flush(partition) }
    }

    private func flush(_ partition: Int) throws {
        guard !builders[partition].isEmpty else { return }
        try builders[partition].finish(session: 1, number: numbers[partition]) {
            try writers[partition].append($0, at: offsets[partition])
        }
        numbers[partition] += 1
        offsets[partition] += 1
    }

    func finish() throws {
        for partition in 0..<partitions {
            try flush(partition)
            try writers[partition].close()
            archiveBytes += try Archive(directory(partition)).status().bytes
        }
    }

    func directory(_ partition: Int) -> ArchiveDirectory {
        ArchiveDirectory(root: root, partition: Int32(partition))
    }

    var source: LedgerReplay.Source {
        { [root] partition, start, end in
            ArchiveFrames(ArchiveDirectory(root: root, partition: partition), from: start, until: end)
        }
    }
}

/// The size of a made-up ledger.
struct BenchLedgerOptions: ParsableArguments {
    @Option(help: "The policy. Default: whole numbers over the made-up statements.", completion: .policies)
    var policy: String?

    @Option(help: "Subjects that are enrolled first. What they and their events take decides, because memory does.")
    var subjects: Int = 30_000

    @Option(help: "Entries in all.")
    var entries: Int = 4_000_000

    @Option(help: "Entries of a frame.")
    var frameEntries: Int = 490

    @Option(
        help: "A file of events instead, over and over with other subjects until there are enough entries.",
        completion: .events)
    var events: String?

    func loadedPolicy() throws -> ScoringPolicy {
        try policy.map { try loadPolicy($0) } ?? ScoringPolicy(yaml: BenchEvents.policy, file: "bench")
    }

    func make(partitions: Int) throws -> BenchLedger {
        let ledger = try BenchLedger(partitions: partitions, frameEntries: frameEntries, policy: loadedPolicy())
        if let events { try fill(ledger, from: events) } else { try fill(ledger) }
        try ledger.finish()
        return ledger
    }

    private func fill(_ ledger: BenchLedger) throws {
        let maker = BenchEvents(subjects: subjects)
        let decoder = EventDecoder()
        var event = EventView.empty
        for number in 0..<subjects {
            try maker.enrolment(number).withUnsafeBytes { payload in
                _ = decoder.decode(structured: payload, into: &event)
                try ledger.append(event)
            }
        }
        var number = 0
        while ledger.entries < entries {
            // A stride that visits every subject in an order without cache locality.
            let subject = number &* 40_503 % subjects
            try maker.json(number / subjects * subjects + subject).withUnsafeBytes { payload in
                _ = decoder.decode(structured: payload, into: &event)
                try ledger.append(event)
            }
            number += 1
        }
    }

    private func fill(_ ledger: BenchLedger, from path: String) throws {
        var copy = 0
        repeat {
            let file = try EventFile(path)
            let before = ledger.entries
            while ledger.entries < entries, let event = try file.next(reject: { _ in }) {
                let subject = Array(event.subject) + Array(copy == 0 ? "".utf8 : "-\(copy)".utf8)
                try subject.withUnsafeBytes { subject in
                    var renamed = event
                    renamed.subject = subject
                    try ledger.append(renamed)
                }
            }
            guard ledger.entries > before else { return }
            copy += 1
        } while ledger.entries < entries
    }
}

struct BenchReplay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Archive to states; the ceiling is reading, unpacking, checking and parsing the same frames.",
        discussion: """
            Examples:
              standing bench replay
            """)

    @OptionGroup var options: BenchLedgerOptions

    @Option(help: "Partitions, and so threads, of the second measurement. Default: the number of cores.")
    var threads: Int?

    func run() throws {
        let cores = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let ledger = try options.make(partitions: cores)
        let partitions = (0..<Int32(cores)).map { $0 }
        let ceiling = try Self.ceiling(ledger)
        func measure(_ threads: Int) throws -> (seconds: Double, cpu: Double, entries: Int64) {
            var replay = LedgerReplay()
            replay.threads = threads
            replay.computesDigests = false
            let cpu = ProcessUsage.cpuSeconds
            var results: [LedgerReplay.Result] = []
            let elapsed = try seconds { results = try replay.run(partitions: partitions, source: ledger.source) }
            return (elapsed, ProcessUsage.cpuSeconds - cpu, results.map(\.entries).reduce(0, +))
        }
        let one = try measure(1)
        let all = try measure(cores)
        guard Int(one.entries) == ledger.entries else {
            throw fail("error: \(one.entries) entries of \(ledger.entries)")
        }
        BenchResult(
            bench: "replay", events: ledger.entries, seconds: one.seconds, ceiling: ceiling, cpuSeconds: one.cpu,
            more: [
                ("threads", String(cores)), ("allPerSecond", String(Int(Double(all.entries) / all.seconds))),
                ("allOverOne", String(format: "%.2f", one.seconds / all.seconds)),
                (
                    "archive_bytes_per_entry",
                    String(format: "%.1f", Double(ledger.archiveBytes) / Double(ledger.entries))
                ),
            ]
        ).printLine()
    }

    private static func ceiling(_ ledger: BenchLedger) throws -> Double {
        var count = 0
        let elapsed = try seconds {
            for partition in 0..<ledger.partitions {
                let frames = ArchiveFrames(ledger.directory(partition))
                var entries = EntryReader()
                var entry = FrameReader.blank
                while let frame = try frames.next() {
                    guard try entries.open(frame.bytes) else { continue }
                    while try entries.next(&entry) { count += 1 }
                }
            }
        }
        return Double(count) / elapsed
    }
}

struct BenchSnapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "A state to a file and back; the ceiling is writing and reading as many bytes.",
        discussion: """
            Examples:
              standing bench snapshot
            """)

    @OptionGroup var options: BenchLedgerOptions

    func run() throws {
        let ledger = try options.make(partitions: 1)
        var fold = PartitionFold(partition: 0, keepsFacts: false)
        var facts = EncodedFacts()
        let frames = ArchiveFrames(ledger.directory(0))
        while let frame = try frames.next() {
            try fold.apply(frame: frame.bytes, at: frame.offset, above: [], into: &facts)
        }
        let store = SnapshotStore(root: ledger.root + "/snapshots", partition: 0)
        let head = FrameChain(partition: 0).head
        var digest: StateDigest?
        let cpu = ProcessUsage.cpuSeconds
        let written = try seconds {
            let pending = try store.begin(nextOffset: fold.nextOffset)
            digest = try fold.writeSnapshot(chainHead: head) { try pending.write($0) }
            try pending.commit()
        }
        var bytes = 0
        var restored: PartitionFold?
        let read = try seconds {
            restored = try store.newest(rejected: { printMessage("\($0.path): \($0.reason)") }) { _, reader in
                bytes = reader.remaining
                var head: [UInt8] = []
                return try PartitionFold(partition: 0, snapshot: &reader, chainHead: &head)
            }
        }
        guard let restored else { return }
        let found = restored.fold.digest()
        guard digest == found else { throw fail("error: the state came back as another") }
        let used = ProcessUsage.cpuSeconds - cpu
        let ceiling = try Self.ceiling(bytes: bytes, in: ledger.root)
        BenchResult(
            bench: "snapshot", events: fold.fold.subjectCount, seconds: written + read,
            ceiling: Double(fold.fold.subjectCount) / ceiling, cpuSeconds: used,
            more: [
                ("writeSeconds", String(format: "%.3f", written)), ("readSeconds", String(format: "%.3f", read)),
                ("bytes", String(bytes)),
            ]
        ).printLine()
    }

    private static func ceiling(bytes count: Int, in folder: String) throws -> Double {
        let bytes = [UInt8](repeating: 7, count: count)
        var back = [UInt8](repeating: 0, count: count)
        return try seconds {
            let file = try File(folder + "/ceiling", create: true, on: PosixFileSystem())
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            try file.sync()
            _ = try back.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
            try file.close()
        }
    }
}

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
