public import Access
internal import Events
internal import Foundation
public import Kafka
public import Ledger
public import Logging
internal import Synchronization

/// The reason why a record is not in the audit. The act that it records must not be done then.
public enum AuditFailure: Error, Sendable, CustomStringConvertible {
    /// The topic has not been read yet since the start.
    case notReady
    case tooLarge
    case refused(any Error)

    public var description: String {
        switch self {
        case .notReady: "the audit is not open yet: its topic has not answered since the start"
        case .tooLarge: "the record is larger than the audit takes"
        case .refused(let error): "the audit does not take the record: \(error)"
        }
    }
}

/// Appends to the audit topic. Each start begins a session, with chains that `AuditChain` checks.
///
/// `append` returns after the broker has acknowledged the record. At most `maximumQueued` records wait at a time.
/// Beyond that, and while the broker has not answered for `longestWait`, records are refused. `close` must be called at
/// the end.
public final class AuditWriter: AuditLog {
    public static let maximumQueued = 1024
    public static let longestWait = Duration.seconds(5)
    private static let retryPause = 1.0

    private struct State {
        var isReady = false
        var isClosed = false
        var partition: Int32 = 0
        /// The cluster's id, which signatures cover; empty if it has none, or if nothing is signed.
        var cluster = ""
        /// The generation of the session's producer. The session ends with it.
        var generation = -1
        var sessions = 0
        var writer = ""
        var number: Int64 = 0
        var previous = AuditTopic.genesis
        /// The newest record that is known, and since when.
        var newest: (offset: Int64, hash: String, since: Int64) = (-1, AuditTopic.genesis, 0)
    }

    private let kafka: KafkaConfiguration
    private let topic: String
    private let member: String
    private let keyring: Keyring?
    private let logger: Logger
    private let now: @Sendable () -> Int64
    /// The key of its records: the member's name and 16 hexadecimal digits. The sessions' names begin with it.
    private let key: String
    private let producer: AcknowledgedProducer
    private let state = Mutex(State())

    /// `keyring`: its signing key signs the records; nil or without one, they are not signed. `now` is in microseconds
    /// since 1970; nil is the machine's clock. Returns at once. A thread reads the topic, until it answers.
    public init(
        _ kafka: KafkaConfiguration, topic: String, member: String, keyring: Keyring? = nil, logger: Logger,
        now: (@Sendable () -> Int64)? = nil
    ) throws {
        (self.kafka, self.topic, self.member, self.keyring, self.logger) = (kafka, topic, member, keyring, logger)
        self.now = now ?? { Int64(Date().timeIntervalSince1970 * 1_000_000) }
        key = Self.key(of: member)
        let logger = logger
        producer = try AcknowledgedProducer(
            kafka, topics: [topic], maximumQueued: Self.maximumQueued, longestWait: Self.longestWait
        ) { notice in
            if case .error(let error) = notice { logger.warning("audit: \(error)") }
        }
        let thread = Thread { [self] in open() }
        thread.name = "audit-open"
        thread.start()
    }

    /// Waits a limited time for the appended records, and accepts no more.
    public func close() {
        state.withLock { $0.isClosed = true }
        producer.close()
    }

    public var isReady: Bool { state.withLock { $0.isReady } }

    /// Informs the writer of the last record that a reader of the topic has read.
    func note(_ partition: Int32, offset: Int64, hash: String) {
        if isReady { learn(partition, offset: offset, hash: hash) }
    }

    private func learn(_ partition: Int32, offset: Int64, hash: String) {
        state.withLock { state in
            guard state.partition == partition, offset > state.newest.offset else { return }
            state.newest = (offset, hash, now())
        }
    }

    /// The newest record that is known; nil before the session's first one is written.
    var head: AuditHead? {
        state.withLock { state in
            guard state.isReady, state.newest.offset >= 0 else { return nil }
            return AuditHead(
                topic: topic, cluster: state.cluster, partition: state.partition, offset: state.newest.offset,
                hash: state.newest.hash, time: Timestamp(microseconds: state.newest.since), member: member)
        }
    }

