internal import ArgumentParser
internal import Foundation
internal import Kafka
internal import Logging
internal import Options
internal import Pipeline
internal import Policy
internal import Scoring
internal import Terminal
internal import Topics

struct BenchLatency: AsyncParsableCommand {
    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "From an event's time to its fact, at a fixed rate, against a bare two-hop relay on the same broker.",
        discussion: """
            Events are due at fixed times, and a latency counts from when its event was due, also where it was sent late: a \
            system that falls behind shows it. It ends when a consumer of the fact topic has the event's fact. Every event \
            changes a score, so each has one. The relay, measured in the same run with the same events: librdkafka reads a \
            record and writes it to a second topic, from there to a third, and a consumer reads that. Latencies are in \
            milliseconds, each to three digits (HdrHistogram). The broker is a process of its own (embedded, or --brokers).

            Examples:
              standing bench latency --rate 1000 --output json
            """)

    @Option(help: "Events a second.")
    var rate: Double = 1000

    @Option(help: "Seconds that are measured.")
    var seconds: Double = 10

    @Option(help: "Seconds of the same events before them.")
    var warmUp: Double = 2

    @Option(help: "Subjects, each with its turn.")
    var subjects: Int = 10_000

    @Option(help: "Partitions of the control topic, the ledger and the fact topics. Default: as in the topic files.")
    var partitions: Int?

    @Option(help: Setting.help("brokers", otherwise: "an embedded one in a process of its own"))
    var brokers: String?

    @Option(help: Setting.help("workers"))
    var workers: String?

    @Option(help: "table or json.")
    var output = Output.table

    func validate() throws {
        func check(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws {
            guard !range.contains(value) else { return }
            func text(_ bound: Double) -> String { Int(exactly: bound).map(String.init) ?? "\(bound)" }
            let (least, most) = (text(range.lowerBound), text(range.upperBound))
            throw ValidationError("--\(option): must be from \(least) to \(most)")
        }
        try check("rate", rate, 1...10_000_000)
        try check("seconds", seconds, 0.1...3600)
        try check("warm-up", warmUp, 0...3600)
        try check("subjects", Double(subjects), 1...Double(LatencyEvents.maximumSubjects))
        if let partitions { try check("partitions", Double(partitions), 1...1000) }
        guard rate * (seconds + warmUp) <= Double(LatencyEvents.maximumEvents) else {
            throw ValidationError(
                "--rate, --seconds and --warm-up: together they make more than \(LatencyEvents.maximumEvents) events")
        }
    }

    func run() async throws {
        var settings = try Settings(config: nil)
        let workers = try settings.workers(flag: workers)
        let broker = brokers == nil ? try BrokerProcess(topics: nil, partitions: partitions) : nil
        defer { broker?.stop() }
        var options = try ClusterOptions.parse([])
        options.brokers = brokers ?? broker?.address
        options.topicPrefix = brokers == nil ? "" : "bench-\(getpid())-"
        var cluster = try Cluster(options, &settings)
        if let partitions { cluster.setPartitions(partitions) }
        if broker != nil { cluster.kafka.fetchWaitMilliseconds = Self.fetchWaitMilliseconds }
        let createsTopics = broker == nil
        let load = LatencyLoad(rate: rate, seconds: seconds, warmUp: warmUp, subjects: subjects)
        let run = try LatencyMeasurement(cluster: cluster, load: load, workers: workers)
        let (pipeline, relay) = try await onThread {
            if createsTopics { try run.createTopics() }
            printMessage("measuring the pipeline")
            let pipeline = try run.measurePipeline()
            printMessage("measuring the relay")
            return (pipeline, try run.measureRelay())
        }
        switch output {
        case .table: printTable(pipeline, relay, partitions: run.partitions)
        case .json: printLine(pipeline, relay, partitions: run.partitions, workers: workers)
        }
    }

    /// The embedded broker does not wake a waiting fetch, so three hops take up to three times as long at rest. A real
    /// broker wakes it.
    private static let fetchWaitMilliseconds = 1

    private static let percentiles: [(name: String, percentile: Double)] = [
        ("p50", 50), ("p90", 90), ("p99", 99), ("p99.9", 99.9),
    ]

    private func ratio(_ pipeline: LatencyResult, _ relay: LatencyResult) -> Double {
        pipeline.latencies.milliseconds(percentile: 99) / relay.latencies.milliseconds(percentile: 99)
    }

    private func printTable(_ pipeline: LatencyResult, _ relay: LatencyResult, partitions: Int) {
        func cells(_ cells: [String]) -> String {
            cells.map { String(repeating: " ", count: max(0, 10 - $0.utf8.count)) + $0 }.joined()
        }
        func row(_ name: String, _ result: LatencyResult) -> String {
            let values = Self.percentiles.map { result.latencies.milliseconds(percentile: $0.percentile) }
            let numbers = (values + [result.latencies.maximumMilliseconds]).map { String(format: "%.2f", $0) }
            return cells([name] + numbers + [String(format: "%.2f", result.cpuMicrosecondsPerEvent)])
        }
        print("\(Int(rate)) events/s for \(seconds) s, \(subjects) subjects, \(partitions) partitions; milliseconds")
        print(cells([""] + Self.percentiles.map(\.name) + ["max", "us CPU"]))
        print(row("pipeline", pipeline))
        print(row("relay", relay))
        print("p99 of the pipeline: \(String(format: "%.2f", ratio(pipeline, relay))) times that of the relay")
    }

    private func printLine(_ pipeline: LatencyResult, _ relay: LatencyResult, partitions: Int, workers: Int) {
        func fields(_ result: LatencyResult, _ prefix: String) -> [(String, String)] {
            let values = Self.percentiles.map { ($0.name, result.latencies.milliseconds(percentile: $0.percentile)) }
            return (values + [("max", result.latencies.maximumMilliseconds)]).map { name, value in
                let name = name.filter { $0 != "." } + "Milliseconds"
                let key = prefix.isEmpty ? name : prefix + name.prefix(1).uppercased() + name.dropFirst()
                return (key, String(format: "%.3f", value))
            }
        }
        var result = BenchResult(
            bench: "latency", events: pipeline.latencies.count, seconds: pipeline.seconds, ceiling: nil,
            cpuSeconds: pipeline.cpuMicrosecondsPerEvent * Double(pipeline.latencies.count) / 1e6)
        result.more = fields(pipeline, "") + fields(relay, "relay")
        result.more += [
            ("p99Ratio", String(format: "%.3f", ratio(pipeline, relay))),
            ("relayCpuMicrosecondsPerEvent", String(format: "%.3f", relay.cpuMicrosecondsPerEvent)),
            ("rate", String(format: "%.3f", rate)), ("subjects", String(subjects)), ("partitions", String(partitions)),
            ("workers", String(workers)), ("librdkafka", "\"\(KafkaConfiguration.libraryVersion)\""),
        ]
        result.printLine()
    }
}

