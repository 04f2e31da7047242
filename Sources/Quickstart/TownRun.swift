internal import Downstream
internal import Events
internal import Feeding
public import Foundation
internal import Kafka
internal import Lag
public import Logging
public import Options
public import Pipeline
public import Query
internal import Scoring
internal import Synchronization
internal import Terminal
internal import Topics

/// `quickstart` without files: a town, the pipeline that scores it, the downstream services, and a view.
public final class TownRun: @unchecked Sendable {
    /// The years from the beginning of the town's calendar to now. When the town has reached the present, it continues
    /// in real time.
    private static let yearsAgo: Int64 = 5
    private static let refresh = 0.5
    private static let plainLineEvery = 2.0
    public static let host = "127.0.0.1"

    private let cluster: Cluster
    private let seconds: Double?
    private let daysPerSecond: Double
    private let inhabitants: Int
    private let logger: Logger
    private let service: PipelineService
    private let server: QueryServer
    /// The folder of the downstream services' databases.
    private let folder: URL
    private let stop = Atomic(false)
    private let townTime = Atomic<Int64>(0)
    private let lag = Mutex<LagReport?>(nil)
    private let problem = Mutex<String?>(nil)

    /// `seconds`: nil if it runs without end. `server`: of the service, on `host`.
    public init(
        cluster: Cluster, service: PipelineService, server: QueryServer, seconds: Double?, daysPerSecond: Double,
        inhabitants: Int, folder: URL, logger: Logger
    ) {
        (self.cluster, self.service, self.server) = (cluster, service, server)
        (self.seconds, self.daysPerSecond, self.inhabitants) = (seconds, daysPerSecond, inhabitants)
        (self.folder, self.logger) = (folder, logger)
    }

