internal import Kafka
internal import Ledger
internal import Logging
internal import Scoring

// Partitions are opened, read, restarted after an error, and closed.
extension FoldPoller {
    /// The errors of one partition, and the time of its restart.
    struct Failures {
        static let (firstPause, longestPause) = (Duration.milliseconds(250), Duration.seconds(5))
        /// A partition without an error for this long is healthy again.
        static let healthyAfter = Duration.seconds(30)

        private(set) var count = 0
        private var last: ContinuousClock.Instant?
        private var offset: Int64 = -1
        /// The number of errors at the same ledger offset.
        private(set) var atSameOffset = 0
        var retryAt: ContinuousClock.Instant?
        /// When the published facts of the partition are requested again; nil if no request has failed.
        var askAt: ContinuousClock.Instant?

        mutating func note(at offset: Int64, _ now: ContinuousClock.Instant) {
            if let last, now - last > Self.healthyAfter { self = Self() }
            (count, last) = (count + 1, now)
            (atSameOffset, self.offset) = (offset == self.offset ? atSameOffset + 1 : 1, offset)
            retryAt = now + min(Self.firstPause * (1 << min(count - 1, 8)), Self.longestPause)
        }

        /// Notes that a request about the partition has failed. It is repeated after a pause.
        mutating func noteQuestion(_ now: ContinuousClock.Instant) { askAt = now + Self.firstPause }
    }

    private static let committedMilliseconds = 10_000

    // MARK: Beginning

    /// The partition is assigned to this member.
    func begin(_ number: Int32) {
        let index = Int(number)
        (slots[index].failure.retryAt, slots[index].failure.askAt) = (nil, nil)
        if slots[index].runner == nil { open(number) }
        stopReading(index, then: .assign)
    }

    /// Opens the partition as a standby. If its previous runner is still closing, it is opened after that has closed.
    func open(_ number: Int32) {
        let index = Int(number)
        guard slots[index].runner == nil, slots[index].closing == nil else { return }
        let runner = PartitionRunner(number, environment, countedTo: slots[index].countedTo)
        (slots[index].runner, slots[index].shadow) = (runner, nil)
        environment.slices.ready(runner)
    }

    /// Requests the positions of these partitions' published facts, and the ledger's ends, from the broker in the
    /// background.
    func ask(about numbers: [Int32], _ consumer: any ConsumerClient) {
        guard !numbers.isEmpty else { return }
        let (environment, turn) = (environment, environment.turn)
        nonisolated(unsafe) let consumer = consumer
        runtime.background(.broker) {
            let isVain = { environment.stop.isSet || environment.turn != turn }
            guard !isVain() else { return }
            do {
                let found = try Self.recover(numbers, consumer, environment, isVain)
                environment.answer(.recovered(found, try Self.readCheckpoints(environment, isVain)), turn: turn)
            } catch is CancellationError where isVain() {
                // At a stop the partitions do not change, and are closed in order.
            } catch {
                environment.answer(.failed(numbers, error), turn: turn)
            }
        }
    }

    private static func recover(
        _ numbers: [Int32], _ consumer: any ConsumerClient, _ environment: FoldEnvironment, _ isVain: () -> Bool
    ) throws -> [Int32: PartitionInbox.Recovered] {
        let configuration = environment.configuration
        let topicPartitions = numbers.map { TopicPartition(configuration.topics.ledger, $0) }
        let committed = try consumer.committed(topicPartitions, timeoutMilliseconds: committedMilliseconds)
        let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
        var marks: [Int32: [Publication.Mark]] = [:]
        for number in numbers { marks[number] = blank }
        for position in committed {
            marks[position.topicPartition.partition] = Publication.marks(in: position.metadata) ?? blank
        }
        let found = try FactRecovery.run(
            marks, configuration: configuration, logger: environment.logger, isVain: isVain)
        let ends = try configuration.kafka.ends(of: topicPartitions)
        let offsets = Dictionary(committed.map { ($0.topicPartition.partition, $0.offset) }) { $1 }
        var result: [Int32: PartitionInbox.Recovered] = [:]
        for (number, marks) in found {
            result[number] = PartitionInbox.Recovered(
                committed: max(0, offsets[number] ?? 0), marks: marks,
                end: ends[TopicPartition(configuration.topics.ledger, number)] ?? 0)
        }
        return result
    }

