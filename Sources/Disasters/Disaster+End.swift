internal import Kafka
internal import Ledger
internal import Pipeline
internal import Scoring
internal import Simulation

extension Disaster {
    /// The number of rounds, after the last disaster, within which everything must be in order.
    private static let roundsToSettle = 400
    private static let settlingRound = 500 * millisecond
    /// Ticks come every ten seconds, and one takes some time.
    private static let latestTick = 15 * second

    func heal() throws {
        endsWell = true
        cluster.faults = Faults()
        cluster.comeUp()
        cluster.goFast()
        while !openStrays.isEmpty { try skipStray() }
        for number in members.indices {
            members[number].machine.error = 0
            members[number].machine.disk.clearFaults()
            members[number].machine.hasSlowDisk = false
            members[number].process?.isPaused = false
            members[number].process?.isConnected = true
            members[number].process?.callsLeft = nil
            start(number)
        }
        try endUpgrade()
        for _ in 0..<Self.roundsToSettle {
            for number in members.indices {
                for role in Role.allCases { try step(number, role) }
                members[number].machine.workInBackground()
                start(number)
            }
            if isSettled { return }
            cluster.wait(Self.settlingRound)
        }
        throw Oracle.Objection("not settled within \(Self.roundsToSettle) rounds: \(whatIsLeft)")
    }

    private var isSettled: Bool { whatIsLeft == "" }

    /// Empty if everything is read, folded and published, and every partition has one owner.
    private var whatIsLeft: String {
        let committed = cluster.group(SimulatedTopics.intakeGroup).committed
        for topicPartition in sent.keys.sorted() where committed[topicPartition]?.offset != cluster.end(topicPartition)
        {
            return
                "\(topicPartition) is read to \(committed[topicPartition]?.offset ?? 0) of \(cluster.end(topicPartition))"
        }
        for partition in 0..<Int32(ledgerPartitions) {
            let topicPartition = TopicPartition(SimulatedTopics.ledger, partition)
            let names = members.filter { $0.pipeline?.folded[partition] != nil }.map(\.machine.name)
            let owners = members.compactMap { $0.pipeline?.folded[partition] }
            guard owners.count == 1 else { return "\(topicPartition) has \(owners.count) owners" }
            for member in members where member.pipeline?.owner(of: partition) != names[0] {
                return "\(member.machine.name) has not heard that \(names[0]) owns \(topicPartition)"
            }
            guard owners[0].isCurrent, owners[0].nextOffset == cluster.recordsEnd(topicPartition) else {
                return "\(topicPartition) is folded to \(owners[0].nextOffset) of \(cluster.recordsEnd(topicPartition))"
            }
            let states = members.compactMap { $0.pipeline?.shadow(of: partition) }
            if let left = states.first.flatMap(shadows.left) { return "\(topicPartition): \(left)" }
            let wall = Self.start + cluster.time
            if owners[0].clock < wall - Self.latestTick {
                return "\(topicPartition): its clock is at \(owners[0].clock), not \(wall)"
            }
        }
        // A member without assigned partitions is ready too.
        for member in members {
            guard let status = member.pipeline?.status, status.unreadyFor == nil else {
                return "\(member.machine.name) is not ready"
            }
        }
        return ""
    }

    func judge() throws -> DisasterRun.Summary {
        let oracle = Oracle(
            cluster: cluster, sent: sent, ledgerPartitions: ledgerPartitions, strays: strays)
        try oracle.checkLedger()
        try oracle.checkDeadLetters()
        for member in members where member.pipeline?.viewsAreOfStates == false {
            throw Oracle.Objection("\(member.machine.name): a view says something else than its partition's state")
        }
        var digests: [String] = []
        var (shadowed, lookUps) = (0, 0)
        var repeats = DisasterRun.Summary.Repeats()
        for partition in 0..<Int32(ledgerPartitions) {
            let folders = members.map { LocalData("/data", on: $0.machine.disk) }
            let checkpoints = try oracle.checkpoints(of: partition)
            let offsets = try Set(folders.flatMap { try $0.snapshots(partition).offsets() })
            let folded = try oracle.fold(
                partition, positionsAt: offsets.union(checkpoints.map(\.nextOffset)),
                subjects: questions.subjects(of: partition))
            try oracle.checkFacts(partition, folded)
            try oracle.check(checkpoints, folded)
            try oracle.check(questions.answered.filter { $0.answer.partition == partition }, folded)
            for member in members {
                guard let state = member.pipeline?.folded[partition] else { continue }
                lookUps += Int(state.lookUps)
                guard member.pipeline?.digest(of: partition) == folded.digest, state.sequences == folded.sequences
                else {
                    throw Oracle.Objection(
                        "\(member.machine.name) has folded partition \(partition) into another state")
                }
            }
            for member in members {
                guard let standings = member.pipeline?.shadowStandings(of: partition),
                    let policy = shadows.order?.policy
                else {
                    continue
                }
                try oracle.check(standings, of: partition, folded, inShadow: policy, member.machine.name)
                shadowed += 1
            }
            for (member, data) in zip(members, folders) {
                try oracle.checkFiles(
                    data, partition, folded, of: member.machine.name,
                    isOwner: member.pipeline?.folded[partition] != nil)
            }
            digests.append(folded.digest.description)
            repeats.frames += folded.repeats.frames
            repeats.brokenFrames += folded.repeats.brokenFrames
            repeats.origins += folded.repeats.origins
            repeats.facts -= folded.facts.reduce(0) { $0 + $1.count }
        }
        let facts = SimulatedTopics.facts.flatMap { topic in
            (0..<Int32(ledgerPartitions)).map { cluster.records(TopicPartition(topic, $0)).count }
        }
        repeats.facts += facts.reduce(0, +)
        let expulsions = cluster.groups.values.reduce(0) { $0 + $1.expulsions.values.reduce(0, +) }
        return DisasterRun.Summary(
            records: sent.values.reduce(0) { $0 + $1.count },
            checkpoints: Int(cluster.end(TopicPartition(SimulatedTopics.checkpoints, 0))),
            frames: (0..<Int32(ledgerPartitions)).reduce(0) {
                $0 + cluster.records(TopicPartition(SimulatedTopics.ledger, $1)).count
            }, facts: facts.reduce(0, +), repeats: repeats, answers: questions.counts, expulsions: expulsions,
            shadows: shadowed, lookUps: lookUps, upgrades: rolling?.counts ?? .init(),
            disasters: happened, digests: digests)
    }
}
