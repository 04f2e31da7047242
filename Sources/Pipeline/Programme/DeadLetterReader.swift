public import Events
internal import Foundation
public import Kafka

/// The dead-letter topic for people: pages of letters with their outcomes, the newest first, and single letters with
/// their bytes. The first reading begins at the topic's beginning, and each later one continues from the previous one.
/// Every call blocks, for a limited time. No key, header or byte of a letter is retained.
public final class DeadLetterReader: @unchecked Sendable {
    public enum Outcome: Sendable, Hashable {
        case waiting
        /// The TOPIC/PARTITION/OFFSET of the record that was sent.
        case sent(to: String)
        case discarded(reason: String)
    }

    /// A letter without its bytes.
    public struct Summary: Sendable {
        public let position: DeadLetter.Position
        /// When it became a dead letter; nil if unknown.
        public let time: Timestamp?
        /// `ATTRIBUTE/REASON`, as `EventDefect.code`.
        public let reason: String
        public let source: TopicPartition
        public let sourceOffset: Int64
        /// Bytes of the original value.
        public let size: Int64
        public internal(set) var outcome: Outcome

        fileprivate var order: Cursor { Cursor(time: time?.microseconds ?? 0, position: position) }
    }

    public struct Filter: Sendable {
        public var reason: String?
        /// The source topic.
        public var topic: String?
        /// Whether letters that were sent to intake again or discarded are included.
        public var all = false

        public init() {}

        fileprivate func takes(_ letter: Summary) -> Bool {
            (all || letter.outcome == .waiting) && (reason.map { $0 == letter.reason } ?? true)
                && (topic.map { $0 == letter.source.topic } ?? true)
        }
    }

    /// The last letter of a page, written `MICROSECONDS.PARTITION:OFFSET`. The next page has older ones.
    public struct Cursor: Sendable, Comparable, LosslessStringConvertible {
        /// The greatest length in characters.
        public static let maximumText = 64

        let time: Int64
        let position: DeadLetter.Position

        init(time: Int64, position: DeadLetter.Position) { (self.time, self.position) = (time, position) }

        public init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let time = Int64(parts[0]), let position = DeadLetter.Position(String(parts[1]))
            else {
                return nil
            }
            self.init(time: time, position: position)
        }

        public var description: String { "\(time).\(position)" }

