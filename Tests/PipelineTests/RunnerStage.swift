import Kafka
import Logging
import Scoring
import Synchronization

@testable import Pipeline

/// Partitions at work without a broker and without threads: a test runs their slices, and what waits for the disk.
final class RunnerStage {
    /// What partitions have told the poller, by their numbers.
    struct Told {
        var reads: [(partition: Int32, from: Int64)] = []
        var failed: [Int32] = []
        var closed: [Int32] = []
    }

    static let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
    private static let partitions = 4

    let host: QueuedRuntime
    let kafka: MemoryKafka
    let disk = WatchedFileSystem()
    let runtime: FoldRuntime
    private var runners: [Int32: PartitionRunner] = [:]

    /// `archives`: the partitions keep archive and snapshots on the disk.
    init(archives: Bool = false, snapshotInterval: Int64 = 300_000_000, memoryLimit: Int64? = nil) throws {
        let (host, kafka) = (QueuedRuntime(), MemoryKafka())
        var configuration = Self.configuration(kafka, on: host)
        if archives { configuration.data = LocalData("/data", on: disk) }
        configuration.snapshotInterval = snapshotInterval
        configuration.memoryLimit = memoryLimit
        runtime = FoldRuntime(Member(configuration, logger: Self.logger))
        runtime.outlet = try FactProducer(configuration, ledgerPartitions: Self.partitions, logger: Self.logger)
        (self.host, self.kafka) = (host, kafka)
    }

    static var logger: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Of a member that folds.
    static func configuration(_ kafka: MemoryKafka, on host: QueuedRuntime) -> PipelineConfiguration {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        var result = PipelineConfiguration(kafka: kafka, topics: topics, roles: [.fold])
        result.host = host
        result.clock = .events
        return result
    }

    var isTakingSnapshot: Bool { runtime.isTakingSnapshot.load(ordering: .acquiring) }

    // MARK: What a worker does

    /// Slices, and nothing that waits.
    func runSlices() { while runtime.slices.runNext() {} }

    /// Everything, until nothing is to be done.
    func settle() { while runtime.slices.runNext() || host.runNext() {} }

    // MARK: What the poller does

    /// A partition that opens.
    func open(_ number: Int32 = 3) -> PartitionRunner {
        let runner = PartitionRunner(number, runtime, countedTo: 0)
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
        runtime.slices.ready(runner)
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
        runtime.slices.ready(runner)
    }

    func poll(_ frames: [[UInt8]], from offset: Int64 = 0, written: Int64 = -1, _ runner: PartitionRunner) {
        add(frames, from: offset, written: written, to: runner)
        settle()
    }

    /// The topic has nothing more.
    func reachEnd(_ end: Int64, _ runner: PartitionRunner) {
        runner.inbox.note(end: end, reachedEnd: true, at: host.now)
        poke(runner)
    }

    /// Of the facts that were sent, as many more as said; nil: all.
    func acknowledge(_ count: Int? = nil) {
        kafka.acknowledgements = count
        let outlet = runtime.outlet!
        outlet.producer.serve(timeoutMilliseconds: 0) { delivery in
            guard let topic = outlet.facts.firstIndex(of: delivery.topic), let runner = runners[delivery.partition]
            else { return }
            runner.inbox.acknowledge(topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            runtime.slices.ready(runner)
        }
        settle()
    }

    /// Since it was asked last.
    func told() -> Told {
        var told = Told()
        for (runner, report) in runtime.takeReports() {
            switch report {
            case .reads(let offset): told.reads.append((runner.number, offset))
            case .failed: told.failed.append(runner.number)
            case .closed: told.closed.append(runner.number)
            case .tick, .opened: break
            }
        }
        return told
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
