import ArgumentParser
import CoreMetrics
import Events
import Foundation
import HTTP
import Kafka
import Ledger
import Logging
import Pipeline
import Policy
import Query
import Scoring
import Synchronization
import Topics

struct BenchQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "GET /subjects/{id} of a member over HTTP, against a bare HTTP server in the same process.",
        discussion: """
            A member runs in this process, as `standing serve` does, on an embedded broker in a process of its own. Subjects \
            are enrolled and have their events; when all is folded, connections ask for standings of subjects chosen at \
            random, one in a hundred of them unknown. Every answer is checked, and a wrong one ends the command with exit 1. \
            The ceiling, measured in the same run: the same load against a bare NIO server that answers a fixed body of the \
            same size.
            Latencies are in milliseconds. cpuSeconds is the whole process's, in which the clients have clientCpuSeconds. \
            unsent counts requests whose time came and that no connection was free to send: where it is not 0, --rate is more \
            than is answered.

            Examples:
              standing bench query --rate 10000
            """)

    @Option(help: "Subjects that are enrolled first.")
    var subjects: Int = 100_000

    @Option(help: "Events a subject before anything is measured.")
    var eventsPerSubject: Int = 3

    @Option(help: "Keep-alive connections, each with one request in flight.")
    var connections: Int = min(32, QueryServer.maximumStandings)

    @Option(help: "Seconds that are measured.")
    var seconds: Double = 5

    @Option(help: "Seconds of the same requests before them.")
    var warmUp: Double = 1

    @Option(
        help: """
            Requests a second, each sent at its time; latency counts from that time, also where the request has to wait for its \
            connection. Default: each connection asks as soon as it has its answer.
            """)
    var rate: Double?

    @Option(help: "Events a second that are sent to the member meanwhile. Default: none.")
    var load: Int?

    @Flag(
        help: """
            Also, with --load: a snapshot of every partition four times, and in the middle an activation of another policy.
            """)
    var disturb = false

    @Option(help: "Which subjects are asked for.")
    var seed: UInt64 = 1

    func validate() throws {
        func check(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws {
            guard !range.contains(value) else { return }
            func text(_ bound: Double) -> String { Int(exactly: bound).map(String.init) ?? "\(bound)" }
            let (least, most) = (text(range.lowerBound), text(range.upperBound))
            throw ValidationError("--\(option): must be from \(least) to \(most)")
        }
        try check("subjects", Double(subjects), 1...9_999_999)
        try check("events-per-subject", Double(eventsPerSubject), 0...1000)
        try check("seconds", seconds, 0.1...3600)
        try check("warm-up", warmUp, 0...3600)
        let most = QueryServer.maximumStandings
        guard (1...most).contains(connections) else {
            throw ValidationError(
                "--connections: must be from 1 to \(most), for a member that may open so few files answers no more at once; "
                    + "`ulimit -n` raises it, to 256 at the most")
        }
        if let rate {
            try check("rate", rate, 0.1...10_000_000)
            guard rate >= Double(connections) / Self.longestPause else {
                throw ValidationError(
                    "--rate: a member closes connections that are idle for long: give at most \(Int(rate * Self.longestPause)) "
                        + "--connections")
            }
        }
        if let load { try check("load", Double(load), 1...10_000_000) }
        if disturb, load == nil {
            throw ValidationError("--disturb has no effect without --load: where nothing happens, no snapshot is due")
        }
    }

    /// The longest time for which a connection waits for its next request, in seconds.
    private static let longestPause = 10.0

    func run() async throws {
        let broker = try BrokerProcess(topics: nil)
        defer { broker.stop() }
        let folder = FileManager.default.temporaryDirectory.appending(path: "standing-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let member = try BenchMember(
            broker: broker, data: folder, subjects: subjects,
            snapshotInterval: disturb ? Int64(seconds / 4 * 1e6) : nil)
        do {
            var (result, bodyBytes) = try await measureAndStop(member)
            try await addCeiling(to: &result, bodyBytes: bodyBytes)
            result.printLine()
        } catch let failure as LoadFailure {
            throw fail("error: \(failure)")
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        } catch let error as PipelineError {
            throw fail("error: \(error)")
        }
    }

    private func measureAndStop(_ member: BenchMember) async throws -> (BenchResult, bodyBytes: Int) {
        do {
            let measured = try await measure(member)
            try await member.stop()
            return measured
        } catch {
            try? await member.stop()
            throw error
        }
    }

    /// Measures the member under load. `bodyBytes`: the average size of an answer.
    private func measure(_ member: BenchMember) async throws -> (result: BenchResult, bodyBytes: Int) {
        let port = try await member.serve()
        printMessage("enrolling \(subjects) subjects, \(eventsPerSubject) events each")
        try await onThread { [eventsPerSubject] in try member.fill(eventsPerSubject: eventsPerSubject) }
        printMessage("measuring the member")
        let clients = try await QueryLoad(
            port: port, connections: connections, questions: .subjects(subjects), seed: seed)
        return try await clients.closing { clients in
            defer { member.stopSending() }
            return try await measure(member, clients)
        }
    }

    private func measure(
        _ member: BenchMember, _ clients: QueryLoad
    ) async throws -> (result: BenchResult, bodyBytes: Int) {
        _ = try await clients.run(seconds: warmUp, rate: rate)
        let cpu = ProcessUsage.cpuSeconds
        let clientCPU = try await clients.cpuSeconds()
        let sending = load.map { rate in Task { try await onThread { try member.sendEvents(perSecond: rate) } } }
        let disturbing =
            disturb
            ? Task { [seconds] in try await onThread { try member.disturb(after: seconds / 2) } } : nil
        let tally = try await clients.run(seconds: seconds, rate: rate)
        let used = ProcessUsage.cpuSeconds - cpu
        let usedByClients = try await clients.cpuSeconds() - clientCPU
        member.stopSending()
        _ = try tally.requestsPerSecond
        let found = max(1, tally.requests - tally.notFound)
        var result = BenchResult(
            bench: "query", unit: "request", events: tally.requests, seconds: tally.seconds, ceiling: nil,
            cpuSeconds: used)
        result.more += Self.latencies(tally.latencies)
        result.more += [
            ("cpuSeconds", Self.decimal(used)), ("clientCpuSeconds", Self.decimal(usedByClients)),
            ("notFound", String(tally.notFound)), ("bodyBytes", String(tally.bodyBytes / found)),
            ("subjects", String(subjects)), ("connections", String(connections)),
        ]
        if let rate { result.more += [("rate", Self.decimal(rate)), ("unsent", String(tally.unsent))] }
        if let sent = try await sending?.value {
            result.more += [
                ("loadEvents", String(sent.events)),
                ("loadEventsPerSecond", String(Int(Double(sent.events) / sent.seconds))),
            ]
        }
        if let disturbed = try await disturbing?.value {
            result.more += [
                ("snapshots", String(disturbed.snapshots)), ("policySwitches", String(disturbed.policySwitches)),
                ("policySwitchSeconds", Self.decimal(disturbed.seconds)),
            ]
        }
        return (result, tally.bodyBytes / found)
    }

    private func addCeiling(to result: inout BenchResult, bodyBytes: Int) async throws {
        printMessage("measuring the ceiling")
        let server = try await FixedAnswerServer(bodyBytes: bodyBytes)
        let clients = try await QueryLoad(
            port: server.port, connections: connections, questions: .fixed(subjects: subjects, bytes: bodyBytes),
            seed: seed)
        let (tally, used) = try await clients.closing { clients in
            _ = try await clients.run(seconds: warmUp, rate: rate)
            let cpu = ProcessUsage.cpuSeconds
            let tally = try await clients.run(seconds: seconds, rate: rate)
            return (tally, ProcessUsage.cpuSeconds - cpu)
        }
        await server.close()
        result.ceiling = try tally.requestsPerSecond
        result.more += Self.latencies(tally.latencies).map {
            ("ceiling\($0.0.prefix(1).uppercased())\($0.0.dropFirst())", $0.1)
        }
        result.more.append(
            ("ceilingCpuMicrosecondsPerRequest", Self.decimal(used * 1e6 / Double(tally.requests))))
        if rate != nil { result.more.append(("ceilingUnsent", String(tally.unsent))) }
    }

    private static func latencies(_ latencies: Latencies) -> [(String, String)] {
        [
            ("p50Milliseconds", decimal(latencies.milliseconds(percentile: 50))),
            ("p99Milliseconds", decimal(latencies.milliseconds(percentile: 99))),
            ("p999Milliseconds", decimal(latencies.milliseconds(percentile: 99.9))),
            ("maxMilliseconds", decimal(latencies.maximumMilliseconds)),
        ]
    }

    private static func decimal(_ number: Double) -> String { String(format: "%.3f", number) }
}

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
        var data = JSONObjectText()
        data.add("policy", BenchEvents.nextPolicy)
        try ControlTopic(cluster: cluster).send(.policyActivated, data: data.text) { Self.activation }
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
