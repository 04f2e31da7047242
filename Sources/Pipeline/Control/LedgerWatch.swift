internal import Events
internal import Foundation
internal import Kafka
internal import Ledger
internal import Logging
internal import Synchronization

/// Finds the positions of control events in the ledger, and the facts that they caused, for callers that wait for them.
/// While there are any, one thread reads the ends of their ledger partitions and of these partitions' facts. It works
/// on every member, whichever member folds the partition.
///
/// The fold refuses a frame of an appender that has lost its session, and the entries of the frame are appended again.
/// The position is then that of the first frame.
final class LedgerWatch: @unchecked Sendable {
    /// An entry's position in the ledger.
    struct Position: Hashable, Sendable {
        let partition: Int32
        let offset: Int64
        let entry: Int
    }

    /// A control event's position in the control topic.
    struct Origin: Hashable, Sendable {
        let partition: Int32
        let offset: Int64
    }

    /// The numbers of control entries and facts of a partition that are remembered while a caller waits. The oldest are
    /// removed first.
    private static let (maximumEntries, maximumFacts) = (10_000, 10_000)
    private static let pollMilliseconds = 20
    private static let questionMilliseconds = 2000
    /// How often the groups' positions are read while a caller waits for them.
    private static let askEvery = Duration.milliseconds(200)
    private static let pause = 0.5
    /// The time for which the thread continues without callers.
    private static let idle = Duration.seconds(10)

    private struct Tail {
        var users = 0
        /// Whether records from now on are read.
        var isRead = false
        /// Whether records may have been missed.
        var wasInterrupted = false
        var positions: [TopicPartition: Int64] = [:]
        var entries: [Origin: Position] = [:]
        var order: [Origin] = []
        var facts: [(topic: String, id: String, value: [UInt8])] = []
    }

    private let kafka: any KafkaCluster
    private let topics: PipelineConfiguration.Topics
    private let groups: (intake: String, fold: String)
    private let admin: Admin?
    private let logger: Logger
    private let condition = NSCondition()
    // Guarded by `condition`.
    private var tails: [Int32: Tail] = [:]
    private var askedOfIntake: [Int32: Int] = [:]
    private var askedOfFold: [Int32: Int] = [:]
    private var committedByIntake: [Int32: Int64] = [:]
    private var committedByFold: [Int32: Int64] = [:]
    private var isRunning = false
    private var isClosed = false

    init(_ configuration: PipelineConfiguration, logger: Logger) {
        (kafka, topics) = (configuration.kafka, configuration.topics)
        groups = (configuration.intakeGroup, configuration.foldGroup)
        admin = (configuration.kafka as? KafkaConfiguration).flatMap {
            try? Admin($0, timeoutMilliseconds: Self.questionMilliseconds)
        }
        self.logger = logger
    }

    func close() {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
    }

    // MARK: For callers

    /// Notes the entries that are appended to the partition from now on, until `end`. Returns false if the partition
    /// cannot be read.
    func begin(_ partition: Int32, within patience: Duration) async -> Bool {
        condition.withLock {
            tails[partition, default: Tail()].users += 1
            wake()
        }
        return await wait(patience) { self.tails[partition]?.isRead == true ? true : nil } ?? false
    }

    /// Called with the lock taken.
    private func wake() {
        condition.broadcast()
        guard !isRunning, !isClosed else { return }
        isRunning = true
        let thread = Thread { [self] in run() }
        thread.name = "ledger-watch"
        thread.start()
    }

    /// Called with the lock taken.
    private var isNeeded: Bool { !tails.isEmpty || !askedOfIntake.isEmpty || !askedOfFold.isEmpty }

    func end(_ partition: Int32) {
        condition.withLock {
            tails[partition]?.users -= 1
            if tails[partition]?.users ?? 0 <= 0 { tails[partition] = nil }
        }
    }

    /// The position of the event in the ledger; nil if it is not known in time.
    func position(of origin: Origin, in partition: Int32, within patience: Duration) async -> Position? {
        await wait(patience) { self.tails[partition]?.entries[origin] }
    }

    /// Whether everything that was appended to the partition since `begin` has been read, or will be.
    func isWhole(_ partition: Int32) -> Bool { condition.withLock { tails[partition]?.wasInterrupted == false } }

