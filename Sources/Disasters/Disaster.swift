internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Pipeline
internal import Policy
internal import Scoring
internal import Simulation

/// One run in progress.
final class Disaster {
    private static let machines = 3
    /// The greatest number of partitions of a source.
    private static let mostPartitions = 6
    /// 2026-01-01T00:00:00Z
    private static let start: Int64 = 1_767_225_600_000_000
    private static let (millisecond, second, hour): (Int64, Int64, Int64) = (1000, 1_000_000, 3_600_000_000)
    /// The number of rounds, after the last disaster, within which everything must be in order.
    private static let roundsToSettle = 400
    private static let settlingRound = 500 * millisecond
    private static let fatesPerTrouble = 36
    private static let framesPerCheckpoint: Int64 = 8
    /// The time to fold a frame in microseconds, and how often and by how much a machine is slower.
    private static let frameTime = 2...40
    private static let (slowPerMille, slowness): (Int, Int64) = (20, 1000)

    struct Member {
        let machine: SimulatedMachine
        var process: SimulatedProcess?
        var pipeline: SteppedPipeline?
    }

    private let plan: DisasterRun
    private let logger: Logger
    let cluster: SimulatedCluster
    let ledgerPartitions: Int
    private let standsBy: Bool
    private let isStatic: Bool
    /// The key with which members sign the digests of their states, and with which they check those of others.
    private let keyring: Keyring?
    var members: [Member] = []
    var traffic: Traffic
    private var sent: [TopicPartition: [Traffic.Placed]] = [:]
    private var happened: [String: Int] = [:]
    var questions = Questions()
    private let menu: [Fate]
    /// The offsets of records in the ledger that are no frames, by partition, and those of them that no entry passes
    /// over yet.
    private var strays: [Int32: Set<Int64>] = [:]
    private var openStrays: [(partition: Int32, offset: Int64)] = []
    private var endsWell = false
    /// Whether operators put policies into the shadow.
    private let hasShadows: Bool
    private var shadows = ShadowPlan()
    /// Nil if every member has the same program and the ledger is of the newest fold version.
    var rolling: RollingUpgrade?
    /// By ledger partition, the offset of the frame that moves it to the newest fold version.
    var upgradedAt: [Int32: Int64] = [:]
    /// By ledger partition, the members that stopped at that frame, because their programs did not know its version.
    var refused: [Int32: Set<Int>] = [:]

    /// What can happen to members, broker, disks and clocks.
    private enum Fate: String, CaseIterable {
        case crash, powerLoss = "power losses", crashAtCall = "crashes within a call", pause = "pauses"
        case cutOff = "network partitions", brokerDown = "broker failures", restart = "restarts", clock = "clock steps"
        case disk = "disk faults", retention = "expiries", growth = "added partitions", stray = "stray records"
        case slowDisk = "slow disks", slowBroker = "slow brokers", abort = "aborted transactions"
    }

    init(_ run: DisasterRun, logger: Logger) throws {
        var random = SplitMix64(seed: run.seed)
        plan = run
        rolling = RollingUpgrade(seed: run.seed, members: Self.machines, bug: run.bug)
        self.logger = logger
        ledgerPartitions = random.within(1...4)
        standsBy = random.chance(perMille: 400)
        isStatic = random.chance(perMille: 250)
        keyring = random.chance(perMille: 150) ? try Self.keyring() : nil
        traffic = Traffic(
            changesPolicy: random.chance(perMille: 500), hasHotSubject: random.chance(perMille: 300),
            // Runs of other kinds stay the same as without these two.
            hasTies: rolling == nil && run.seed % 3 == 0, withdrawsSources: rolling == nil && run.seed % 4 == 1)
        hasShadows = random.chance(perMille: 500)
        // A run has much of some sorts of trouble and none of others. Rare combinations are more frequent so than in an
        // even mixture.
        var menu = Fate.allCases.filter { _ in random.chance(perMille: 600) }
        if menu.isEmpty { menu = [.crash] }
        self.menu = menu
        cluster = SimulatedCluster(
            topics: SimulatedTopics.partitions(ledger: ledgerPartitions), random: random, bug: run.bug)
        func rate(_ most: Int) -> Int {
            cluster.random.chance(perMille: 500) ? cluster.random.within(0...most) : 0
        }
        cluster.faults = Faults(
            delays: rate(100), lostAnswers: rate(200), refusals: rate(10), timeouts: rate(100), fetchErrors: rate(100),
            commitErrors: rate(200))
        for number in 0..<Self.machines {
            members.append(Member(machine: SimulatedMachine("member-\(number)", cluster, start: Self.start)))
        }
    }

    /// A keyring with one key, always the same.
    private static func keyring() throws -> Keyring {
        let (files, path) = (FaultyFileSystem(), "/key")
        let digits = String(repeating: "5a", count: 32)
        try Array("standing-private-key \(digits)\n".utf8).withUnsafeBytes { try files.replace(path, with: $0) }
        return try Keyring(signing: path, on: files)
    }

