internal import Events
internal import Feeding
internal import Foundation
internal import Kafka
public import Logging
public import Options
internal import Pipeline
public import Policy
internal import Replay
internal import Scoring
internal import Terminal
internal import Topics

/// `quickstart --until-done`: sends files through the whole pipeline, and prints the results.
///
/// The files go into the control topic, which has the ledger's number of partitions and its partitioner. So each ledger
/// partition has its events in the files' order, and the facts are those of `standing replay`.
public final class FileRun: @unchecked Sendable {
    private let cluster: Cluster
    private let events: [String]
    private let standings: String?
    private let facts: String?
    private let service: PipelineService
    private let partitions: Int

    public init(
        cluster: Cluster, policy: ScoringPolicy, events: [String], standings: String?, facts: String?, workers: Int,
        logger: Logger
    ) throws {
        self.cluster = cluster
        self.events = events
        self.standings = standings
        self.facts = facts
        service = PipelineService(
            try cluster.pipeline(policy: policy, clock: .events, workers: workers), logger: logger)
        partitions = cluster.definitions.first { $0.role == .ledger }?.partitions ?? 0
    }

    public func run() throws {
        let topics = service.configuration.topics
        let admin = try Admin(cluster.kafka)
        let ledger = (0..<Int32(partitions)).map { TopicPartition(topics.ledger, $0) }
        let source = (0..<Int32(partitions)).map { TopicPartition(topics.control, $0) }
        guard try admin.ends(of: ledger + source).values.allSatisfy({ $0 == 0 }) else {
            throw fail(
                "error: \(topics.ledger) or \(topics.control) is not empty: give --topic-prefix NAME for a fresh set")
        }
        let start = ContinuousClock.now
        let tap = try FactTap(
            kafka: cluster.kafka, topics: topics.facts, partitions: partitions,
            output: try facts.map { try OutputFile($0) })
        service.start()
        defer { service.requestStop() }
        let feed = try Feed(cluster.kafka) { [self] in try through(tap) }
        let latest = try feedAll(feed)
        try wait(tap) { [self] in
            let positions = service.status.sourcePositions
            return feed.ends.allSatisfy { positions[$0.key] ?? 0 >= $0.value } && isFolded
        }
        if latest > .distantPast {
            try service.advanceClocks(to: latest)
            try wait(tap) { [self] in isFolded }
        }
        try wait(tap) { [self] in
            let sequences = tap.current.sequences
            return service.positions.allSatisfy { partition, position in
                topics.facts.indices.allSatisfy {
                    sequences[TopicPartition(topics.facts[$0], partition)]?.last == position.sequences[$0]
                }
            }
        }
        let seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
        try tap.finish()
        try writeStandings()
        printSummary(feed.fed, tap.current, seconds)
        service.requestStop()
        try service.join()
    }

    /// The number of records that are fully processed: folded or dead-lettered, with their facts read.
    private func through(_ tap: FactTap) throws -> Int64 {
        try check(tap)
        let status = service.status
        let behind = status.factsPublished.reduce(0, +) - Int64(tap.accepted)
        // A reader of facts that lags limits the feeding as a fold does.
        return service.foldCounters.entries + service.ledgerRepeats.entries + status.intake.deadLetterTotal
            - max(0, behind)
    }

    /// Whether every acknowledged frame is folded, and every fact of it is acknowledged.
    private var isFolded: Bool {
        let positions = service.positions
        let status = service.status
        return status.foldPartitions == partitions && status.currentPartitions == partitions
            && status.ledgerEnds.allSatisfy { positions[$0.key]?.next ?? 0 >= $0.value }
    }

    /// Throws if the pipeline or the reader of facts has ended, because the run cannot be completed then.
    private func check(_ tap: FactTap) throws {
        if let failure = service.finalFailure { throw fail("error: \(failure)") }
        try tap.check()
    }

    private func wait(_ tap: FactTap, _ condition: () -> Bool) throws {
        while true {
            try check(tap)
            if condition() { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    /// Feeds every line. Returns the greatest event time.
    private func feedAll(_ feed: Feed) throws -> Timestamp {
        let progress = FileProgress(of: events)
        let line = ProgressLine(progress)
        defer { line.finish() }
        let decoder = EventDecoder()
        var event = EventView.empty
        var latest = Timestamp.distantPast
        do {
            for file in events {
                let lines = try LineReader(file, maximumBytes: EventDecoder.maximumEventBytes, progress: progress)
                while let line = try lines.next() {
                    guard !line.isEmpty else { continue }
                    // A line that is not an event is sent too, and must become a dead letter.
                    let isEvent = decoder.decode(structured: line, into: &event) == nil
                    if isEvent { latest = max(latest, event.time) }
                    try feed.send(
                        topic: service.configuration.topics.control, partitions: partitions,
                        key: isEvent && !event.subject.isEmpty ? event.subject : nil, value: line)
                }
            }
            try feed.flush()
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
        return latest
    }

    private func writeStandings() throws {
        guard let standings else { return }
        let out = try OutputFile(standings)
        var writer = StandingsWriter()
        _ = service.collect(into: &writer)
        try writer.write { try out.write($0) }
        try out.close()
    }

    private func printSummary(_ read: Int64, _ facts: FactTap.State, _ seconds: Double) {
        let fold = service.foldCounters
        // The files are at their end, so waiting events are of subjects that never enrol.
        let notEnrolled = fold.notEnrolled + service.diagnosis.waiting
        print(
            JSONWriter.object { summary in
                summary.member("eventsRead", read)
                summary.member("folded", fold.entries)
                summary.member("duplicates", fold.duplicates)
                summary.member("notEnrolled", notEnrolled)
                summary.member("deadLetters", service.status.intake.deadLetterTotal)
                summary.open("facts")
                for (type, count) in facts.byType.sorted(by: { $0.key < $1.key }) { summary.member(type, count) }
                summary.close()
                summary.member("repeatedFacts", facts.repeats)
                summary.member("seconds", json: String(format: "%.3f", seconds))
            })
    }
}
