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
    /// 2026-01-01T00:00:00Z
    static let start: Int64 = 1_767_225_600_000_000
    static let (millisecond, second, hour): (Int64, Int64, Int64) = (1000, 1_000_000, 3_600_000_000)
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
    let logger: Logger
    let cluster: SimulatedCluster
    let ledgerPartitions: Int
    private let standsBy: Bool
    private let isStatic: Bool
    /// The key with which members sign the digests of their states, and with which they check those of others.
    private let keyring: Keyring?
    var members: [Member] = []
    var traffic: Traffic
    var sent: [TopicPartition: [Traffic.Placed]] = [:]
    var happened: [String: Int] = [:]
    var questions = Questions()
    private let menu: [Fate]
    /// The offsets of records in the ledger that are no frames, by partition, and those of them that no entry passes
    /// over yet.
    var strays: [Int32: Set<Int64>] = [:]
    var openStrays: [(partition: Int32, offset: Int64)] = []
    var endsWell = false
    /// Whether operators put policies into the shadow.
    private let hasShadows: Bool
    var shadows = ShadowPlan()
    /// Nil if every member has the same program and the ledger is of the newest fold version.
    var rolling: RollingUpgrade?
    /// By ledger partition, the offset of the frame that moves it to the newest fold version.
    var upgradedAt: [Int32: Int64] = [:]
    /// By ledger partition, the members that stopped at that frame, because their programs did not know its version.
    var refused: [Int32: Set<Int>] = [:]

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

    func below(_ bound: Int) -> Int { cluster.random.below(bound) }

    // MARK: The run

    func run() throws -> DisasterRun.Summary {
        defer { end() }
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

    /// Ends every process and drops the rest of their work. Cluster, machines, processes and that work refer to each
    /// other, so without this nothing of a run would be freed.
    private func end() {
        for number in members.indices { kill(number) }
        cluster.end()
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

    func step(_ number: Int, _ role: Role) throws {
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
    func runSlices(_ number: Int, _ process: SimulatedProcess, _ pipeline: SteppedPipeline) {
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
}