        public static func < (a: Cursor, b: Cursor) -> Bool {
            a.time != b.time ? a.time < b.time : a.position < b.position
        }
    }

    /// The number of open letters of one source topic with one reason.
    public struct Count: Sendable, Hashable {
        public let topic: String
        public let reason: String
        public var letters: Int
    }

    public struct Page: Sendable {
        /// The newest first.
        public let letters: [Summary]
        /// Nil after the last page.
        public let next: Cursor?
    }

    /// Letters of a page.
    public static let limits: ClosedRange<Int> = 1...500
    /// The number of letters that are remembered. The oldest of each partition are removed first.
    public static let maximumLetters = 100_000
    /// The number of characters that are remembered of a header's text.
    private static let maximumText = 256
    private static let longest = Duration.seconds(4)
    private static let pollMilliseconds = 50

    private let configuration: PipelineConfiguration
    private let lock = NSLock()
    // Guarded by `lock`.
    private var tail: TopicTail
    private var letters: [Int32: [Summary]] = [:]
    private var total = 0
    private var hasForgotten = false

    public init(_ configuration: PipelineConfiguration) {
        self.configuration = configuration
        tail = TopicTail(configuration.kafka, topic: configuration.topics.deadLetter)
    }

    /// The newest letters that match the filter and are older than `cursor`. Throws `NotReadYet`, and the errors of
    /// reading.
    public func page(_ filter: Filter, after cursor: Cursor? = nil, limit: Int) throws -> Page {
        let limit = max(Self.limits.lowerBound, min(limit, Self.limits.upperBound))
        return try lock.withLock {
            try readOn()
            var found: [Summary] = []
            func trim() {
                found.sort { $0.order > $1.order }
                // One more letter shows that there is a next page.
                if found.count > limit + 1 { found.removeLast(found.count - limit - 1) }
            }
            for letter in letters.values.joined() {
                guard filter.takes(letter), cursor.map({ letter.order < $0 }) ?? true else { continue }
                found.append(letter)
                if found.count > 4 * limit { trim() }
            }
            trim()
            guard found.count > limit else { return Page(letters: found, next: nil) }
            found.removeLast()
            return Page(letters: found, next: found.last?.order)
        }
    }

    /// The open letters, by topic and reason, in the order of both; false if there may be older ones that are not
    /// remembered. Throws as `page`.
    public func counts() throws -> (counts: [Count], isComplete: Bool) {
        try lock.withLock {
            try readOn()
            var counts: [String: [String: Int]] = [:]
            for letter in letters.values.joined() where letter.outcome == .waiting {
                counts[letter.source.topic, default: [:]][letter.reason, default: 0] += 1
            }
            let list = counts.sorted { $0.key < $1.key }.flatMap { topic, reasons in
                reasons.sorted { $0.key < $1.key }.map { Count(topic: topic, reason: $0.key, letters: $0.value) }
            }
            return (list, !hasForgotten)
        }
    }

    /// A letter with its bytes and its outcome; nil if there is none at this position. Throws as `page`.
    public func letter(at position: DeadLetter.Position) throws -> (letter: DeadLetter, outcome: Outcome)? {
        let known: Summary? = try lock.withLock {
            try readOn()
            return index(of: position).map { letters[position.partition, default: []][$0] }
        }
        guard let known, let letter = try read(position) else { return nil }
        return (letter, known.outcome)
    }

    // MARK: - Reading

    private func readOn() throws {
        let runtime = configuration.runtime
        let outcome = try tail.read(until: runtime.now + Self.longest, now: { runtime.now }, recreated: forget, take)
        for (partition, beginning) in tail.beginnings {
            guard let first = letters[partition]?.first, first.position.offset < beginning else { continue }
            letters[partition]?.removeAll { $0.position.offset < beginning }
        }
        total = letters.values.reduce(0) { $0 + $1.count }
        guard outcome == .whole else { throw NotReadYet(what: "the dead-letter topic") }
    }

    private func forget(_ partition: Int32) { letters[partition] = nil }

    private func take(_ partition: Int32, _ record: Record) {
        guard DeadLetter.isLetter(record) else { return note(record, of: partition) }
        guard let letter = DeadLetter(record, partition: partition) else { return }
        letters[partition, default: []].append(
            Summary(
                position: letter.position,
                time: letter.timestamp < 0 ? nil : Timestamp(microseconds: letter.timestamp * 1000),
                reason: Self.head(letter.reason),
                source: TopicPartition(Self.head(letter.source.topic), letter.source.partition),
                sourceOffset: letter.sourceOffset, size: letter.droppedBytes ?? Int64(letter.value?.count ?? 0),
                outcome: .waiting))
        total += 1
        if total > Self.maximumLetters + Self.maximumLetters / 8 { forgetOldest() }
    }

    /// Removes the oldest letters of each partition alike.
    private func forgetOldest() {
        hasForgotten = true
        let share = Self.maximumLetters / max(1, letters.count)
        for (partition, list) in letters where list.count > share {
            letters[partition] = Array(list.suffix(share))
        }
        total = letters.values.reduce(0) { $0 + $1.count }
    }

    /// A mark names an earlier letter of its partition.
    private func note(_ mark: Record, of partition: Int32) {
        func text(_ name: StaticString) -> String? {
            mark.header(name).map { Self.head(String(decoding: $0, as: UTF8.self)) }
        }
        func note(_ name: StaticString, _ outcome: Outcome) {
            guard let offset = text(name).flatMap({ Int64($0) }),
                let index = index(of: .init(partition: partition, offset: offset))
            else { return }
            letters[partition]?[index].outcome = outcome
        }
        note(DeadLetterTopic.redriveMark, .sent(to: text(DeadLetterTopic.redrivenTo) ?? ""))
        note(DeadLetterTopic.discardMark, .discarded(reason: text(DeadLetterTopic.discardReason) ?? ""))
    }

    private func index(of position: DeadLetter.Position) -> Int? {
        guard let list = letters[position.partition] else { return nil }
        var range = 0..<list.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if list[middle].position.offset == position.offset { return middle }
            range =
                list[middle].position.offset < position.offset
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    private static func head(_ text: String) -> String { String(text.prefix(maximumText)) }

    private func read(_ position: DeadLetter.Position) throws -> DeadLetter? {
        let kafka = configuration.kafka
        let partition = TopicPartition(configuration.topics.deadLetter, position.partition)
        var options = Consumer.Options()
        options.reportsEnds = true
        options.batch = 1
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        try consumer.assign([PartitionOffset(partition, offset: position.offset)])
        var reading = Patience.Reading(partition.topic, kafka.patience)
        var found: DeadLetter?
        let deadline = configuration.runtime.now + Self.longest
        while found == nil, consumer.assignment.allSatisfy({ !$0.reachedEnd && $0.position <= position.offset }) {
            guard configuration.runtime.now < deadline else { throw NotReadYet(what: "the letter") }
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where record.offset == position.offset {
                    found = DeadLetter(record, partition: position.partition)
                }
            }
            try reading.note(
                records: count, ended: consumer.assignment.count(where: \.reachedEnd), errors: consumer.takeErrors())
        }
        return found
    }
}
