internal import ArgumentParser
internal import CoreMetrics
internal import Events
internal import Feeding
internal import Foundation
internal import HTTP
internal import Kafka
internal import Ledger
internal import Logging
internal import Options
internal import Pipeline
internal import Policy
internal import Query
internal import Scoring
internal import Synchronization
internal import Terminal
internal import Topics

/// A member of this process, with its HTTP server, and its source of events.
final class BenchMember: @unchecked Sendable {
    /// The time within which every partition must have an activated policy.
    private static let patience = Duration.seconds(120)
    /// The time of an activation. It is not after any event, so it moves no clock.
    private static let activation = Timestamp("2005-03-31T00:00:00Z") ?? .distantPast

    private let cluster: Cluster
    private let subjects: Int
    private let maker: BenchEvents
    private let control: String
    private let partitions: Int
    private let data: LocalData
    private let service: PipelineService
    private let server: QueryServer
    /// Used by one thread at a time.
    private let feed: Feed
    private var nextEvent = 0
    private var serving: Task<Void, any Error>?
    private let isSending = Atomic(true)

    /// `data`: a folder. `snapshotInterval`: in microseconds; nil for a member's default.
    init(broker: BrokerProcess, data folder: String, subjects: Int, snapshotInterval: Int64?) throws {
        var options = try ClusterOptions.parse([])
        options.brokers = broker.address
        options.topicPrefix = ""
        var settings = try Settings(config: nil)
        var cluster = try Cluster(options, &settings)
        cluster.kafka.fetchWaitMilliseconds = EmbeddedBroker.fetchWaitMilliseconds
        self.cluster = cluster
        self.subjects = subjects
        maker = BenchEvents(subjects: subjects)
        partitions = cluster.definitions.first { $0.role == .control }?.partitions ?? 12
        data = LocalData(folder)
        let policy = try ScoringPolicy(yaml: BenchEvents.policy, file: "bench")
        var configuration = try cluster.pipeline(policy: policy, clock: .events)
        configuration.data = data
        if let snapshotInterval { configuration.snapshotInterval = snapshotInterval }
        control = configuration.topics.control
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        let logger = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }
        let service = PipelineService(configuration, logger: logger)
        self.service = service
        server = QueryServer(
            service: service, metrics: metrics, address: HTTPAddress(host: "127.0.0.1", port: 0),
            announcement: .nothing, logger: logger)
        feed = try Feed(cluster.kafka) {
            if let failure = service.finalFailure { throw fail("error: \(failure)") }
            let counters = service.foldCounters
            return counters.entries + service.ledgerRepeats.entries + service.status.intake.deadLetterTotal
        }
    }

    /// Starts the pipeline and the HTTP server. Returns the server's port.
    func serve() async throws -> Int {
        service.start()
        let (listening, listens) = AsyncStream.makeStream(of: Int.self)
        let serving = Task { [server] in
            defer { listens.finish() }
            try await server.run { listens.yield($0) }
        }
        self.serving = serving
        var ports = listening.makeAsyncIterator()
        guard let port = await ports.next() else {
            try await serving.value
            throw fail("error: the HTTP server ended before it listened")
        }
        return port
    }

    /// This and the following functions block, so they must not be called from async code.
    func fill(eventsPerSubject: Int) throws {
        for number in 0..<subjects { try send(maker.enrolment(number), of: number) }
        for _ in 0..<subjects * eventsPerSubject { try sendEvent() }
        try feed.flush()
        while true {
            try check()
            let status = service.status
            if status.currentPartitions == partitions, service.foldCounters.entries >= feed.fed { return }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    private func check() throws {
        if let failure = service.finalFailure { throw fail("error: \(failure)") }
    }

    private func sendEvent() throws {
        try send(maker.json(nextEvent), of: nextEvent % subjects)
        nextEvent += 1
    }

    private func send(_ event: [UInt8], of subject: Int) throws {
        try Array(BenchEvents.subject(subject).utf8).withUnsafeBytes { key in
            try event.withUnsafeBytes { try feed.send(topic: control, partitions: partitions, key: key, value: $0) }
        }
    }

    /// Sends events until `stopSending`, at a constant rate, or more slowly if the member does not keep up.
    func sendEvents(perSecond rate: Int) throws -> (events: Int, seconds: Double) {
        let start = ContinuousClock.now
        func elapsed() -> Double { (ContinuousClock.now - start) / .seconds(1) }
        var sent = 0
        while isSending.load(ordering: .relaxed) {
            while Double(sent) < elapsed() * Double(rate), isSending.load(ordering: .relaxed) {
                try sendEvent()
                sent += 1
            }
            Thread.sleep(forTimeInterval: 0.001)
        }
        let seconds = elapsed()
        try feed.flush()
        return (sent, seconds)
    }

    func stopSending() { isSending.store(false, ordering: .relaxed) }

    /// Activates another policy after `wait` seconds, and counts until `stopSending`, and until every partition has the
    /// policy. `snapshots`: of all partitions. `seconds`: from the activation until the last partition has it.
    func disturb(after wait: Double) throws -> (snapshots: Int, policySwitches: Int, seconds: Double) {
        let start = ContinuousClock.now
        let switchesBefore = service.foldCounters.policySwitches
        let before = try snapshots()
        var seen = before
        var (sent, done): (ContinuousClock.Instant?, ContinuousClock.Instant?)
        while isSending.load(ordering: .relaxed) || done == nil {
            try check()
            seen.formUnion(try snapshots())
            if let sent {
                if done == nil, switches(since: switchesBefore) >= partitions { done = .now }
                guard done != nil || .now < sent + Self.patience else {
                    throw fail("error: the policy is not active in every partition after \(Self.patience)")
                }
            } else if .now >= start + .seconds(wait) {
                try activate()
                sent = .now
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        let seconds = sent.flatMap { sent in done.map { ($0 - sent) / .seconds(1) } } ?? 0
        return (seen.count - before.count, switches(since: switchesBefore), seconds)
    }

    private func switches(since before: Int64) -> Int { Int(service.foldCounters.policySwitches - before) }

    private func activate() throws {
        let data = JSONWriter.object { $0.member("policy", BenchEvents.nextPolicy) }
        try ControlTopic(cluster: cluster).send(.policyActivated, data: data) { Self.activation }
    }

    /// Each is identified by its partition and its offset.
    private func snapshots() throws -> Set<[Int64]> {
        var all: Set<[Int64]> = []
        for partition in 0..<Int32(partitions) {
            for offset in try data.snapshots(partition).offsets() { all.insert([Int64(partition), offset]) }
        }
        return all
    }

    /// Stops the HTTP server and the pipeline. Throws the error that ended the pipeline.
    func stop() async throws {
        stopSending()
        serving?.cancel()
        _ = try? await serving?.value
        service.requestStop()
        try await onThread { [service] in try service.join() }
    }
}
