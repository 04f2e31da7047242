internal import Foundation
internal import Kafka
internal import Ledger
internal import Synchronization
internal import Terminal

/// The results of a load.
struct LatencyResult: Sendable {
    var latencies: Latencies
    /// From the due time of the first measured event to the arrival of the last.
    var seconds: Double
    /// Of this process, including the sender and the follower.
    var cpuMicrosecondsPerEvent: Double
}

/// Sends events at a fixed rate, and measures the time until each arrives at the other end.
struct LatencyLoad: Sendable {
    /// The longest wait for the last event after it was sent.
    private static let patience = Duration.seconds(60)
    /// The interval at which the sender checks the time.
    private static let pauseSeconds = 0.0002
    /// From the start of the follower to the first event.
    private static let lead = Duration.milliseconds(500)
    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    let subjects: Int
    private let rate: Double
    private let warmUpEvents: Int
    private let events: Int

    init(rate: Double, seconds: Double, warmUp: Double, subjects: Int) {
        (self.rate, self.subjects) = (rate, subjects)
        warmUpEvents = Int(rate * warmUp)
        events = warmUpEvents + max(1, Int(rate * seconds))
    }

    /// Sends the subjects' enrolments, and waits until the broker has them.
    func enrol(_ kafka: KafkaConfiguration, topic: String, partitions: Int) throws {
        let producer = try Producer(kafka)
        let topic = try producer.topic(topic)
        for number in 0..<subjects {
            let key = Array(LatencyEvents.subject(number).utf8)
            try key.withUnsafeBytes { key in
                try LatencyEvents.enrolment(number).withUnsafeBytes { value in
                    let partition = Int32(Murmur2.partition(of: key, count: partitions))
                    while try !producer.produce(
                        topic: topic, partition: partition, key: key, value: value, headers: Self.structured)
                    { producer.serve(timeoutMilliseconds: 10) { _ in } }
                }
            }
        }
        guard producer.flush(timeoutMilliseconds: 120_000, { _ in }) else { throw fail("error: enrolling timed out") }
    }

    /// Sends to one topic and follows another, whose records have the number of an event after `mark`. `check`: throws
    /// if the measurement cannot be completed.
    func measure(
        _ kafka: KafkaConfiguration, from source: String, to target: String, partitions: Int, mark: [UInt8],
        check: () throws -> Void
    ) throws -> LatencyResult {
        var options = Producer.Options()
        options.lingerMilliseconds = 0
        let producer = try Producer(kafka, options: options)
        let topic = try producer.topic(source)
        let keys = (0..<subjects).map { Array(LatencyEvents.subject($0).utf8) }
        let keyPartitions = keys.map { key in
            Int32(key.withUnsafeBytes { Murmur2.partition(of: $0, count: partitions) })
        }
        let start = ContinuousClock.now + Self.lead
        let follower = try LatencyFollower(
            kafka, topic: target, partitions: partitions, mark: mark, events: events, warmUpEvents: warmUpEvents,
            start: start, rate: rate)
        defer { follower.stop() }
        var maker = LatencyEvents(subjects: subjects)
        var failure: KafkaError?
        var (sent, cpu) = (0, 0.0)
        func serve(_ milliseconds: Int) throws {
            producer.serve(timeoutMilliseconds: milliseconds) { failure = failure ?? $0.error(topicName: source) }
            if let failure { throw failure }
            try follower.check()
            try check()
        }
        while sent < events {
            let due = min(events, Int(max(0, (ContinuousClock.now - start) / .seconds(1)) * rate))
            while sent < due {
                if sent == warmUpEvents { cpu = ProcessUsage.cpuSeconds }
                let subject = sent % subjects
                let isTaken = try maker.withEvent(sent) { value in
                    try keys[subject].withUnsafeBytes { key in
                        try producer.produce(
                            topic: topic, partition: keyPartitions[subject], key: key, value: value,
                            headers: Self.structured)
                    }
                }
                if isTaken { sent += 1 } else { try serve(1) }
            }
            try serve(0)
            Thread.sleep(forTimeInterval: Self.pauseSeconds)
        }
        let deadline = ContinuousClock.now + Self.patience
        while !follower.isDone {
            try serve(5)
            guard ContinuousClock.now < deadline else {
                throw fail("error: \(follower.missing) of \(events) events have not come out of \(target)")
            }
        }
        let used = ProcessUsage.cpuSeconds - cpu
        let measured = events - warmUpEvents
        let first = start + .seconds(Double(warmUpEvents) / rate)
        return LatencyResult(
            latencies: follower.latencies, seconds: (ContinuousClock.now - first) / .seconds(1),
            cpuMicrosecondsPerEvent: used * 1e6 / Double(measured))
    }
}