    /// `line`: a line after the console's address; nil if there is none.
    public func run(printing line: String?) async throws {
        let (listening, listens) = AsyncStream.makeStream(of: Int.self)
        let serving = Task { [server] in
            defer { listens.finish() }
            try await server.run { listens.yield($0) }
        }
        var ports = listening.makeAsyncIterator()
        if let port = await ports.next() { printMessage("console at http://\(Self.host):\(port)/console") }
        if let line { printMessage(line) }
        var options = DownstreamService.Options()
        // The town's sanctions end by its own calendar.
        options.now = nil
        let downstream = try DownstreamService.Kind.allCases.map { kind in
            try DownstreamService(
                kind, kafka: cluster.kafka, topic: cluster.prefix + kind.defaultTopic,
                group: cluster.prefix + kind.defaultGroup, databasePath: folder.appending(path: "\(kind).sqlite").path,
                port: 0, options: options, logger: logger)
        }
        let partitions = cluster.definitions.first { $0.role == .ledger }?.partitions ?? 0
        let tap = try FactTap(
            kafka: cluster.kafka, topics: service.configuration.topics.facts, partitions: partitions, remembers: true)
        service.start()
        let signals = StopSignals { [self] in stop.store(true, ordering: .relaxed) }
        defer { signals.cancel() }
        var services = downstream.map { service in Task { try await service.run() } }
        services.append(serving)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in try await onThread { try self.feed() } }
            group.addTask { [self] in try await onThread { self.watchLag() } }
            group.addTask { [self] in try await onThread { self.show(tap, downstream) } }
            do {
                try await group.waitForAll()
            } catch {
                stop.store(true, ordering: .relaxed)
                throw error
            }
        }
        for service in services { service.cancel() }
        for service in services { _ = try? await service.value }
        service.requestStop()
        try await onThread { [self] in
            try service.join()
            try tap.finish()
        }
        printSummary(tap.current, downstream)
    }

    private var isStopped: Bool { stop.load(ordering: .relaxed) || service.finalFailure != nil }

    // MARK: Feeding

    private func feed() throws {
        defer { stop.store(true, ordering: .relaxed) }
        let day: Int64 = 86_400_000_000
        let now = Int64(Date().timeIntervalSince1970) * 1_000_000
        let start = (now / day - Self.yearsAgo * 365) * day
        var town = Town(
            seed: 20_260_101, individuals: inhabitants * 8 / 10, businesses: inhabitants * 15 / 100,
            officials: max(1, inhabitants * 5 / 100), start: start)
        let feed = try Feed(cluster.kafka) { [self] in
            if isStopped { throw CancellationError() }
            let status = service.status
            return service.foldCounters.entries + service.ledgerRepeats.entries + status.intake.deadLetterTotal
        }
        let counts = Dictionary(uniqueKeysWithValues: cluster.definitions.map { ($0.name, $0.partitions) })
        do {
            var origin = ContinuousClock.now
            var isMovingIn = true
            while !isStopped {
                let record = town.next()
                if isMovingIn, record.time > start + 3_600_000_000 {
                    // Enrolments are in another topic than deeds, so they must be folded before the first deed.
                    try settle(feed)
                    isMovingIn = false
                    origin = .now
                }
                if !isMovingIn { pace(record.time, since: start, origin) }
                townTime.store(record.time, ordering: .relaxed)
                try record.key.withUnsafeBytes { key in
                    try record.value.withUnsafeBytes { value in
                        try feed.send(
                            topic: cluster.prefix + record.topic, partitions: counts[record.topic] ?? 1,
                            key: key.isEmpty ? nil : key, value: value)
                    }
                }
            }
        } catch is CancellationError {}
    }

    private func settle(_ feed: Feed) throws {
        try feed.flush()
        while !isStopped {
            let status = service.status
            if service.foldCounters.entries + status.intake.deadLetterTotal >= feed.fed { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    /// Waits until the town's clock may show `time`. The clock is fast, and never ahead of the wall clock.
    private func pace(_ time: Int64, since start: Int64, _ origin: ContinuousClock.Instant) {
        while !isStopped {
            let elapsed = Double((ContinuousClock.now - origin) / .microseconds(1)) / 1e6
            let shown = Double(start) + elapsed * daysPerSecond * 86_400e6
            let wall = Date().timeIntervalSince1970 * 1e6
            if Double(time) <= min(shown, wall) { return }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    private func watchLag() {
        do {
            let monitor = try LagMonitor(
                kafka: cluster.kafka, groups: nil, knownGroups: try cluster.knownGroups(),
                ledgers: .ledgers(Set(cluster.names(.ledger))),
                logger: logger)
            while !isStopped {
                if let report = try? monitor.observe(now: Int64(Date().timeIntervalSince1970 * 1000)) {
                    lag.withLock { $0 = report }
                }
                for _ in 0..<20 where !isStopped { Thread.sleep(forTimeInterval: 0.1) }
            }
        } catch {
            problem.withLock { $0 = "lag is not known: \(error)" }
        }
    }

    // MARK: Showing

    private func show(_ tap: FactTap, _ downstream: [DownstreamService]) {
        defer { stop.store(true, ordering: .relaxed) }
        let terminal = TerminalScreen(wantsKeys: true)
        defer { terminal?.close() }
        let start = ContinuousClock.now
        var lastLine = start
        var lastRecords: Int64 = 0
        var lastTime = start
        // The first subject, so that the example does not change while the user copies it.
        var subject: String?
        var hasPrintedAddress = false
        while !isStopped {
            if let terminal {
                if terminal.isEnded(within: Self.refresh) { return }
            } else {
                Thread.sleep(forTimeInterval: 0.1)
            }
            let now = ContinuousClock.now
            if let seconds, now - start > .seconds(seconds) { return }
            if terminal == nil, now - lastLine < .seconds(Self.plainLineEvery) { continue }
            lastLine = now
            let records = service.status.intake.records
            let rate = Double(records - lastRecords) / max(0.001, Double((now - lastTime) / .milliseconds(1)) / 1000)
            lastRecords = records
            lastTime = now
            let facts = tap.current
            subject = subject ?? facts.recent.last { Self.needsNoQuotes($0.subject) }?.subject
            let address = server.port.map { "\(Self.host):\($0)" }
            let view = TownView(
                service: service, facts: facts, lag: lag.withLock { $0 }, rate: rate,
                townTime: Timestamp(microseconds: townTime.load(ordering: .relaxed)),
                perksHeld: Self.held(.perks, downstream), sanctionsInForce: Self.held(.blacklist, downstream),
                broker: cluster.kafka.brokers, address: address, subject: subject,
                readsKeys: terminal?.readsKeys ?? false, problem: problem.withLock { $0 })
            if let terminal {
                let picture = view.picture
                terminal.paint { picture.lines(columns: $0, rows: $1, colour: $2) }
                continue
            }
            if !hasPrintedAddress, let address, let subject {
                printMessage("look inside: curl http://\(address)/subjects/\(subject)")
                hasPrintedAddress = true
            }
            print(view.line)
            fflush(nil)
        }
    }

    /// Whether no character of the subject needs quoting in a shell or a path.
    private static func needsNoQuotes(_ subject: String) -> Bool {
        subject.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// Perks held, or sanctions in force, according to the service's database.
    private static func held(_ kind: DownstreamService.Kind, _ services: [DownstreamService]) -> Int {
        (try? services.first { $0.kind == kind }?.held()) ?? 0
    }

    private func printSummary(_ facts: FactTap.State, _ downstream: [DownstreamService]) {
        let status = service.status
        print(
            "the town: \(status.intake.records) records read, \(status.intake.events) events, "
                + "\(status.intake.deadLetterTotal) dead letters; facts: "
                + facts.byType.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        for service in downstream {
            let counts = service.counts
            print(
                "\(service.kind.rawValue) service: \(counts.accepted) facts accepted, \(counts.repeats) repeats ignored, "
                    + "\(counts.gaps) gaps seen, \(Self.held(service.kind, downstream)) "
                    + (service.kind == .perks ? "perks held" : "sanctions in force"))
        }
    }
}
