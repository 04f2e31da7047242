internal import ArgumentParser
internal import Events
internal import Foundation
internal import Kafka
internal import Ledger
internal import Logging
internal import Options
internal import Pipeline
internal import Policy
internal import Scoring
internal import Terminal
internal import Topics

struct BenchPipeline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Source topic to acknowledged facts, against librdkafka alone on the same broker.",
        discussion: """
            The broker is a process of its own (embedded, or --brokers), so the CPU reported is Standing's and \
            librdkafka's. The ceiling, measured in the same run: one thread that reads the same records through the same \
            Kafka layer and writes a record of a fact's size for each, with no decoding, no ledger and no fold.

            Examples:
              standing bench pipeline
            """)

    @Option(help: "Events; the embedded broker keeps 5 MB of a partition, compressed, so not many more than this.")
    var events: Int = 400_000

    @Option(help: "Subjects.")
    var subjects: Int = 20_000

    @Option(help: Setting.help("brokers", otherwise: "an embedded one in a process of its own"))
    var brokers: String?

    @Option(help: Setting.help("topics"), completion: .directory)
    var topics: String?

    @Option(help: Setting.help("workers"))
    var workers: String?

    @Option(help: Setting.help("queue-size"))
    var queueSize: String?

    @Option(
        help: ArgumentHelp(
            "Only write the source topic, of the topics with this prefix. The measurement does that in a process of its own.",
            valueName: "prefix"))
    var load: String?

    func validate() throws {
        guard load == nil || brokers != nil else { throw ValidationError("--load needs --brokers") }
    }

    func run() async throws {
        var settings = try Settings(config: nil)
        let workers = try settings.workers(flag: workers)
        let queueSize = try settings.queueSize(flag: queueSize)
        let broker = brokers == nil ? try BrokerProcess(topics: topics) : nil
        defer { broker?.stop() }
        var options = try ClusterOptions.parse([])
        options.brokers = brokers ?? broker?.address
        options.topics = topics
        options.topicPrefix = load ?? (brokers == nil ? "" : "bench-\(getpid())-")
        var cluster = try Cluster(options, &settings)
        if broker != nil { cluster.kafka.fetchWaitMilliseconds = EmbeddedBroker.fetchWaitMilliseconds }
        let createsTopics = broker == nil
        let (address, prefix) = (cluster.kafka.brokers, cluster.prefix)
        let run = try PipelineMeasurement(
            cluster: cluster, events: events, subjects: subjects, workers: workers, queueSize: queueSize)
        if load != nil { return try await onThread { try run.load() } }
        try await onThread {
            if createsTopics { try run.createTopics() }
            printMessage("loading the source topic")
            try loadInOwnProcess(address, prefix)
            printMessage("measuring the pipeline")
            var result = try run.measurePipeline()
            printMessage("measuring the ceiling")
            let ceiling = try run.measureCeiling()
            result.ceiling = ceiling.rate
            result.more.append(("ceilingCpuMicrosecondsPerEvent", String(format: "%.3f", ceiling.cpuMicroseconds)))
            result.printLine()
        }
    }

    /// In a process of its own, so that the memory of the loading does not count for the pipeline.
    private func loadInOwnProcess(_ brokers: String, _ prefix: String) throws {
        let process = Process()
        process.executableURL = BrokerProcess.program
        process.arguments =
            ["bench", "pipeline", "--events", String(events), "--subjects", String(subjects)]
            + ["--brokers", brokers, "--load", prefix] + (topics.map { ["--topics", $0] } ?? [])
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw fail("error: the source topic could not be loaded") }
    }
}

final class PipelineMeasurement: @unchecked Sendable {
    private let cluster: Cluster
    private let events: Int
    private let subjects: Int
    private let workers: Int
    private let queueSize: Int64
    private let names: PipelineConfiguration.Topics
    private let policy: ScoringPolicy
    private let partitions: Int
    private let topicPartitions: [TopicPartition]

    init(cluster: Cluster, events: Int, subjects: Int, workers: Int, queueSize: Int64) throws {
        self.cluster = cluster
        self.events = events
        self.subjects = subjects
        self.workers = workers
        self.queueSize = queueSize
        names = try cluster.pipelineTopics()
        policy = try ScoringPolicy(yaml: BenchEvents.policy, file: "bench")
        partitions = cluster.definitions.first { $0.role == .control }?.partitions ?? 12
        topicPartitions = (0..<Int32(partitions)).map { [names] in TopicPartition(names.control, $0) }
    }

    func createTopics() throws {
        _ = try TopicAdmin(try Admin(cluster.kafka), topicPrefix: cluster.prefix).apply(cluster.definitions) { _ in }
    }

    private static let (ceilingQueuedKilobytes, ceilingQueuedRecords) = (76 * 1024, 1_000_000)

    private var total: Int { subjects + events }

    private func record(_ number: Int, _ maker: BenchEvents) -> [UInt8] {
        number < subjects ? maker.enrolment(number) : maker.json(number - subjects)
    }

    /// Long enough that nearly every batch is full. The embedded broker finds a batch by going through all those before
    /// it, so that small ones would make the broker the limit.
    private static let loadingLingerMilliseconds = 1000
    private static let loadingBatchRecords = 1024

