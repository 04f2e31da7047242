import Events
import Foundation
import Kafka
import Ledger
import Replay
import Terminal

/// Finds an event in a ledger, and its effects there.
struct TraceSearch {
    private let ledger: LedgerSource
    private let source, id: String
    private var found: [EventSearch.Found] = []
    /// The searched parts, for the message if nothing is found.
    private var searched = ""

    init(_ ledger: LedgerSource, source: String, id: String) {
        (self.ledger, self.source, self.id) = (ledger, source, id)
    }

    /// `kafka`: for a ledger in a topic; nil for a folder.
    mutating func find(subject: String?, since: Timestamp?, _ kafka: KafkaConfiguration?) throws {
        var partitions = ledger.partitions
        if let subject {
            if let entries = try ledger.entries(of: Array(subject.utf8), until: .max) {
                let trace = try EventTrace(entries, source: Array(source.utf8), id: Array(id.utf8))
                searched = "the subject's entries, by the archive's indexes"
                let partition = try partition(of: entries)
                found = trace.occurrences.map {
                    EventSearch.Found(
                        partition: partition, offset: $0.entry.offset, entry: $0.entry.entry, subject: entries.subject)
                }
                return
            }
            if let partition = ledger.partition(of: Array(subject.utf8)) { partitions = [partition] }
        }
        let starts = try since.flatMap { try kafka?.starts(of: ledger, partitions, since: $0) } ?? [:]
        searched = "ledger partitions \(partitions.map(String.init).joined(separator: ", "))"
        if let since {
            searched +=
                " since \(since)"
                + (starts.isEmpty ? ", whole: the broker finds no offsets by time" : "")
        }
        try withProgress(partitions.reduce(0) { $0 + (ledger.ends[$1] ?? 0) - (starts[$1] ?? 0) }) { progress in
            var search = EventSearch(source: Array(source.utf8), id: Array(id.utf8))
            for partition in partitions where (starts[partition] ?? 0) < (ledger.ends[partition] ?? .max) {
                try search.search(
                    ledger.frames(partition, starts[partition] ?? 0, .max), of: partition, progress: progress)
            }
            found = search.found
        }
    }

    private func partition(of entries: SubjectEntries) throws -> Int32 {
        if let known = ledger.partition(of: entries.subject) { return known }
        // An archive does not have the number of partitions, so all of its partitions are searched.
        for partition in ledger.partitions {
            guard let root = ledger.root else { break }
            let history = SubjectHistory(ArchiveDirectory(root: root, partition: partition))
            let own = try Rereading.besideMember.run { try SubjectEntries(of: entries.subject, in: history) }
            if own.isOfSubject { return partition }
        }
        return 0
    }

    /// Folds the ledger up to the event.
    func report() throws -> TraceReport {
        var report = TraceReport(source: source, id: id, searched: searched)
        report.isCutOff = found.count == EventSearch.maximumFound
        for (subject, of) in Dictionary(grouping: found, by: { Subject(partition: $0.partition, name: $0.subject) })
            .sorted(by: { $0.key < $1.key })
        {
            guard !subject.name.isEmpty else {
                report.concernsEveryone += of.map { ($0.partition, .init(offset: $0.offset, entry: $0.entry)) }
                continue
            }
            let trace = try EventTrace(try entries(of: subject), source: Array(source.utf8), id: Array(id.utf8))
            for occurrence in trace.occurrences {
                let facts = try facts(of: occurrence, in: subject.partition)
                report.occurrences.append(
                    .init(partition: subject.partition, subject: trace.subject, occurrence: occurrence, facts: facts))
            }
            // Entries that the fold passes over have no outcome: their frame is refused, their origin repeated, or
            // their time out of range.
            let known = Set(trace.occurrences.map(\.position))
            report.passedOver += of.map { ($0.partition, EventTrace.Position(offset: $0.offset, entry: $0.entry)) }
                .filter { !known.contains($0.1) }
        }
        return report
    }

    private struct Subject: Hashable, Comparable {
        let partition: Int32
        let name: [UInt8]

        static func < (a: Self, b: Self) -> Bool {
            a.partition != b.partition ? a.partition < b.partition : a.name.lexicographicallyPrecedes(b.name)
        }
    }

    private func entries(of subject: Subject) throws -> SubjectEntries {
        if let root = ledger.root {
            let history = SubjectHistory(ArchiveDirectory(root: root, partition: subject.partition))
            return try Rereading.besideMember.run { try SubjectEntries(of: subject.name, in: history) }
        }
        return try withProgress(ledger.ends[subject.partition] ?? 0) { progress in
            try SubjectEntries(
                of: subject.name, in: ledger.frames(subject.partition, 0, .max), progress: progress)
        }
    }

    /// The facts of the entry, and of the enrolment after which it counted. The partition is folded up to there.
    private func facts(of occurrence: EventTrace.Occurrence, in partition: Int32) throws -> [TraceReport.Fact] {
        let positions = [occurrence.position, occurrence.countedBy].compactMap(\.self)
        let end = (positions.map(\.offset).max() ?? 0) + 1
        var replay = LedgerReplay()
        (replay.until, replay.computesDigests) = (end, false)
        let decoder = EventDecoder()
        let starts = positions.map { Array("\(partition)-\($0.offset)-\($0.entry)-".utf8) }
        var facts: [TraceReport.Fact] = []
        try withProgress(end) { progress in
            try replay.facts(
                partition: partition, from: occurrence.position.offset, source: ledger.frames, progress: progress
            ) { json in
                guard let id = decoder.string("id", of: json), starts.contains(where: { id.starts(with: $0) }),
                    let fact = TraceReport.Fact(json), fact.cause == .init(source: source, id: self.id)
                else { return }
                facts.append(fact)
            }
        }
        return facts
    }

    /// `total`: the number of offsets to read; 0 if it is unknown.
    private func withProgress<Result>(_ total: Int64, _ body: (ReplayProgress) throws -> Result) rethrows -> Result {
        let progress = ReplayProgress(total: total)
        let bar = ProgressLine(progress)
        defer { bar.finish() }
        return try body(progress)
    }
}

extension KafkaConfiguration {
    private static let startsMilliseconds = 10_000

    /// The first offsets of records at this time or later; of a partition without any, its end. Empty if the brokers
    /// find no offsets by time.
    fileprivate func starts(
        of ledger: LedgerSource, _ partitions: [Int32], since time: Timestamp
    ) throws -> [Int32: Int64] {
        let admin = try Admin(self, timeoutMilliseconds: Self.startsMilliseconds)
        guard admin.describesSettings else { return [:] }
        let offsets = try admin.offsets(
            of: partitions.map { TopicPartition(ledger.topic, $0) }, atTime: time.microseconds / 1000,
            milliseconds: Self.startsMilliseconds)
        return Dictionary(
            uniqueKeysWithValues: offsets.map { topicPartition, offset in
                (topicPartition.partition, offset ?? ledger.ends[topicPartition.partition] ?? 0)
            })
    }
}
