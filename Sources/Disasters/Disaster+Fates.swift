internal import Kafka
internal import Ledger
internal import Logging
internal import Pipeline
internal import Scoring
internal import Simulation

extension Disaster {
    /// The greatest number of partitions of a source.
    private static let mostPartitions = 6

    /// What can happen to members, broker, disks and clocks.
    enum Fate: String, CaseIterable {
        case crash, powerLoss = "power losses", crashAtCall = "crashes within a call", pause = "pauses"
        case cutOff = "network partitions", brokerDown = "broker failures", restart = "restarts", clock = "clock steps"
        case disk = "disk faults", retention = "expiries", growth = "added partitions", stray = "stray records"
        case slowDisk = "slow disks", slowBroker = "slow brokers", abort = "aborted transactions"
    }

    private func note(_ fate: Fate) {
        happened[fate.rawValue, default: 0] += 1
    }

    func befall(_ fate: Fate, _ number: Int) throws {
        guard let process = members[number].process else { return }
        logger.info("\(members[number].machine.name): \(fate.rawValue)", metadata: ["time": "\(cluster.time)"])
        note(fate)
        // It happens at any moment, also while workers are busy.
        if let pipeline = members[number].pipeline, !process.isPaused { runSlices(number, process, pipeline) }
        switch fate {
        case .crash: bury(number, losesPower: false)
        case .powerLoss: bury(number, losesPower: true)
        case .crashAtCall: process.callsLeft = below(60)
        case .pause:
            process.isPaused = true
            cluster.later(Int64(below(30_000)) * Self.millisecond) { process.isPaused = false }
        case .cutOff:
            process.isConnected = false
            cluster.later(Int64(below(30_000)) * Self.millisecond) { process.isConnected = true }
        case .slowBroker: cluster.goSlow(for: Int64(below(60_000)) * Self.millisecond)
        case .brokerDown: cluster.goDown(for: Int64(below(10_000)) * Self.millisecond)
        case .restart:
            try stop(number)
            start(number)
        case .clock:
            // A wrong clock is set right within an hour; after that it would count as the right one.
            let machine = members[number].machine
            guard machine.error == 0 else { return }
            machine.error = (below(2) == 0 ? 24 : -24) * Self.hour
            cluster.later(Int64(below(50)) * 60 * Self.second) { machine.error = 0 }
        case .disk:
            let faults: [(FaultyFileSystem.Fault, FileError.Call?)] = [
                (.error(28), .write), (.short, .write), (.error(5), nil), (.dropsUnsynced, .sync), (.short, .read),
            ]
            let (fault, call) = faults[below(faults.count)]
            members[number].machine.disk.plan(fault, atCall: 1 + below(20), of: call)
        case .slowDisk:
            let machine = members[number].machine
            guard !machine.hasSlowDisk else { return }
            machine.hasSlowDisk = true
            cluster.later(Int64(below(600_000)) * Self.millisecond) { machine.hasSlowDisk = false }
        case .abort:
            let topicPartitions = cluster.logs.keys.filter(Self.hasTransactions).sorted()
            cluster.abort(below(4), in: topicPartitions[below(topicPartitions.count)])
        case .growth:
            let topic = SimulatedTopics.sources[below(SimulatedTopics.sources.count)]
            if cluster.topics[topic] ?? 0 < Self.mostPartitions { cluster.addPartition(to: topic) }
        case .stray: if openStrays.isEmpty || below(2) == 0 { writeStray() } else { try skipStray() }
        case .retention:
            let topicPartitions = sent.keys.sorted()
            guard !topicPartitions.isEmpty else { return }
            let topicPartition = topicPartitions[below(topicPartitions.count)]
            // Before the first commit the group does not know which records there were.
            guard let read = cluster.group(SimulatedTopics.intakeGroup).committed[topicPartition] else { return }
            cluster.expire(topicPartition, before: read.offset + Int64(below(4)))
        }
    }

    /// Whether producers may write to the partition in transactions.
    private static func hasTransactions(_ topicPartition: TopicPartition) -> Bool {
        SimulatedTopics.isSource(topicPartition) || topicPartition.topic == SimulatedTopics.ledger
            || SimulatedTopics.facts.contains(topicPartition.topic)
    }

    /// Another program writes to the ledger topic.
    private func writeStray() {
        let partition = Int32(below(ledgerPartitions))
        let values: [[UInt8]?] = [nil, [], Array("{}".utf8), [UInt8](repeating: 0x5a, count: 200)]
        let topicPartition = TopicPartition(SimulatedTopics.ledger, partition)
        let offset = cluster.append(.init(key: nil, value: values[below(values.count)]), to: topicPartition)
        strays[partition, default: []].insert(offset)
        openStrays.append((partition, offset))
    }

    /// An operator passes over the oldest stray, with a connection without faults unless the broker is down.
    func skipStray() throws {
        guard !cluster.isDown else { return }
        let stray = openStrays.removeFirst()
        let faults = cluster.faults
        cluster.faults = Faults()
        let process = SimulatedProcess(cluster)
        let outcome = try LedgerSkip(configuration(members[0].machine, process, KnownFoldVersions())).run(
            partition: stray.partition, offset: stray.offset, reason: "a stray record", id: "skip-\(stray.offset)")
        guard outcome.isNew else { throw Oracle.Objection("\(stray) is passed over already") }
        process.die()
        cluster.faults = faults
    }

    func stop(_ number: Int) throws {
        guard let process = members[number].process, members[number].pipeline != nil else { return }
        do {
            // No variable refers to the pipeline, so that it is freed before the machine drops its work.
            try members[number].pipeline?.stop()
        } catch let error as PipelineError where error.code == .storage || process.isDead {}
        kill(number)
        members[number].machine.crashDisk(losesPower: false)
        members[number].machine.error = 0
    }

    /// The process of the machine, if it has one, is dead. Nothing is left of it but its messages and its disk.
    func kill(_ number: Int) {
        members[number].process?.die()
        members[number].pipeline = nil
        members[number].process = nil
        members[number].machine.forgetWork()
    }

    /// Ends the process at once. It starts again later, with its clock set right.
    func bury(_ number: Int, losesPower: Bool) {
        kill(number)
        let machine = members[number].machine
        machine.crashDisk(losesPower: losesPower)
        machine.error = 0
        cluster.later(Int64(below(20_000)) * Self.millisecond) { [weak self] in
            if self?.endsWell == false { self?.start(number) }
        }
    }
}