    private static func readCheckpoints(
        _ environment: FoldEnvironment, _ isVain: () -> Bool
    ) throws -> FoldEnvironment.CheckpointReading? {
        guard let settings = environment.configuration.checkpoints else { return nil }
        let topic = try CheckpointTopic(environment.configuration, settings, logger: environment.logger)
        return FoldEnvironment.CheckpointReading(topic: topic, found: try topic.readToEnd(isVain))
    }

    func takeAnswers() throws {
        for (turn, answer) in environment.takeAnswers() {
            if case .publishedByOwners = answer { asksLimits = false }
            guard turn == environment.turn else { continue }
            switch answer {
            case .recovered(let found, let reading):
                if let reading {
                    checkpoints = reading.topic
                    for checkpoint in reading.found { pass(checkpoint) }
                }
                for (number, recovered) in found.sorted(by: { $0.key < $1.key }) {
                    guard let runner = slots[Int(number)].runner else { continue }
                    runner.inbox.order(.recover(recovered))
                    environment.slices.ready(runner)
                }
            case .publishedByOwners(let limits):
                for (number, offset) in limits.sorted(by: { $0.key < $1.key }) {
                    guard !isAssigned(number), let runner = slots[Int(number)].runner else { continue }
                    runner.inbox.note(publishedByOwner: offset)
                    environment.slices.ready(runner)
                }
            case .failed(let numbers, let error):
                guard let error = error as? KafkaError, error.isRetriable else { throw error }
                logger.warning("what is published is asked for again", metadata: ["reason": "\(error)"])
                for number in numbers { slots[Int(number)].failure.noteQuestion(runtime.now) }
            }
        }
    }

    /// Compares recent checkpoints of other members with the states here.
    func compareCheckpoints() throws {
        guard let checkpoints else { return }
        for checkpoint in try checkpoints.poll() { pass(checkpoint) }
    }

    private func pass(_ checkpoint: Checkpoint) {
        guard slots.indices.contains(Int(checkpoint.partition)) else { return }
        slots[Int(checkpoint.partition)].runner?.inbox.add(checkpoint)
    }

    // MARK: Reading

    /// Polled frames that the partition has not taken are dropped.
    func stopReading(_ index: Int, then order: PartitionInbox.Order) {
        (slots[index].isRead, slots[index].start) = (false, nil)
        guard let runner = slots[index].runner else { return }
        runner.inbox.begin(with: order)
        runner.forgetPosition()
        environment.slices.ready(runner)
    }

    func takeReports() throws {
        var final: PipelineError?
        for (runner, report) in environment.takeReports() {
            let index = Int(runner.number)
            if case .closed = report {
                guard slots[index].closing === runner || slots[index].runner === runner else { continue }
                noteClosed(runner)
                continue
            }
            if case .failed(let error as PipelineError) = report {
                final = final ?? error
                continue
            }
            guard slots[index].runner === runner else { continue }
            switch report {
            case .opened: showPartitions()
            case .reads(let start):
                slots[index].isRead = false
                slots[index].start = start
                showPartitions()
            case .tick(let time): ticks.append((runner.number, time))
            case .failed(let error): noteFailure(error, of: runner)
            case .closed: break
            }
        }
        if let final { throw final }
    }

    /// Assigns the partitions that have requested reading to the group's consumer. It does so for all at once if
    /// possible, because an assignment fetches the others again.
    func beginReading(_ consumer: any ConsumerClient) throws {
        let assigned = assignedRunners.filter { slots[Int($0.number)].isRead || slots[Int($0.number)].start != nil }
        guard assigned.contains(where: { slots[Int($0.number)].start != nil }) else { return }
        let positions = consumer.assignment.map(\.position)
        var starts: [PartitionOffset] = []
        for runner in assigned {
            let topicPartition = TopicPartition(configuration.topics.ledger, runner.number)
            if let start = slots[Int(runner.number)].start {
                starts.append(PartitionOffset(topicPartition, offset: start))
            } else if let source = read.firstIndex(where: { $0 === runner }) {
                starts.append(PartitionOffset(topicPartition, offset: positions[source]))
            }
        }
        try consumer.assign(starts)
        read = assigned
        try noteReading(assigned)
    }