    public func append(_ record: AuditRecord) async throws {
        guard state.withLock({ $0.isReady }) else { throw AuditFailure.notReady }
        try await send(record)
    }

    private func send(_ record: AuditRecord) async throws {
        let partition = state.withLock { $0.partition }
        let time = Timestamp(microseconds: now())
        let written = Mutex("")
        let position: AcknowledgedProducer.Position
        do {
            position = try await producer.send(to: topic, partition: partition, key: Array(key.utf8)) { generation in
                let (value, hash) = try self.next(record, time, generation)
                written.withLock { $0 = hash }
                return value
            }
        } catch let failure as AuditFailure {
            throw failure
        } catch {
            throw AuditFailure.refused(error)
        }
        learn(position.partition, offset: position.offset, hash: written.withLock { $0 })
    }

    /// Called in the order of the records.
    private func next(_ record: AuditRecord, _ time: Timestamp, _ generation: Int) throws -> ([UInt8], String) {
        try state.withLock { state in
            if state.generation != generation {
                state.generation = generation
                state.sessions += 1
                state.writer = state.sessions == 1 ? key : "\(key).\(state.sessions)"
                (state.number, state.previous) = (0, AuditTopic.genesis)
            }
            let entry = AuditEntry(
                record, at: time, writer: state.writer, number: state.number + 1, member: member,
                previous: state.previous, after: state.newest.offset, seen: state.newest.hash,
                key: keyring?.signingKey)
            let value = entry.value(signedWith: keyring, of: AuditOrigin(topic: topic, cluster: state.cluster))
            guard value.count <= AuditEntry.maximumBytes else { throw AuditFailure.tooLarge }
            let hash = AuditTopic.hash(of: value)
            (state.number, state.previous) = (entry.number, hash)
            return (value, hash)
        }
    }

    private static func key(of member: String) -> String {
        "\(member)/\(Hex.text(UInt64.random(in: 0...UInt64.max), digits: 16))"
    }

    // MARK: The beginning of a session

    private func open() {
        // A topic that is missing, or that this member may not write, is logged once.
        var lastLogged = ""
        func log(_ text: Logger.Message, _ reason: any Error) {
            let level: Logger.Level = lastLogged == "\(reason)" ? .debug : .warning
            lastLogged = "\(reason)"
            logger.log(level: level, text, metadata: ["topic": "\(topic)", "reason": "\(lastLogged)"])
        }
        while !state.withLock({ $0.isClosed }) {
            do {
                try readHead()
                let opening = AuditRecord(
                    actor: member, action: AuditEntry.opening, subject: nil, purpose: nil, outcome: "allowed")
                let done = DispatchSemaphore(value: 0)
                let failure = Mutex<[any Error]>([])
                Task {
                    do {
                        try await send(opening)
                        state.withLock { $0.isReady = true }
                    } catch {
                        failure.withLock { $0 = [error] }
                    }
                    done.signal()
                }
                done.wait()
                if isReady { return }
                if let error = failure.withLock({ $0.first }) { log("the audit does not open yet", error) }
            } catch {
                log("the audit cannot be read yet", error)
            }
            Thread.sleep(forTimeInterval: Self.retryPause)
        }
    }

    private func readHead() throws {
        let count = try kafka.partitions(of: topic)
        let partition = Int32(Array(key.utf8).withUnsafeBytes { Murmur2.partition(of: $0, count: max(1, count)) })
        let newest = try AuditReader(kafka, topic: topic).newest(of: partition)
        let cluster = keyring?.signingKey == nil ? nil : try Admin(kafka).clusterID()
        state.withLock { state in
            state.partition = partition
            state.cluster = cluster ?? ""
            if let newest { state.newest = (newest.offset, newest.hash, now()) }
        }
    }
}