    /// Whether intake has appended the record's entries and committed its position; false if not in time.
    func isRead(_ origin: Origin, within patience: Duration) async -> Bool {
        await asking(\.askedOfIntake, origin.partition) {
            await wait(patience) { self.committedByIntake[origin.partition] ?? 0 > origin.offset ? true : nil } ?? false
        }
    }

    /// The facts of an entry, in the order of their ids; nil if the fold has not published them in time.
    func facts(of position: Position, within patience: Duration) async -> [[UInt8]]? {
        let isPublished = await asking(\.askedOfFold, position.partition) {
            await wait(patience) { self.committedByFold[position.partition] ?? 0 > position.offset ? true : nil }
                ?? false
        }
        guard isPublished else { return nil }
        let topicPartitions = topics.facts.map { TopicPartition($0, position.partition) }
        // The published facts are read when the tail has reached the topics' present ends.
        guard let ends = await onThread({ [kafka] in try kafka.ends(of: topicPartitions, timeoutMilliseconds: 5000) })
        else {
            return nil
        }
        let prefix = "\(position.partition)-\(position.offset)-\(position.entry)-"
        let found = await wait(patience) { () -> [(String, [UInt8])]? in
            guard let tail = self.tails[position.partition],
                topicPartitions.allSatisfy({ tail.positions[$0] ?? 0 >= ends[$0] ?? 0 })
            else { return nil }
            return tail.facts.filter { $0.id.hasPrefix(prefix) }.map {
                (String($0.id.dropFirst(prefix.count)), $0.value)
            }
        }
        return found?.sorted { Int($0.0) ?? 0 < Int($1.0) ?? 0 }.map(\.1)
    }

    private static let betweenLooks = Duration.milliseconds(5)

    /// Calls `body` with the lock taken until it returns an answer; nil if there is none in time.
    private func wait<Answer: Sendable>(_ patience: Duration, _ body: () -> Answer?) async -> Answer? {
        let end = ContinuousClock.now + patience
        while true {
            if let answer = condition.withLock(body) { return answer }
            guard ContinuousClock.now < end, (try? await Task.sleep(for: Self.betweenLooks)) != nil else { return nil }
        }
    }

    private func asking<Answer>(
        _ list: ReferenceWritableKeyPath<LedgerWatch, [Int32: Int]>, _ partition: Int32, _ body: () async -> Answer
    ) async -> Answer {
        condition.withLock {
            self[keyPath: list][partition, default: 0] += 1
            wake()
        }
        let answer = await body()
        condition.withLock {
            let left = (self[keyPath: list][partition] ?? 1) - 1
            self[keyPath: list][partition] = left > 0 ? left : nil
        }
        return answer
    }

    // MARK: The thread

    private func run() {
        while true {
            let isOver = condition.withLock {
                while !isNeeded, !isClosed { condition.wait() }
                return isClosed
            }
            guard !isOver else { return }
            do {
                try follow()
            } catch {
                logger.warning("the ledger's end is not followed", metadata: ["reason": "\(error)"])
                condition.withLock {
                    for partition in tails.keys {
                        tails[partition]?.isRead = false
                        tails[partition]?.wasInterrupted = true
                    }
                }
                Thread.sleep(forTimeInterval: Self.pause)
            }
        }
    }