/// Follows a topic from its end on, and measures the latency of each numbered event at its first arrival. It has a
/// thread of its own.
private final class LatencyFollower: @unchecked Sendable {
    private struct State {
        var latencies = Latencies()
        var missing: Int
        var failure: String?
    }

    private let state: Mutex<State>
    private let isStopped = Atomic(false)
    private let done = DispatchSemaphore(value: 0)

    /// The event of number n is due n / `rate` seconds after `start`. Events of the warm-up are not measured.
    init(
        _ kafka: KafkaConfiguration, topic: String, partitions: Int, mark: [UInt8], events: Int, warmUpEvents: Int,
        start: ContinuousClock.Instant, rate: Double
    ) throws {
        state = Mutex(State(missing: events))
        nonisolated(unsafe) let consumer = try Consumer(kafka)
        try consumer.assignEnds(of: topic, partitions: partitions, kafka)
        let thread = Thread { [self] in
            defer { done.signal() }
            var seen = [Bool](repeating: false, count: events)
            do {
                while !isStopped.load(ordering: .relaxed) {
                    try consumer.poll(timeoutMilliseconds: 20) { records in
                        let elapsed = (ContinuousClock.now - start) / .nanoseconds(1)
                        state.withLock { state in
                            for record in records {
                                guard
                                    let number = record.value.flatMap({ LatencyEvents.number(in: $0, after: mark) }),
                                    number < events, !seen[number]
                                else { continue }
                                seen[number] = true
                                state.missing -= 1
                                guard number >= warmUpEvents else { continue }
                                state.latencies.add(nanoseconds: Int64(elapsed - Double(number) / rate * 1e9))
                            }
                        }
                    }
                }
                consumer.close()
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    var latencies: Latencies { state.withLock { $0.latencies } }
    /// The number of events that have not arrived.
    var missing: Int { state.withLock { $0.missing } }
    var isDone: Bool { missing == 0 }

    func check() throws { if let failure = state.withLock({ $0.failure }) { throw fail("error: \(failure)") } }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        done.wait()
        done.signal()
    }
}

extension Consumer {
    /// Reads the records that are written to the topic from now on.
    fileprivate func assignEnds(of topic: String, partitions: Int, _ kafka: KafkaConfiguration) throws {
        let topicPartitions = (0..<Int32(partitions)).map { TopicPartition(topic, $0) }
        let ends = try kafka.ends(of: topicPartitions)
        try assign(topicPartitions.map { PartitionOffset($0, offset: ends[$0] ?? 0) })
    }
}

/// Reads a topic from its end on and writes each record to the same partition of another one: librdkafka without an
/// engine, with settings like the engine's, and without a linger. It has a thread of its own.
final class RelayHop: @unchecked Sendable {
    private let isStopped = Atomic(false)
    private let done = DispatchSemaphore(value: 0)
    private let failure = Mutex<String?>(nil)

    init(_ kafka: KafkaConfiguration, from source: String, to target: String, partitions: Int) throws {
        nonisolated(unsafe) let consumer = try Consumer(kafka)
        try consumer.assignEnds(of: source, partitions: partitions, kafka)
        var options = Producer.Options()
        (options.gapless, options.lingerMilliseconds) = (true, 0)
        nonisolated(unsafe) let producer = try Producer(kafka, options: options)
        let topic = try producer.topic(target)
        let thread = Thread { [self] in
            defer { done.signal() }
            do {
                while !isStopped.load(ordering: .relaxed) {
                    try consumer.poll(timeoutMilliseconds: 20) { records in
                        for record in records {
                            while try !producer.produce(
                                topic: topic, partition: Int32(record.source), key: record.key, value: record.value)
                            { producer.serve(timeoutMilliseconds: 1) { _ in } }
                        }
                    }
                    var error: KafkaError?
                    producer.serve(timeoutMilliseconds: 0) { error = error ?? $0.error(topicName: target) }
                    if let error { throw error }
                }
                consumer.close()
            } catch {
                failure.withLock { $0 = "\(error)" }
            }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    func check() throws { if let failure = failure.withLock({ $0 }) { throw fail("error: relay: \(failure)") } }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        done.wait()
        done.signal()
    }
}
