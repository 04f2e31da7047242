internal import ArgumentParser
internal import Foundation
internal import Kafka
internal import Pipeline
internal import Query
internal import Terminal

struct BenchQuery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "GET /subjects/{id} of a member over HTTP, against a bare HTTP server in the same process.",
        discussion: """
            A member runs in this process, as `standing serve` does, on an embedded broker in a process of its own. Subjects \
            are enrolled and have their events; when all is folded, connections ask for standings of subjects chosen at \
            random, one in a hundred of them unknown. Every answer is checked, and a wrong one ends the command with exit 1. \
            The ceiling, measured in the same run: the same load against a bare NIO server that answers a fixed body of the \
            same size.
            Latencies are in milliseconds. cpuSeconds is the whole process's, in which the clients have clientCpuSeconds. \
            unsent counts requests whose time came and that no connection was free to send: where it is not 0, --rate is more \
            than is answered.

            Examples:
              standing bench query --rate 10000
            """)

    @Option(help: "Subjects that are enrolled first.")
    var subjects: Int = 100_000

    @Option(help: "Events a subject before anything is measured.")
    var eventsPerSubject: Int = 3

    @Option(help: "Keep-alive connections, each with one request in flight.")
    var connections: Int = min(32, QueryServer.maximumStandings)

    @Option(help: "Seconds that are measured.")
    var seconds: Double = 5

    @Option(help: "Seconds of the same requests before them.")
    var warmUp: Double = 1

    @Option(
        help: """
            Requests a second, each sent at its time; latency counts from that time, also where the request has to wait for its \
            connection. Default: each connection asks as soon as it has its answer.
            """)
    var rate: Double?

    @Option(help: "Events a second that are sent to the member meanwhile. Default: none.")
    var load: Int?

    @Flag(
        help: """
            Also, with --load: a snapshot of every partition four times, and in the middle an activation of another policy.
            """)
    var disturb = false

    @Option(help: "Which subjects are asked for.")
    var seed: UInt64 = 1

    func validate() throws {
        func check(_ option: String, _ value: Double, _ range: ClosedRange<Double>) throws {
            guard !range.contains(value) else { return }
            func text(_ bound: Double) -> String { Int(exactly: bound).map(String.init) ?? "\(bound)" }
            let (least, most) = (text(range.lowerBound), text(range.upperBound))
            throw ValidationError("--\(option): must be from \(least) to \(most)")
        }
        try check("subjects", Double(subjects), 1...9_999_999)
        try check("events-per-subject", Double(eventsPerSubject), 0...1000)
        try check("seconds", seconds, 0.1...3600)
        try check("warm-up", warmUp, 0...3600)
        let most = QueryServer.maximumStandings
        guard (1...most).contains(connections) else {
            throw ValidationError(
                "--connections: must be from 1 to \(most), for a member that may open so few files answers no more at once; "
                    + "`ulimit -n` raises it, to 256 at the most")
        }
        if let rate {
            try check("rate", rate, 0.1...10_000_000)
            guard rate >= Double(connections) / Self.longestPause else {
                throw ValidationError(
                    "--rate: a member closes connections that are idle for long: give at most \(Int(rate * Self.longestPause)) "
                        + "--connections")
            }
        }
        if let load { try check("load", Double(load), 1...10_000_000) }
        if disturb, load == nil {
            throw ValidationError("--disturb has no effect without --load: where nothing happens, no snapshot is due")
        }
    }

    /// The longest time for which a connection waits for its next request, in seconds.
    private static let longestPause = 10.0

    func run() async throws {
        let broker = try BrokerProcess(topics: nil)
        defer { broker.stop() }
        let folder = FileManager.default.temporaryDirectory.appending(path: "standing-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let member = try BenchMember(
            broker: broker, data: folder, subjects: subjects,
            snapshotInterval: disturb ? Int64(seconds / 4 * 1e6) : nil)
        do {
            var (result, bodyBytes) = try await measureAndStop(member)
            try await addCeiling(to: &result, bodyBytes: bodyBytes)
            result.printLine()
        } catch let failure as LoadFailure {
            throw fail("error: \(failure)")
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        } catch let error as PipelineError {
            throw fail("error: \(error)")
        }
    }

    private func measureAndStop(_ member: BenchMember) async throws -> (BenchResult, bodyBytes: Int) {
        do {
            let measured = try await measure(member)
            try await member.stop()
            return measured
        } catch {
            try? await member.stop()
            throw error
        }
    }

    /// Measures the member under load. `bodyBytes`: the average size of an answer.
    private func measure(_ member: BenchMember) async throws -> (result: BenchResult, bodyBytes: Int) {
        let port = try await member.serve()
        printMessage("enrolling \(subjects) subjects, \(eventsPerSubject) events each")
        try await onThread { [eventsPerSubject] in try member.fill(eventsPerSubject: eventsPerSubject) }
        printMessage("measuring the member")
        let clients = try await QueryLoad(
            port: port, connections: connections, questions: .subjects(subjects), seed: seed)
        return try await clients.closing { clients in
            defer { member.stopSending() }
            return try await measure(member, clients)
        }
    }

    private func measure(
        _ member: BenchMember, _ clients: QueryLoad
    ) async throws -> (result: BenchResult, bodyBytes: Int) {
        _ = try await clients.run(seconds: warmUp, rate: rate)
        let cpu = ProcessUsage.cpuSeconds
        let clientCPU = try await clients.cpuSeconds()
        let sending = load.map { rate in Task { try await onThread { try member.sendEvents(perSecond: rate) } } }
        let disturbing =
            disturb
            ? Task { [seconds] in try await onThread { try member.disturb(after: seconds / 2) } } : nil
        let tally = try await clients.run(seconds: seconds, rate: rate)
        let used = ProcessUsage.cpuSeconds - cpu
        let usedByClients = try await clients.cpuSeconds() - clientCPU
        member.stopSending()
        _ = try tally.requestsPerSecond
        let found = max(1, tally.requests - tally.notFound)
        var result = BenchResult(
            bench: "query", unit: "request", events: tally.requests, seconds: tally.seconds, ceiling: nil,
            cpuSeconds: used)
        result.more += Self.latencies(tally.latencies)
        result.more += [
            ("cpuSeconds", Self.decimal(used)), ("clientCpuSeconds", Self.decimal(usedByClients)),
            ("notFound", String(tally.notFound)), ("bodyBytes", String(tally.bodyBytes / found)),
            ("subjects", String(subjects)), ("connections", String(connections)),
        ]
        if let rate { result.more += [("rate", Self.decimal(rate)), ("unsent", String(tally.unsent))] }
        if let sent = try await sending?.value {
            result.more += [
                ("loadEvents", String(sent.events)),
                ("loadEventsPerSecond", String(Int(Double(sent.events) / sent.seconds))),
            ]
        }
        if let disturbed = try await disturbing?.value {
            result.more += [
                ("snapshots", String(disturbed.snapshots)), ("policySwitches", String(disturbed.policySwitches)),
                ("policySwitchSeconds", Self.decimal(disturbed.seconds)),
            ]
        }
        return (result, tally.bodyBytes / found)
    }

    private func addCeiling(to result: inout BenchResult, bodyBytes: Int) async throws {
        printMessage("measuring the ceiling")
        let server = try await FixedAnswerServer(bodyBytes: bodyBytes)
        let clients = try await QueryLoad(
            port: server.port, connections: connections, questions: .fixed(subjects: subjects, bytes: bodyBytes),
            seed: seed)
        let (tally, used) = try await clients.closing { clients in
            _ = try await clients.run(seconds: warmUp, rate: rate)
            let cpu = ProcessUsage.cpuSeconds
            let tally = try await clients.run(seconds: seconds, rate: rate)
            return (tally, ProcessUsage.cpuSeconds - cpu)
        }
        await server.close()
        result.ceiling = try tally.requestsPerSecond
        result.more += Self.latencies(tally.latencies).map {
            ("ceiling\($0.0.prefix(1).uppercased())\($0.0.dropFirst())", $0.1)
        }
        result.more.append(
            ("ceilingCpuMicrosecondsPerRequest", Self.decimal(used * 1e6 / Double(tally.requests))))
        if rate != nil { result.more.append(("ceilingUnsent", String(tally.unsent))) }
    }

    private static func latencies(_ latencies: Latencies) -> [(String, String)] {
        [
            ("p50Milliseconds", decimal(latencies.milliseconds(percentile: 50))),
            ("p99Milliseconds", decimal(latencies.milliseconds(percentile: 99))),
            ("p999Milliseconds", decimal(latencies.milliseconds(percentile: 99.9))),
            ("maxMilliseconds", decimal(latencies.maximumMilliseconds)),
        ]
    }

    private static func decimal(_ number: Double) -> String { String(format: "%.3f", number) }
}