/// Measures a member, then the relay, on one cluster.
final class LatencyMeasurement: @unchecked Sendable {
    private static let patience = Duration.seconds(60)

    private let cluster: Cluster
    private let load: LatencyLoad
    private let workers: Int
    private let names: PipelineConfiguration.Topics
    private let policy: ScoringPolicy
    let partitions: Int

    init(cluster: Cluster, load: LatencyLoad, workers: Int) throws {
        (self.cluster, self.load, self.workers) = (cluster, load, workers)
        names = try cluster.pipelineTopics()
        policy = try ScoringPolicy(yaml: LatencyEvents.policy, file: "bench")
        partitions = cluster.definitions.first { $0.role == .control }?.partitions ?? 12
    }

    func createTopics() throws {
        _ = try TopicAdmin(try Admin(cluster.kafka), topicPrefix: cluster.prefix).apply(cluster.definitions) { _ in }
    }

    /// From the control topic to the score-change facts.
    func measurePipeline() throws -> LatencyResult {
        let service = PipelineService(
            try cluster.pipeline(policy: policy, clock: .events, workers: workers),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        service.start()
        let result = Result {
            let enrolled = Int64(load.subjects)
            try load.enrol(cluster.kafka, topic: names.control, partitions: partitions)
            try wait(for: service) {
                service.status.currentPartitions == partitions && service.foldCounters.enrolments >= enrolled
            }
            return try load.measure(
                cluster.kafka, from: names.control, to: names.facts[0], partitions: partitions,
                mark: LatencyEvents.causeMark
            ) {
                if let failure = service.finalFailure { throw fail("error: \(failure)") }
            }
        }
        service.requestStop()
        try service.join()
        return try result.get()
    }

    private func wait(for service: PipelineService, until isDone: () -> Bool) throws {
        let deadline = ContinuousClock.now + Self.patience
        while !isDone() {
            if let failure = service.finalFailure { throw fail("error: \(failure)") }
            guard ContinuousClock.now < deadline else { throw fail("error: the member did not become current") }
            Thread.sleep(forTimeInterval: 0.002)
        }
    }

    /// From the control topic through two fact topics that the member does not write to, because the policy has neither
    /// sanctions nor perks. The member must have ended.
    func measureRelay() throws -> LatencyResult {
        let (first, second) = (names.facts[1], names.facts[2])
        let hops = [
            try RelayHop(cluster.kafka, from: names.control, to: first, partitions: partitions),
            try RelayHop(cluster.kafka, from: first, to: second, partitions: partitions),
        ]
        let result = Result {
            try load.measure(
                cluster.kafka, from: names.control, to: second, partitions: partitions, mark: LatencyEvents.idMark
            ) { for hop in hops { try hop.check() } }
        }
        for hop in hops { hop.stop() }
        return try result.get()
    }
}