    private func below(_ bound: Int) -> Int { cluster.random.below(bound) }

    // MARK: The run

    func run() throws -> DisasterRun.Summary {
        try begin()
        for _ in 0..<plan.steps { try step() }
        try heal()
        try askEverybody()
        return try judge()
    }

    /// Writes the policy to the ledger, and starts every member.
    private func begin() throws {
        let faults = cluster.faults
        cluster.faults = Faults()
        let policy = try ScoringPolicy(yaml: traffic.policy, file: "lives.yaml")
        let process = SimulatedProcess(cluster)
        try SteppedPipeline(
            configuration(members[0].machine, process, rolling?.older ?? KnownFoldVersions(), policy: policy),
            logger: logger
        ).prepare()
        cluster.faults = faults
        // A member that starts later is given this policy or none, whichever policy is active then: the ledger has this
        // one.
        for number in members.indices { start(number, policy: policy) }
    }

    /// `known`: the fold versions that the program knows.
    func configuration(
        _ machine: SimulatedMachine, _ process: SimulatedProcess, _ known: KnownFoldVersions,
        policy: ScoringPolicy? = nil
    ) -> PipelineConfiguration {
        var result = PipelineConfiguration(
            kafka: ProcessCluster(process: process), topics: SimulatedTopics.names, policy: policy)
        result.runtime = machine
        result.maximumSessions = SimulatedTopics.maximumSessions
        result.knownFoldVersions = known
        // Most earlier events that a measure needs are not in memory.
        result.textBytes = 0
        result.noticesForgottenSessions = cluster.bug != .forgotten
        result.keepsPartitionsInOrder = cluster.bug != .disordered
        result.waitsForAcknowledgements = cluster.bug != .ahead
        result.forgetsLostPartitions = cluster.bug != .misdirected
        result.intakeGroup = SimulatedTopics.intakeGroup
        result.foldGroup = SimulatedTopics.foldGroup
        result.data = LocalData("/data", on: ProcessDisk(process: process, machine: machine))
        result.snapshotInterval = 60 * Self.second
        result.standsBy = standsBy
        result.staticMember = isStatic ? machine.name : nil
        result.members = .init(topic: SimulatedTopics.members, member: machine.name)
        if let keyring {
            var checkpoints = PipelineConfiguration.Checkpoints(
                topic: SimulatedTopics.checkpoints, keyring: keyring, member: machine.name)
            checkpoints.everyFrames = Self.framesPerCheckpoint
            result.checkpoints = checkpoints
        }
        return result
    }

    func start(_ number: Int, policy: ScoringPolicy? = nil) {
        guard members[number].process == nil else { return }
        let process = SimulatedProcess(cluster, name: members[number].machine.name)
        members[number].process = process
        process.isOfNextRelease = rolling?.isNew[number] ?? false
        var known = rolling?.known(to: number) ?? KnownFoldVersions()
        known.remembersWithdrawals = plan.bug != .revived
        let pipeline = SteppedPipeline(
            configuration(members[number].machine, process, known, policy: policy), logger: logger)
        process.hasShadow = { [weak self] partition in
            self?.members[number].pipeline?.status.shadows.contains {
                $0.partition == partition && !$0.isStandby && $0.phase == .live
            } ?? false
        }
        pipeline.advertise(members[number].machine.name)
        members[number].pipeline = pipeline
    }

    private func step() throws {
        let number = below(members.count)
        if hasShadows, cluster.random.chance(perMille: ShadowPlan.stepsPerMille) { orderShadow() }
        try upgrade()
        switch below(100) {
        case 0..<50: try step(number, below(2) == 0 ? .intake : .fold)
        case 50..<66: for _ in 0..<(1 + below(6)) { send() }
        case 66..<80: cluster.wait(pause())
        case 80..<85: members[number].machine.workInBackground()
        case 85..<88: try ask(number)
        // Each sort has the same probability, however many sorts there are.
        default: if below(Self.fatesPerTrouble) < Fate.allCases.count { try befall(menu[below(menu.count)], number) }
        }
    }

    private func pause() -> Int64 {
        switch below(100) {
        case 0..<60: Int64(below(50)) * Self.millisecond
        case 60..<85: Int64(below(5000)) * Self.millisecond
        case 85..<97: Int64(below(3600)) * Self.second
        default: Int64(below(72)) * Self.hour
        }
    }

    private func send() { send(traffic.next(at: Self.start + cluster.time, &cluster.random)) }

    private func send(_ record: Traffic.Sent) {
        let topicPartition = TopicPartition(record.topic, cluster.partition(of: record.record.key, in: record.topic))
        let offset = cluster.append(record.record, to: topicPartition)
        sent[topicPartition, default: []].append(Traffic.Placed(offset: offset, sent: record))
    }

