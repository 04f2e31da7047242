import ArgumentParser
import Downstream
import Events
import Foundation
import Kafka
import Options
import Pipeline
import Scoring
import Synchronization
import Terminal

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show facts as they come: changes of scores, sanctions and perks.",
        discussion: """
            A line a fact, or with --output json the fact itself, one CloudEvent a line. Each part of the filter that is given must \
            hold. Follows the consumers' rule: of each partition exactly the next sequence number is accepted, every other record is \
            ignored, and a gap is said on standard error; where it does not begin at a partition's beginning, the first number \
            that it reads is taken for the next. Ends with SIGINT, and when nobody reads what it prints; with --no-follow and exit 1 \
            if a fact is missing.

            Examples:
              standing tail --brokers HOST:PORT --type 'standing.sanction.*'
              standing tail --brokers HOST:PORT --from 2026-01-31T00:00:00Z --band A --output json
              standing tail --brokers HOST:PORT --from beginning --subject ada --no-follow
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(help: "A fact's type, such as standing.perk.granted, or 'standing.sanction.*'. May be repeated.")
    var type: [String] = []

    @Option(help: "Whose facts. May be repeated.")
    var subject: [String] = []

    @Option(help: "A band that a score comes to or leaves. May be repeated.")
    var band: [String] = []

    @Option(help: "A sanction's id. May be repeated.")
    var sanction: [String] = []

    @Option(help: "A perk's id. May be repeated.")
    var perk: [String] = []

    @Option(help: "A partition, of each fact topic. May be repeated. Default: all.")
    var partition: [Int32] = []

    @Option(
        help: """
            Where to begin: beginning, end, a Kafka offset, or an RFC 3339 time (that of the record). An offset that a partition does \
            not have is its end, or its beginning.
            """)
    var from = "end"

    @Option(help: "End after so many facts.")
    var count: Int?

    @Flag(inversion: .prefixedNo, help: "Wait for what comes, and not only read to where the topics end now.")
    var follow = true

    @Option(help: "text or json, a line a fact.")
    var output = TableFormat.text

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count: at least 1") }
        if FactStartPoint(from) == nil {
            throw ValidationError("--from: \"\(from)\" is not beginning, end, an offset or an RFC 3339 time")
        }
        let types = Fact.Kind.allCases.map { "\($0.type)" }
        if let unknown = type.first(where: { !$0.hasSuffix(".*") && !types.contains($0) }) {
            throw ValidationError(
                "--type: no fact is a \"\(unknown)\"; there are \(types.joined(separator: ", ")), and beginnings such as "
                    + "'standing.sanction.*'")
        }
        if let negative = partition.first(where: { $0 < 0 }) {
            throw ValidationError("--partition: \(negative) is no partition")
        }
    }

    func run() async throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        var filter = FactFilter()
        (filter.types, filter.subjects, filter.bands) = (type, subject, band)
        (filter.sanctions, filter.perks) = (sanction, perk)
        let names = try cluster.pipelineTopics().facts
        let topics = FactFilter.Kind.allCases.filter { filter.wants($0) }.map { names[$0.rawValue] }
        guard !topics.isEmpty else {
            throw fail(
                "error: no fact matches all parts of the filter: bands are in facts of scores alone, --sanction is for facts of "
                    + "sanctions, and --perk for those of perks", Exit.usage)
        }
        let tail = FactTail(
            cluster.kafka, topics: topics, partitions: partition.isEmpty ? nil : Set(partition), filter: filter,
            start: FactStartPoint(from) ?? .end, count: count, follows: follow, isJSON: output == .json)
        let signals = StopSignals { tail.stop() }
        defer { signals.cancel() }
        try await onThread {
            do {
                try tail.run()
            } catch let error as KafkaError {
                throw fail("error: \(cluster.kafka.brokers): \(error)")
            }
        }
    }
}

/// The beginning of the reading.
enum FactStartPoint: Equatable, Sendable {
    case beginning, end
    case offset(Int64)
    /// Milliseconds since 1970.
    case time(Int64)

    init?(_ text: String) {
        switch text {
        case "beginning": self = .beginning
        case "end": self = .end
        default:
            if let offset = Int64(text), offset >= 0 {
                self = .offset(offset)
            } else if let time = Timestamp(text) {
                self = .time(time.microseconds / 1000)
            } else {
                return nil
            }
        }
    }
}

/// Prints facts of some topics until it is stopped. All functions except `stop` are for one thread.
final class FactTail: @unchecked Sendable {
    private static let pollMilliseconds = 100
    private static let askMilliseconds = 10_000
    private static let failurePause = Duration.seconds(60)
    /// A ready pipe takes this many bytes at once (POSIX's PIPE_BUF). A greater write could block.
    private static let readyBytes = 4096

    private let kafka: KafkaConfiguration
    private let topics: [String]
    private let partitions: Set<Int32>?
    private let filter: FactFilter
    private let start: FactStartPoint
    private let count: Int?
    private let follows: Bool
    private let isJSON: Bool
    /// Whether reading has ended.
    private let isStopped = Atomic(false)
    /// Whether `stop` was called.
    private let isInterrupted = Atomic(false)

    /// Of the batch that is being read.
    private var lines: [UInt8] = []
    private var ends: [TopicPartition: Int64] = [:]
    /// By source of the consumer; nil before the first record of a partition that is not read from its beginning.
    private var sequences: [FactSequence?] = []
    /// Sources with a missing fact.
    private var gaps: Set<Int> = []
    /// Sources with a record that is not a fact.
    private var strange: Set<Int> = []
    private var shown = 0
    private var isTroubled = false
    /// When a failure of the connections was last reported.
    private var lastFailure: ContinuousClock.Instant?

    /// `partitions`: nil for all. `count`: nil if there is no limit.
    init(
        _ kafka: KafkaConfiguration, topics: [String], partitions: Set<Int32>?, filter: FactFilter,
        start: FactStartPoint, count: Int?, follows: Bool, isJSON: Bool
    ) {
        (self.kafka, self.topics, self.partitions, self.filter) = (kafka, topics, partitions, filter)
        (self.start, self.count, self.follows, self.isJSON) = (start, count, follows, isJSON)
    }

    func stop() {
        isInterrupted.store(true, ordering: .relaxed)
        isStopped.store(true, ordering: .relaxed)
    }

    func run() throws {
        let starts = try starts()
        sequences = starts.map { $0.offset == 0 ? FactSequence() : nil }
        var options = Consumer.Options()
        options.reportsEnds = true
        let consumer = try Consumer(kafka, options: options) { [unowned self] notice in
            if case .error(let error) = notice { note(error) }
        }
        defer { consumer.close() }
        try consumer.assign(starts)
        while !isStopped.load(ordering: .relaxed), !isDone(consumer), !hasNoReader {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where !isStopped.load(ordering: .relaxed) { try take(record, consumer) }
            }
            // The facts of a batch are printed at once.
            try flush()
            try note(consumer.takeErrors())
        }
        // A reader to the end needs all facts.
        if !follows, shown != count, !gaps.isEmpty { throw Exit.failed }
    }

    private func isDone(_ consumer: Consumer) -> Bool {
        guard !follows else { return false }
        return consumer.assignment.allSatisfy { item in
            let end = ends[item.topicPartition] ?? 0
            return end == 0 || item.position >= end || (item.end ?? -1) >= end
        }
    }

    private func starts() throws -> [PartitionOffset] {
        let admin = try Admin(kafka, timeoutMilliseconds: Self.askMilliseconds)
        var topicPartitions: [TopicPartition] = []
        var most = 0
        for topic in topics {
            guard let count = try admin.topic(topic)?.partitions else {
                throw fail(
                    "error: \(topic): no such topic on \(kafka.brokers), or this user may not see it; `standing topics apply` makes "
                        + "it, `standing topics acls --role consumer` prints the rights")
            }
            most = max(most, count)
            topicPartitions += (0..<Int32(count)).filter { partitions?.contains($0) ?? true }.map {
                TopicPartition(topic, $0)
            }
        }
        guard !topicPartitions.isEmpty else {
            throw fail("error: --partition: the fact topics have the partitions 0 to \(most - 1)", Exit.usage)
        }
        ends = try admin.ends(of: topicPartitions)
        let beginnings = try admin.beginnings(of: topicPartitions)
        var atTime: [TopicPartition: Int64?] = [:]
        if case .time(let time) = start, admin.describesSettings {
            atTime = try admin.offsets(of: topicPartitions, atTime: time, milliseconds: Self.askMilliseconds)
        }
        return topicPartitions.map { topicPartition in
            let (beginning, end) = (beginnings[topicPartition] ?? 0, ends[topicPartition] ?? 0)
            let offset =
                switch start {
                case .beginning: beginning
                case .end: end
                case .offset(let offset): min(max(offset, beginning), end)
                // The embedded broker finds no offsets by time, so earlier records are skipped one by one.
                case .time: atTime[topicPartition].map { $0 ?? end } ?? beginning
                }
            return PartitionOffset(topicPartition, offset: offset)
        }
    }

    private func take(_ record: Record, _ consumer: Consumer) throws {
        let topicPartition = consumer.assignment[record.source].topicPartition
        guard let value = record.value, let fact = try? FactMessage(json: value) else {
            if strange.insert(record.source).inserted {
                printMessage(
                    "\(topicPartition) offset \(record.offset): this is no fact; it and others like it are ignored")
            }
            return
        }
        var sequence = sequences[record.source] ?? FactSequence(last: fact.sequence - 1)
        let verdict = sequence.judge(fact.sequence)
        sequences[record.source] = sequence
        switch verdict {
        case .accept: gaps.remove(record.source)
        case .ignoreRepeat: return
        case .ignoreGap(let missing):
            if gaps.insert(record.source).inserted {
                printMessage(
                    "\(topicPartition) offset \(record.offset): GAP, \(missing) facts are missing; records are ignored until they arrive"
                )
            }
            return
        }
        if case .time(let time) = start, record.timestamp >= 0, record.timestamp < time { return }
        guard filter.wants(fact) else { return }
        add(fact, value, topicPartition)
        shown += 1
        if shown == count { isStopped.store(true, ordering: .relaxed) }
    }

    private func add(_ fact: FactMessage, _ json: UnsafeRawBufferPointer, _ topicPartition: TopicPartition) {
        if isJSON {
            // Between JSON's tokens a line end is equal to a space.
            lines.append(contentsOf: json.lazy.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
        } else {
            let line = "\(fact.time)  \(fact.subject)  \(fact.summary)  [\(topicPartition) \(fact.sequence)]"
            lines.append(contentsOf: line.printable().utf8)
        }
        lines.append(0x0A)
    }

    /// Writes the lines of a batch. A reader that closes the pipe, as `head` does, ends the program; other errors are
    /// failures.
    private func flush() throws {
        defer { lines.removeAll(keepingCapacity: true) }
        var written = 0
        while written < lines.count {
            var descriptor = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            // A pipe without progress must not prevent the stop.
            guard poll(&descriptor, 1, Int32(Self.pollMilliseconds)) > 0 else {
                if isInterrupted.load(ordering: .relaxed) { return }
                continue
            }
            let count = lines.withUnsafeBytes {
                write(STDOUT_FILENO, $0.baseAddress! + written, min($0.count - written, Self.readyBytes))
            }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                return isStopped.store(true, ordering: .relaxed)
            } else if errno != EINTR && errno != EAGAIN {
                throw fail("standard output cannot be written: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Whether the reader has closed the pipe. It is checked without writing a fact.
    private var hasNoReader: Bool {
        var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&descriptor, 1, 0) > 0 && descriptor.revents & Int16(POLLERR) != 0
    }

    /// A connection is tried again until it is there. While the brokers are away, that is reported now and then.
    private func note(_ error: KafkaError) {
        guard lastFailure.map({ .now - $0 >= Self.failurePause }) ?? true else { return }
        lastFailure = .now
        printMessage("\(kafka.brokers): \(error); this waits for them")
    }

    /// Prints the first error since the last records.
    private func note(_ errors: [(topicPartition: TopicPartition, error: KafkaError)]) throws {
        guard let (topicPartition, error) = errors.first else { return isTroubled = false }
        guard error.isRetriable else { throw error }
        if !isTroubled { printMessage("\(topicPartition): \(error)") }
        isTroubled = true
    }
}
