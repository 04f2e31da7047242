internal import ArgumentParser
internal import Events
internal import Foundation
internal import Ledger
internal import Options
internal import Policy
internal import Replay

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
        var data = JSONWriter()
        data.open()
        data.member("policy", policy.text)
        data.close()
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
