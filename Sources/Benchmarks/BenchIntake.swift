internal import ArgumentParser
internal import Events
internal import Foundation
internal import Kafka
internal import Logging
internal import Mapping
internal import Options
internal import Pipeline
internal import Policy
internal import Terminal

struct BenchIntake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "intake",
        abstract: "A source topic to acknowledged ledger frames: undeclared, declared, and by a map of JSON.",
        discussion: """
            The same records each time, with an embedded broker in a process of its own that begins anew; no fold runs. A line a \
            form with the best of its rounds, which take turns; `ofUndeclared` is its rate over that of the topic without a \
            declaration.

            Examples:
              standing bench intake
            """)

    @Option(help: "Events; the embedded broker keeps 5 MB of a partition, compressed, so not many more than this.")
    var events: Int = 200_000
    @Option(help: "Rounds of each form.")
    var rounds: Int = 3

    func validate() throws {
        guard events > 0, rounds > 0 else { throw ValidationError("--events, --rounds: at least 1") }
    }

    func run() async throws {
        var best: [IntakeMeasurement.Form: BenchResult] = [:]
        for _ in 0..<rounds {
            for form in IntakeMeasurement.Form.allCases {
                let result = try await onThread { [events] in
                    try IntakeMeasurement(form, events: events).run()
                }
                if best[form].map({ $0.secondsPerEvent > result.secondsPerEvent }) ?? true { best[form] = result }
            }
        }
        guard let undeclared = best[.undeclared] else { return }
        for form in IntakeMeasurement.Form.allCases {
            guard var result = best[form] else { continue }
            result.more.append(("form", "\"\(form.rawValue)\""))
            result.more.append(
                ("ofUndeclared", String(format: "%.3f", undeclared.secondsPerEvent / result.secondsPerEvent)))
            result.printLine()
        }
    }
}

extension BenchResult {
    fileprivate var secondsPerEvent: Double { seconds / Double(max(1, events)) }
}

struct IntakeMeasurement: Sendable {
    enum Form: String, CaseIterable, Sendable { case undeclared, declared, json }

    private static let subjects = 20_000
    private static let patience = Duration.seconds(120)
    private static let declaration = SourceDeclaration(
        owner: "bench", sector: .private, purpose: "bench", types: ["bill.*", "loan.repaid", "fare.*"],
        sources: ["/programmes/", "/bank/", "/utility/"], contact: "bench")
    private static let map = """
        map:
          id: value.id
          source: value.source
          type: value.type
          subject: value.subject
          time: value.time
          data: value.data
        """

    let form: Form
    let events: Int

    init(_ form: Form, events: Int) { (self.form, self.events) = (form, events) }

    func run() throws -> BenchResult {
        let broker = try BrokerProcess(topics: nil)
        defer { broker.stop() }
        var settings = try Settings(config: nil)
        var options = try ClusterOptions.parse([])
        options.brokers = broker.address
        var cluster = try Cluster(options, &settings)
        cluster.kafka.fetchWaitMilliseconds = EmbeddedBroker.fetchWaitMilliseconds
        var configuration = try cluster.pipeline(
            policy: try ScoringPolicy(yaml: BenchEvents.policy, file: "bench"), clock: .events)
        let topic = configuration.topics.sources[0]
        configuration.roles = [.intake]
        configuration.topics.sources = [topic]
        configuration.topics.declarations = form == .undeclared ? [:] : [topic: Self.declaration]
        configuration.topics.maps = form == .json ? [topic: try RecordMap(yaml: Self.map, file: "bench")] : [:]
        try preload(topic, cluster)
        return try measure(configuration)
    }

    private func preload(_ name: String, _ cluster: Cluster) throws {
        let producer = try Producer(cluster.kafka)
        let topic = try producer.topic(name)
        let headers = HeaderSet([(name: "content-type", value: Array("application/cloudevents+json".utf8))])
        let maker = BenchEvents(subjects: Self.subjects)
        for number in 0..<events {
            try maker.json(number).withUnsafeBytes { value in
                while try !producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: nil, value: value, headers: headers)
                { producer.serve(timeoutMilliseconds: 10) { _ in } }
            }
        }
        guard producer.flush(timeoutMilliseconds: 120_000, { _ in }) else { throw fail("error: preloading timed out") }
    }

    private func measure(_ configuration: PipelineConfiguration) throws -> BenchResult {
        let service = PipelineService(
            configuration, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        service.start()
        defer {
            service.requestStop()
            try? service.join()
        }
        let first = try wait(for: service) { $0.records > 0 }
        let (start, cpu) = (ContinuousClock.now, ProcessUsage.cpuSeconds)
        let last = try wait(for: service) { $0.records >= Int64(events) }
        let seconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1e6
        guard last.deadLetterTotal == 0, last.events == Int64(events) else {
            throw fail("error: \(last.deadLetterTotal) dead letters, \(last.events) events of \(events)")
        }
        return BenchResult(
            bench: "intake", events: events - Int(first.records), seconds: seconds, ceiling: nil,
            cpuSeconds: ProcessUsage.cpuSeconds - cpu, residentBytes: ProcessUsage.residentBytes)
    }

    private func wait(
        for service: PipelineService, _ condition: (IntakeCounts) -> Bool
    ) throws -> IntakeCounts {
        let end = ContinuousClock.now + Self.patience
        while true {
            let counts = service.status.intake
            if condition(counts) { return counts }
            if let failure = service.finalFailure { throw fail("error: \(failure)") }
            guard ContinuousClock.now < end else { throw fail("error: intake has read \(counts.records) of \(events)") }
            Thread.sleep(forTimeInterval: 0.0005)
        }
    }
}
