public import Events
public import Replay

extension PipelineReading {
    /// A ledger partition that is folded again, under a new policy or with other sources left out. It answers from the
    /// state before.
    public struct Switching: Sendable, Equatable, Codable {
        public let partition: Int32
        /// The id of the policy that is active after the switch.
        public let policy: String
        public let version: Int64
        /// The source that is withdrawn or restored; nil if the switch is to another policy.
        public let source: PartitionFold.PolicySwitch.Source?
        /// The share of the partition's history that is folded, from 0 to 1.
        public let done: Double

        public init(
            partition: Int32, policy: String, version: Int64, source: PartitionFold.PolicySwitch.Source? = nil,
            done: Double
        ) {
            (self.partition, self.policy, self.version) = (partition, policy, version)
            (self.source, self.done) = (source, done)
        }

        init(_ partition: Int32, _ step: PartitionFold.PolicySwitch) {
            let done = step.total > 0 ? Double(step.folded) / Double(step.total) : 1
            self.init(
                partition: partition, policy: step.id, version: step.version, source: step.source, done: done)
        }
    }
}

extension PipelineReading.Switching {
    /// `"policy":{"id","version"}[,"source":{"topic","withdrawn"}]`. Older readers require the policy.
    public func writeTarget(to writer: inout JSONWriter) {
        writer.open("policy")
        writer.member("id", policy)
        writer.member("version", version)
        writer.close()
        guard let source else { return }
        writer.open("source")
        writer.member("topic", source.topic)
        writer.member("withdrawn", source.isWithdrawn)
        writer.close()
    }
}

extension PartitionFold.PolicySwitch {
    /// `policy town version 3`, or `the withdrawal of behaviour.commerce`.
    var target: String { source?.act ?? "policy \(id) version \(version)" }
}

extension PartitionFold.PolicySwitch.Source {
    /// `the withdrawal of behaviour.commerce`.
    var act: String { "the \(isWithdrawn ? "withdrawal" : "restoration") of \(topic)" }
}

/// The log of switches: one line at a time for all partitions.
struct SwitchLog {
    enum Line: Equatable {
        /// `target`: of all partitions that switch.
        case begun(target: String)
        /// `partitions`: those that still switch. `done`: those that have switched. `frames` of `total` are folded.
        case underWay(
            target: String, partitions: Int, done: Int, frames: Int64, total: Int64, secondsLeft: Double?)
        /// `partitions`: those that have switched.
        case done(target: String, partitions: Int, time: Duration)
    }

    private static let sampleEvery = Duration.milliseconds(500)
    private static let lineEvery = Duration.seconds(5)

    /// From the beginning of the first partition's switch to the end of the last one's.
    private struct Run {
        let start: ContinuousClock.Instant
        var lastSample: ContinuousClock.Instant
        var lastLine: ContinuousClock.Instant
        /// The switches in progress, by ledger partition.
        var steps: [Int32: PartitionFold.PolicySwitch] = [:]
        var targets: Set<String> = []
        /// Partitions that have switched, and their frames.
        var done = 0
        var doneFrames: Int64 = 0
        var estimate = RateEstimate()

        init(at now: ContinuousClock.Instant) { (start, lastSample, lastLine) = (now, now, now) }

        var target: String { targets.sorted().joined(separator: ", ") }
    }

    private var run: Run?

    /// Whether a partition switched at the last note.
    var isRunning: Bool { run != nil }

    /// `steps`: the switches in progress, by ledger partition. `folded`: the partitions that are folded here. Others
    /// are forgotten.
    mutating func note(
        _ steps: [Int32: PartitionFold.PolicySwitch], folded: Set<Int32>, at now: ContinuousClock.Instant
    ) -> [Line] {
        guard var run = run ?? (steps.isEmpty ? nil : Run(at: now)) else { return [] }
        let isNew = self.run == nil
        for (number, step) in run.steps where steps[number] == nil && folded.contains(number) {
            run.done += 1
            run.doneFrames += step.total
        }
        run.steps = steps
        for step in steps.values { run.targets.insert(step.target) }
        guard !steps.isEmpty else {
            self.run = nil
            return run.done > 0 ? [.done(target: run.target, partitions: run.done, time: now - run.start)] : []
        }
        defer { self.run = run }
        guard isNew || now - run.lastSample >= Self.sampleEvery else { return [] }
        run.lastSample = now
        let frames = run.doneFrames + steps.values.reduce(0) { $0 + $1.folded }
        run.estimate.add(done: frames, at: (now - run.start) / .seconds(1))
        guard !isNew else { return [.begun(target: run.target)] }
        guard now - run.lastLine >= Self.lineEvery else { return [] }
        run.lastLine = now
        let total = run.doneFrames + steps.values.reduce(0) { $0 + $1.total }
        return [
            .underWay(
                target: run.target, partitions: steps.count, done: run.done, frames: frames, total: total,
                secondsLeft: run.estimate.timeLeft(total: total))
        ]
    }
}
