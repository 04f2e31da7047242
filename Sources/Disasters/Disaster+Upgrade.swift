internal import Events
internal import Kafka
internal import Ledger
internal import Pipeline
internal import Scoring

// An upgrade: operators bring a later release to members and ledger.
extension Disaster {
    /// Does the next step of the plan, if the run has one.
    func upgrade() throws {
        guard let step = rolling?.next() else { return }
        switch step {
        case .replace(let number): try replaceProgram(number)
        case .moveLedger: try moveLedger()
        case .nothing: break
        }
        try checkRefusals()
    }

    /// Gives every member the later program, and then moves the ledger if it has not been moved.
    func endUpgrade() throws {
        guard let plan = rolling else { return }
        for number in members.indices where !plan.isNew[number] { try replaceProgram(number) }
        if !plan.isMoved { try moveLedger() }
        guard rolling?.isMoved == true else { throw Oracle.Objection("the ledger was not moved") }
    }

    private func replaceProgram(_ number: Int) throws {
        rolling?.replace(number)
        try stop(number)
        start(number)
    }

    /// Uses a connection without faults, unless the broker is down. If it gets no answer, it is done once more later.
    private func moveLedger() throws {
        guard !cluster.isDown else { return }
        let faults = cluster.faults
        cluster.faults = Faults()
        let process = SimulatedProcess(cluster)
        defer {
            process.die()
            cluster.faults = faults
        }
        do {
            _ = try LedgerUpgrade(configuration(members[0].machine, process, KnownFoldVersions()))
                .run(name: LedgerIdentity.defaultName, id: "upgrade")
        } catch let error as KafkaError where error.isRetriable {
            return
        }
        rolling?.noteMoved()
        for partition in 0..<Int32(ledgerPartitions) {
            upgradedAt[partition] = try upgradeEntry(in: TopicPartition(SimulatedTopics.ledger, partition))
        }
    }

    /// The offset of the frame that moves the partition to another version.
    private func upgradeEntry(in topicPartition: TopicPartition) throws -> Int64 {
        var entry = FrameReader.blank
        for (offset, record) in cluster.records(topicPartition) {
            let isUpgrade = (record.value ?? []).withUnsafeBytes { bytes in
                var reader = FrameReader()
                guard (try? reader.open(bytes)) != nil else { return false }
                while (try? reader.next(&entry)) == true {
                    if ControlType(entry.event.type) == .ledgerUpgraded { return true }
                }
                return false
            }
            if isUpgrade { return offset }
        }
        throw Oracle.Objection("\(topicPartition) has no entry that moves it to another fold version")
    }

    /// Checks that a member whose program does not know the ledger's version folds up to the entry only, and reports
    /// why.
    private func checkRefusals() throws {
        guard let plan = rolling, plan.isMoved else { return }
        for number in members.indices where !plan.isNew[number] {
            guard let pipeline = members[number].pipeline else { continue }
            let name = members[number].machine.name
            for (partition, state) in pipeline.folded.sorted(by: { $0.key < $1.key }) {
                guard let entry = upgradedAt[partition], state.nextOffset > entry else { continue }
                throw Oracle.Objection(
                    "\(name) does not know the fold version to which the ledger moves at partition \(partition), offset "
                        + "\(entry), and has folded beyond it")
            }
            for quarantined in pipeline.status.quarantined where quarantined.offset == upgradedAt[quarantined.partition]
            {
                guard quarantined.reason.contains("run a newer version of the program") else {
                    throw Oracle.Objection("\(name) does not say why it waits: \(quarantined.reason)")
                }
                if refused[quarantined.partition, default: []].insert(number).inserted {
                    rolling?.counts.refusals += 1
                }
            }
        }
    }
}