    /// The consumer reads from the new positions, so the partitions take its records from now on.
    func noteReading(_ runners: [PartitionRunner]) throws {
        for runner in runners {
            let index = Int(runner.number)
            // An assignment resumes paused partitions.
            slots[index].isPaused = false
            guard slots[index].start != nil else { continue }
            (slots[index].isRead, slots[index].start) = (true, nil)
            runner.inbox.begin(with: .read)
            environment.slices.ready(runner)
        }
    }

    // MARK: Errors

    /// Other partitions are not affected.
    private func noteFailure(_ error: any Error, of runner: PartitionRunner) {
        let (index, offset) = (Int(runner.number), runner.status.nextOffset)
        slots[index].failure.note(at: offset, runtime.now)
        pipelineStatus.update { $0.partitionRestarts += 1 }
        let failure = slots[index].failure
        let metadata: Logger.Metadata = [
            "partition": "\(runner.number)", "offset": "\(offset)", "reason": "\(error)",
            "times": "\(failure.atSameOffset)",
        ]
        if failure.atSameOffset > 1 {
            logger.error(
                """
                a ledger partition fails again at the same offset, and the others go on: mend what the reason names; \
                `standing verify` says whether the archive is whole, and without its snapshots the partition is folded anew
                """,
                metadata: metadata)
        } else {
            logger.warning("a ledger partition begins anew", metadata: metadata)
        }
        if let shared = runner.status.shared { pipelineStatus.add(shared) }
        close(index, takesSnapshot: false)
        showPartitions()
    }

    /// Opens partitions again: those that failed and are closed after a pause, and those that waited for their closing
    /// at once.
    func beginAgainIfDue(_ consumer: any ConsumerClient) {
        var numbers: [Int32] = []
        for topicPartition in assignment ?? [] {
            let slot = slots[Int(topicPartition.partition)]
            guard slot.runner == nil, slot.closing == nil, slot.failure.retryAt.map({ $0 <= runtime.now }) ?? true
            else {
                continue
            }
            numbers.append(topicPartition.partition)
        }
        for number in numbers { begin(number) }
        for topicPartition in assignment ?? [] where !numbers.contains(topicPartition.partition) {
            let index = Int(topicPartition.partition)
            guard let askAt = slots[index].failure.askAt, askAt <= runtime.now else { continue }
            numbers.append(topicPartition.partition)
        }
        for number in numbers { slots[Int(number)].failure.askAt = nil }
        ask(about: numbers, consumer)
    }

    // MARK: Closing

    func close(_ index: Int, takesSnapshot: Bool) {
        guard let runner = slots[index].runner else { return }
        stopReading(index, then: .close(takesSnapshot: takesSnapshot))
        (slots[index].runner, slots[index].closing) = (nil, runner)
    }

    private func noteClosed(_ runner: PartitionRunner) {
        let index = Int(runner.number)
        slots[index].countedTo = max(slots[index].countedTo, runner.status.countedTo)
        if slots[index].closing === runner {
            slots[index].closing = nil
        } else {
            // As a standby it was not usable.
            stopReading(index, then: .standBy)
            slots[index].runner = nil
            showPartitions()
        }
    }

    /// Closes all partitions and waits for the disk.
    func closeAll(takesSnapshots: Bool) {
        for index in slots.indices { close(index, takesSnapshot: takesSnapshots) }
        while slots.contains(where: { $0.closing != nil }) {
            for (runner, report) in environment.takeReports() {
                switch report {
                case .closed: noteClosed(runner)
                case .failed(let error as PipelineError): failure = error
                default: break
                }
            }
            environment.yield()
        }
    }
}