    /// Reads until there are no callers.
    private func follow() throws {
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = 8 * 1024
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        var reader = FrameReader()
        var lastAsked = ContinuousClock.now - Self.askEvery
        var lastNeeded = ContinuousClock.now
        while try assign(consumer, idleSince: &lastNeeded) {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                condition.withLock {
                    for record in records { note(record, consumer.assignment[record.source].topicPartition, &reader) }
                }
            }
            for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
            if ContinuousClock.now - lastAsked >= Self.askEvery {
                lastAsked = ContinuousClock.now
                try askGroups()
            }
        }
    }

    /// Assigns the partitions of callers, and no others. Returns false if there have been no callers for a while.
    private func assign(
        _ consumer: any ConsumerClient, idleSince lastNeeded: inout ContinuousClock.Instant
    ) throws -> Bool {
        let (wanted, isNeeded, isOver) = condition.withLock { (tails.mapValues { $0.isRead }, self.isNeeded, isClosed) }
        if isNeeded { lastNeeded = ContinuousClock.now }
        guard !isOver, ContinuousClock.now - lastNeeded < Self.idle else { return false }
        let assigned = Set(consumer.assignment.map(\.topicPartition))
        func topicPartitions(_ partition: Int32) -> [TopicPartition] {
            ([topics.ledger] + topics.facts).map { TopicPartition($0, partition) }
        }
        let all = wanted.keys.flatMap(topicPartitions)
        let new = wanted.filter { !$0.value }.keys.flatMap(topicPartitions)
        guard !new.isEmpty || assigned != Set(all) else { return true }
        let ends = new.isEmpty ? [:] : try kafka.ends(of: new, timeoutMilliseconds: Self.questionMilliseconds)
        var starts = consumer.assignment.filter { source in
            all.contains(source.topicPartition) && !new.contains(source.topicPartition)
        }.map { PartitionOffset($0.topicPartition, offset: $0.position) }
        starts += new.map { PartitionOffset($0, offset: ends[$0] ?? 0) }
        try consumer.assign(starts)
        condition.withLock {
            for partition in wanted.keys where wanted[partition] == false {
                for topicPartition in topicPartitions(partition) {
                    tails[partition]?.positions[topicPartition] = ends[topicPartition] ?? 0
                }
                tails[partition]?.isRead = true
            }
        }
        return true
    }

    /// Called with the lock taken.
    private func note(_ record: Record, _ topicPartition: TopicPartition, _ reader: inout FrameReader) {
        guard tails[topicPartition.partition] != nil else { return }
        tails[topicPartition.partition]?.positions[topicPartition] = record.offset + 1
        guard let value = record.value else { return }
        if topicPartition.topic == topics.ledger {
            noteEntries(of: value, record.offset, topicPartition.partition, &reader)
        } else {
            noteFact(value, topicPartition)
        }
    }

    private func noteEntries(
        of frame: UnsafeRawBufferPointer, _ offset: Int64, _ partition: Int32, _ reader: inout FrameReader
    ) {
        do {
            try reader.open(frame)
            var entry = FrameReader.blank
            var number = -1
            let control = Array(topics.control.utf8)
            while try reader.next(&entry) {
                number += 1
                guard entry.kind == .event, entry.origin.topic.elementsEqual(control) else { continue }
                let origin = Origin(partition: entry.origin.partition, offset: entry.origin.offset)
                guard tails[partition]?.entries[origin] == nil else { continue }
                tails[partition]?.entries[origin] = Position(partition: partition, offset: offset, entry: number)
                tails[partition]?.order.append(origin)
            }
        } catch {
            // The fold quarantines an unreadable frame.
        }
        while let count = tails[partition]?.order.count, count > Self.maximumEntries {
            if let oldest = tails[partition]?.order.removeFirst() { tails[partition]?.entries[oldest] = nil }
        }
    }

    private func noteFact(_ value: UnsafeRawBufferPointer, _ topicPartition: TopicPartition) {
        let decoder = EventDecoder()
        let id = withExtendedLifetime(decoder) {
            decoder.string("id", of: value).map { String(decoding: $0, as: UTF8.self) }
        }
        guard let id else { return }
        tails[topicPartition.partition]?.facts.append((topicPartition.topic, id, Array(value)))
        if let count = tails[topicPartition.partition]?.facts.count, count > Self.maximumFacts {
            tails[topicPartition.partition]?.facts.removeFirst(count / 2)
        }
    }

    private func askGroups() throws {
        let (intake, fold) = condition.withLock { (Array(askedOfIntake.keys), Array(askedOfFold.keys)) }
        guard let admin, !intake.isEmpty || !fold.isEmpty else { return }
        if !intake.isEmpty {
            let found = try admin.committed(
                group: groups.intake, partitions: intake.map { TopicPartition(topics.control, $0) })
            condition.withLock { for each in found { committedByIntake[each.topicPartition.partition] = each.offset } }
        }
        if !fold.isEmpty {
            let found = try admin.committed(
                group: groups.fold, partitions: fold.map { TopicPartition(topics.ledger, $0) })
            condition.withLock { for each in found { committedByFold[each.topicPartition.partition] = each.offset } }
        }
    }
}

/// Runs blocking work on a thread of its own; nil if it throws.
func onThread<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async -> Answer? {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: try? body()) }
        thread.stackSize = 4 << 20
        thread.start()
    }
}