    /// Writes every record to the source topic before the measurement.
    func load() throws {
        var producing = Producer.Options()
        producing.lingerMilliseconds = Self.loadingLingerMilliseconds
        var kafka = cluster.kafka
        kafka.properties["batch.num.messages"] = String(Self.loadingBatchRecords)
        let producer = try Producer(kafka, options: producing)
        let topic = try producer.topic(names.control)
        let headers = HeaderSet([(name: "content-type", value: Array("application/cloudevents+json".utf8))])
        let maker = BenchEvents(subjects: subjects)
        for number in 0..<total {
            let key = Array(
                String(format: "card-%07d", number < subjects ? number : (number - subjects) % subjects).utf8)
            try key.withUnsafeBytes { key in
                try record(number, maker).withUnsafeBytes { value in
                    let partition = Int32(Murmur2.partition(of: key, count: partitions))
                    while try !producer.produce(
                        topic: topic, partition: partition, key: key, value: value, headers: headers)
                    { producer.serve(timeoutMilliseconds: 10) { _ in } }
                }
            }
        }
        guard producer.flush(timeoutMilliseconds: 120_000, { _ in }) else { throw fail("error: loading timed out") }
    }

    /// Real facts of the first events, so that the written records compress like facts.
    private func sampleFacts() -> [[UInt8]] {
        let maker = BenchEvents(subjects: subjects)
        var fold = Fold(policy: policy)
        let encoder = FactEncoder(policy: policy, partition: 3, ledger: LedgerIdentity.defaultName)
        let decoder = EventDecoder()
        var event = EventView.empty
        var facts: [[UInt8]] = []
        var writer = ByteWriter()
        for number in 0..<min(total, 2 * subjects) {
            record(number, maker).withUnsafeBytes { payload in
                guard decoder.decode(structured: payload, into: &event) == nil else { return }
                fold.fold(event, type: fold.resolve(type: event.type), entry: number % 500)
                for fact in fold.output.facts {
                    writer.removeAll()
                    encoder.encode(
                        fact, reasons: fold.output.reasons, offset: Int64(number / 500), sequence: Int64(number),
                        into: &writer)
                    facts.append(Array(writer.bytes))
                }
                fold.clearOutput()
            }
        }
        return facts
    }

    /// Records per second of librdkafka alone. Its queues are large enough for a fast reader, independent of the
    /// pipeline's.
    func measureCeiling() throws -> (rate: Double, cpuMicroseconds: Double) {
        let facts = sampleFacts()
        var producing = Producer.Options()
        producing.gapless = true
        producing.maximumQueuedKilobytes = Self.ceilingQueuedKilobytes
        let producer = try Producer(cluster.kafka, options: producing)
        // The topic of sanctions: the policy has none, and the pipeline has ended.
        let topic = try producer.topic(names.facts[1])
        let headers = HeaderSet([
            (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
        ])
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = Self.ceilingQueuedKilobytes
        options.maximumQueuedRecords = Self.ceilingQueuedRecords
        let consumer = try Consumer(cluster.kafka, options: options)
        try consumer.assign(topicPartitions.map { PartitionOffset($0, offset: 0) })
        var read = 0
        var start: ContinuousClock.Instant?
        var next = 0
        var cpu = 0.0
        while read < total {
            try consumer.poll(timeoutMilliseconds: 50) { records in
                if start == nil {
                    start = .now
                    cpu = ProcessUsage.cpuSeconds
                }
                for record in records {
                    try facts[next].withUnsafeBytes { value in
                        while try !producer.produce(
                            topic: topic, partition: Int32(record.source), key: record.key, value: value,
                            headers: headers)
                        { producer.serve(timeoutMilliseconds: 5) { _ in } }
                    }
                    next = next + 1 == facts.count ? 0 : next + 1
                }
                read += records.count
            }
            producer.serve(timeoutMilliseconds: 0) { _ in }
        }
        guard producer.flush(timeoutMilliseconds: 60_000, { _ in }) else { throw fail("error: the ceiling timed out") }
        consumer.close()
        return (
            Double(total) / Self.seconds(since: start ?? .now), (ProcessUsage.cpuSeconds - cpu) * 1e6 / Double(total)
        )
    }

    func measurePipeline() throws -> BenchResult {
        var configuration = try cluster.pipeline(policy: policy, clock: .events, workers: workers)
        configuration.queueSize = queueSize
        let service = PipelineService(
            configuration, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        service.start()
        while service.status.intake.records == 0 {
            if let failure = service.finalFailure { throw fail("error: \(failure)") }
            Thread.sleep(forTimeInterval: 0.0005)
        }
        let before = service.status.intake.records
        let start = ContinuousClock.now
        let cpu = ProcessUsage.cpuSeconds
        var resident = 0
        while true {
            resident = max(resident, ProcessUsage.residentBytes)
            let status = service.status
            if status.intake.records >= Int64(total), status.currentPartitions == partitions,
                service.foldCounters.entries >= Int64(total)
            {
                break
            }
            if let failure = service.finalFailure { throw fail("error: \(failure)") }
            Thread.sleep(forTimeInterval: 0.005)
        }
        let elapsed = Self.seconds(since: start)
        let used = ProcessUsage.cpuSeconds - cpu
        let facts = service.status.factsPublished.reduce(0, +)
        service.requestStop()
        try service.join()
        return BenchResult(
            bench: "pipeline", events: total - Int(before), seconds: elapsed, ceiling: nil, cpuSeconds: used,
            residentBytes: resident,
            more: [
                ("facts", String(facts)), ("subjects", String(subjects)), ("workers", String(workers)),
                ("librdkafka", "\"\(KafkaConfiguration.libraryVersion)\""),
            ])
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
    }
}
