import Kafka
import Logging
import Scoring
import Synchronization

@testable import Pipeline

/// Partitions at work without a broker and without threads: a test runs their slices, and what waits for the disk.
final class RunnerStage {
    /// The reports of partitions to the poller, by their numbers.
    struct Reports {
        var reads: [(partition: Int32, from: Int64)] = []
        var failed: [Int32] = []
        var closed: [Int32] = []
    }

    static let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
    private static let partitions = 4

    let runtime: QueuedRuntime
    let kafka: MemoryKafka
    let disk = WatchedFileSystem()
    let environment: FoldEnvironment
    private var runners: [Int32: PartitionRunner] = [:]

    /// `archives`: the partitions keep archive and snapshots on the disk.
    init(archives: Bool = false, snapshotInterval: Int64 = 300_000_000, memoryLimit: Int64? = nil) throws {
        let (runtime, kafka) = (QueuedRuntime(), MemoryKafka())
        var configuration = Self.configuration(kafka, on: runtime)
        if archives { configuration.data = LocalData("/data", on: disk) }
        configuration.snapshotInterval = snapshotInterval
        configuration.memoryLimit = memoryLimit
        environment = FoldEnvironment(Member(configuration, logger: Self.logger))
        environment.factProducer = try FactProducer(
            configuration, ledgerPartitions: Self.partitions, logger: Self.logger)
        (self.runtime, self.kafka) = (runtime, kafka)
    }

    static var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Of a member that folds.
    static func configuration(_ kafka: MemoryKafka, on runtime: QueuedRuntime) -> PipelineConfiguration {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        var result = PipelineConfiguration(kafka: kafka, topics: topics, roles: [.fold])
        result.runtime = runtime
        result.clock = .events
        return result
    }

    var isTakingSnapshot: Bool { environment.isTakingSnapshot.load(ordering: .acquiring) }

    // MARK: What a worker does

    /// Slices, and nothing that waits.
    func runSlices() { while environment.slices.runNext() {} }

    /// Everything, until nothing is to be done.
    func settle() { while environment.slices.runNext() || runtime.runNext() {} }

    // MARK: What the poller does

    /// A partition that opens.
    func open(_ number: Int32 = 3) -> PartitionRunner {
        let runner = PartitionRunner(number, environment, countedTo: 0)
        runners[number] = runner
        poke(runner)
        return runner
    }

    /// One that is assigned, and reads.
    func owned(_ number: Int32 = 3, end: Int64 = 0) -> PartitionRunner {
        let runner = open(number)
        begin(.assign, runner)
        order(.recover(.init(committed: 0, marks: Self.blank, end: end)), runner)
        begin(.read, runner)
        return runner
    }

    func poke(_ runner: PartitionRunner) {
        environment.slices.ready(runner)
        settle()
    }

    func order(_ order: PartitionInbox.Order, _ runner: PartitionRunner) {
        runner.inbox.order(order)
        poke(runner)
    }

    func begin(_ order: PartitionInbox.Order, _ runner: PartitionRunner) {
        runner.inbox.begin(with: order)
        poke(runner)
    }

    /// Frames of one poll; they wait. `written`: the timestamp of their records; negative if it is not known.
    func add(_ frames: [[UInt8]], from offset: Int64, written: Int64 = -1, to runner: PartitionRunner) {
        let block = FrameBlock(capacity: frames.reduce(0) { $0 + $1.count }, frames: frames.count)
        for (index, frame) in frames.enumerated() {
            frame.withUnsafeBytes { block.append($0, at: offset + Int64(index), written: written) }
        }
        _ = runner.inbox.add(block, of: runner.status.shared)
        environment.slices.ready(runner)
    }

    func poll(_ frames: [[UInt8]], from offset: Int64 = 0, written: Int64 = -1, _ runner: PartitionRunner) {
        add(frames, from: offset, written: written, to: runner)
        settle()
    }

    /// The topic has nothing more.
    func reachEnd(_ end: Int64, _ runner: PartitionRunner) {
        runner.inbox.note(end: end, reachedEnd: true, at: runtime.now)
        poke(runner)
    }

    /// How many more of the facts that were sent; nil for all.
    func acknowledge(_ count: Int? = nil) {
        kafka.acknowledgements = count
        let factProducer = environment.factProducer!
        factProducer.producer.serve(timeoutMilliseconds: 0) { delivery in
            guard let topic = factProducer.facts.firstIndex(of: delivery.topic),
                let runner = runners[delivery.partition]
            else { return }
            runner.inbox.acknowledge(topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            environment.slices.ready(runner)
        }
        settle()
    }

    /// Since it was asked last.
    func takeReports() -> Reports {
        var reports = Reports()
        for (runner, report) in environment.takeReports() {
            switch report {
            case .reads(let offset): reports.reads.append((runner.number, offset))
            case .failed: reports.failed.append(runner.number)
            case .closed: reports.closed.append(runner.number)
            case .tick, .opened: break
            }
        }
        return reports
    }

    /// The numbers of the facts that were sent of a partition, topic by topic, in their order.
    func numbers(of partition: Int32 = 3) -> [[Int]] { kafka.numbers(of: partition) }
}

extension MemoryKafka {
    /// The numbers of the facts that were sent of a ledger partition, topic by topic, in their order.
    func numbers(of partition: Int32) -> [[Int]] {
        Dictionary(grouping: sent.filter { $0.partition == partition && $0.tag > 0 }, by: \.topic)
            .sorted { $0.key < $1.key }.map { $0.value.map(\.tag) }
    }
}