    /// Does the operators' next step with shadows.
    private func orderShadow() {
        let now = Self.start + cluster.time
        switch shadows.next(at: now, of: traffic.candidates, &cluster.random) {
        case .order(let record):
            happened["shadows", default: 0] += 1
            cluster.append(record, to: TopicPartition(SimulatedTopics.members, 0))
        case .activation(let text):
            happened["activations from the shadow", default: 0] += 1
            send(traffic.activation(of: text, at: now))
        case .nothing: break
        }
    }

    private func step(_ number: Int, _ role: Role) throws {
        guard let process = members[number].process, !process.isPaused else { return }
        do {
            guard let pipeline = members[number].pipeline else { return }
            // Workers and producers do not wait for the poller, so they may not know yet what the next poll returns.
            if role == .fold, below(2) == 0 {
                runSlices(number, process, pipeline)
                if below(2) == 0 { cluster.wait(Int64(below(20)) * Self.millisecond) }
            }
            try cluster.run(on: role.rawValue) { try pipeline.step(role) }
            if role == .fold {
                runSlices(number, process, pipeline)
                for _ in 0..<below(3) { members[number].machine.workInBackground() }
                // A separate thread does it, and only that thread waits for a broker that is down.
                if process.isConnected, !cluster.isDown {
                    members[number].machine.offThePoll { pipeline.followMembers() }
                }
            }
        } catch let error as PipelineError where error.code == .storage || process.isDead {
            // The process ends and is started again, as in production.
            process.die()
        }
        try checkPolls()
        if process.isDead { bury(number, losesPower: false) }
    }

    /// Runs the slices as workers may: in any order, and not always all of them.
    private func runSlices(_ number: Int, _ process: SimulatedProcess, _ pipeline: SteppedPipeline) {
        let before = folded(number)
        members[number].machine.offThePoll {
            for _ in 0..<below(pipeline.slices + 2) where pipeline.slices > 0 {
                pipeline.runSlice(below(pipeline.slices))
            }
            compute(process, folded(number), since: before)
        }
    }

    /// The offset of the next frame, by ledger partition that the member folds.
    private func folded(_ number: Int) -> [Int32: Int64] {
        members[number].pipeline?.folded.mapValues(\.nextOffset) ?? [:]
    }

    /// Lets the time pass that the folding takes.
    private func compute(_ process: SimulatedProcess, _ folded: [Int32: Int64], since before: [Int32: Int64]) {
        let frames = before.reduce(0) { $0 + max(0, (folded[$1.key] ?? 0) - $1.value) }
        guard frames > 0, !process.isDead else { return }
        let slowness = cluster.random.chance(perMille: Self.slowPerMille) ? Self.slowness : 1
        process.compute(frames * Int64(cluster.random.within(Self.frameTime)) * slowness)
    }

    /// Checks that no member lost its partitions because it was busy with other work.
    private func checkPolls() throws {
        for (name, group) in cluster.groups.sorted(by: { $0.key < $1.key }) {
            guard let stall = group.stalls.first else { continue }
            throw Oracle.Objection(
                "\(stall.member) computed while it should poll: \(stall.busy.own / Self.second) s of its own since its last "
                    + "poll in group \(name), which allows \(SimulatedGroup.maximumPollInterval / Self.second) s")
        }
    }

    // MARK: What befalls

    private func note(_ fate: Fate) {
        happened[fate.rawValue, default: 0] += 1
    }

    private func befall(_ fate: Fate, _ number: Int) throws {
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
    private func skipStray() throws {
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
        guard let process = members[number].process, let pipeline = members[number].pipeline else { return }
        do {
            try pipeline.stop()
        } catch let error as PipelineError where error.code == .storage || process.isDead {}
        process.die()
        members[number].pipeline = nil
        members[number].process = nil
        members[number].machine.crashDisk(losesPower: false)
        members[number].machine.forgetWork()
        members[number].machine.error = 0
    }

    /// Ends the process at once. It starts again later, with its clock set right.
    private func bury(_ number: Int, losesPower: Bool) {
        members[number].process?.die()
        members[number].pipeline = nil
        members[number].process = nil
        let machine = members[number].machine
        machine.forgetWork()
        machine.crashDisk(losesPower: losesPower)
        machine.error = 0
        cluster.later(Int64(below(20_000)) * Self.millisecond) { [weak self] in
            if self?.endsWell == false { self?.start(number) }
        }
    }

    // MARK: The end

    private func heal() throws {
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

    /// Ticks come every ten seconds, and one takes some time.
    private static let latestTick = 15 * second

    private func judge() throws -> DisasterRun.Summary {
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
                partition, placesAt: offsets.union(checkpoints.map(\.nextOffset)),
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
