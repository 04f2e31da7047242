internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The questions of connections, and their expected answers.
enum BenchQuestions: Sendable {
    /// `GET /subjects/{id}` for this many made-up card holders. One in `unknownShare` is unknown and must be answered
    /// with 404.
    case subjects(Int)
    /// The same requests, each answered with 200 and a body of `bytes` bytes.
    case fixed(subjects: Int, bytes: Int)

    static let unknownShare: UInt64 = 100

    var subjects: Int {
        switch self {
        case .subjects(let subjects), .fixed(let subjects, _): subjects
        }
    }
}

/// The results of a load.
struct LoadTally: Sendable {
    /// Requests that were answered correctly.
    var requests = 0
    /// Those among them for unknown subjects.
    var notFound = 0
    /// Bytes of the other answers' bodies.
    var bodyBytes = 0
    /// With a rate: requests that were due and not sent, because their connections waited for answers.
    var unsent = 0
    var latencies = Latencies()
    /// From the first request to the last answer.
    var seconds = 0.0

    /// Throws `LoadFailure` if there was no request.
    var requestsPerSecond: Double {
        get throws {
            guard requests > 0, seconds > 0 else {
                throw LoadFailure(description: "no request was sent in time: give more --seconds")
            }
            return Double(requests) / seconds
        }
    }

    mutating func add(_ other: Self) {
        requests += other.requests
        notFound += other.notFound
        bodyBytes += other.bodyBytes
        unsent += other.unsent
        latencies.add(other.latencies)
    }
}

/// A wrong or missing answer, in one sentence.
struct LoadFailure: Error, CustomStringConvertible {
    let description: String
}

/// Keep-alive connections to an HTTP server on 127.0.0.1, on event loops of their own. Each has at most one request in
/// flight.
struct QueryLoad: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let channels: [any Channel]

    /// `seed`: for the choice of subjects.
    init(port: Int, connections: Int, questions: BenchQuestions, seed: UInt64) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount / 2))
        self.group = group
        var channels: [any Channel] = []
        var seeds = SeededNumbers(seed)
        do {
            for _ in 0..<connections {
                let seed = seeds.next()
                let bootstrap = ClientBootstrap(group: group).channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(QueryConnection(questions, port: port, seed: seed))
                    }
                }
                channels.append(try await bootstrap.connect(host: "127.0.0.1", port: port).get())
            }
        } catch {
            for channel in channels { channel.close(promise: nil) }
            try? await group.shutdownGracefully()
            throw LoadFailure(description: "127.0.0.1:\(port): cannot be connected to: \(error)")
        }
        self.channels = channels
    }

    /// Sends requests for `seconds` and waits for the last answers. `rate`: requests per second of all connections
    /// together. A request is sent at its due time, or after it while its connection waits for an answer; its latency
    /// counts from the due time. If `rate` is nil, a connection sends a request as soon as it has its answer. Throws
    /// `LoadFailure` for the first wrong answer.
    func run(seconds: Double, rate: Double?) async throws -> LoadTally {
        let start = NIODeadline.now()
        let end = start + Self.time(seconds)
        let interval = rate.map { Self.time(Double(channels.count) / $0) }
        let runs = channels.enumerated().map { index, channel in
            let first = interval.map { start + .nanoseconds($0.nanoseconds * Int64(index) / Int64(channels.count)) }
            return channel.eventLoop.flatSubmit {
                do {
                    let connection = try channel.pipeline.syncOperations.handler(type: QueryConnection.self)
                    return connection.begin(from: first ?? .now(), to: end, every: interval)
                } catch {
                    return channel.eventLoop.makeFailedFuture(error)
                }
            }
        }
        var tally = LoadTally()
        for run in runs { tally.add(try await run.get()) }
        tally.seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        return tally
    }

    /// CPU seconds of the event loops so far.
    func cpuSeconds() async throws -> Double {
        var sum = 0.0
        for loop in group.makeIterator() { sum += try await loop.submit { ProcessUsage.cpuSecondsOfThread }.get() }
        return sum
    }

    /// Runs `body`, and closes the connections also if it throws.
    func closing<Outcome: Sendable>(_ body: (QueryLoad) async throws -> Outcome) async throws -> Outcome {
        do {
            let outcome = try await body(self)
            await close()
            return outcome
        } catch {
            await close()
            throw error
        }
    }

    private func close() async {
        for channel in channels { try? await channel.close().get() }
        try? await group.shutdownGracefully()
    }

    private static func time(_ seconds: Double) -> TimeAmount { .nanoseconds(Int64((seconds * 1e9).rounded())) }
}

/// Sends one question after the other and checks every answer. It is used on its event loop only.
private final class QueryConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private struct Run {
        /// The due time of the next request, from which its latency counts.
        var due: NIODeadline
        let end: NIODeadline
        /// Nil if a request is sent as soon as the previous one is answered.
        let interval: TimeAmount?
        let promise: EventLoopPromise<LoadTally>
        let patience: Scheduled<Void>
        var tally = LoadTally()
    }

    /// The longest wait for the end of a run.
    private static let patience = TimeAmount.seconds(60)

    private let questions: BenchQuestions
    private let port: Int
    private let requestHeaders: HTTPHeaders
    private var random: SeededNumbers
    private var context: ChannelHandlerContext?
    private var run: Run?
    private var subject = ""
    private var isUnknown = false
    private var status = HTTPResponseStatus.ok
    private var body = ByteBuffer()
    /// Why the connection cannot be used any more.
    private var failure: LoadFailure?

    init(_ questions: BenchQuestions, port: Int, seed: UInt64) {
        (self.questions, self.port) = (questions, port)
        requestHeaders = ["host": "127.0.0.1:\(port)"]
        random = SeededNumbers(seed)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// `first`: the due time of the first request. No other run may be in progress.
    func begin(from first: NIODeadline, to end: NIODeadline, every interval: TimeAmount?) -> EventLoopFuture<LoadTally>
    {
        // The caller has this handler from a pipeline, so there is a context.
        let loop = context!.eventLoop
        if let failure { return loop.makeFailedFuture(failure) }
        let promise = loop.makePromise(of: LoadTally.self)
        let patience = loop.assumeIsolated().scheduleTask(deadline: end + Self.patience) { [self] in
            fail("no answer about \(subject) for \(Self.patience.nanoseconds / 1_000_000_000) s")
        }
        run = Run(due: first, end: end, interval: interval, promise: promise, patience: patience)
        askWhenDue()
        return promise.futureResult
    }

    private func askWhenDue() {
        guard let run, let context else { return }
        let now = NIODeadline.now()
        guard now < run.end, run.due < run.end else { return finish(run) }
        guard now < run.due else { return ask() }
        context.eventLoop.assumeIsolated().scheduleTask(deadline: run.due) { [self] in ask() }
    }

    private func ask() {
        guard run != nil, let context else { return }
        let number = Int(random.next() % UInt64(questions.subjects))
        isUnknown = random.next() % BenchQuestions.unknownShare == 0
        subject = isUnknown ? "nobody-\(number)" : BenchEvents.subject(number)
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/subjects/\(subject)", headers: requestHeaders)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status
            body.clear()
        case .body(var part):
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
        case .end: takeAnswer()
        }
    }

    private func takeAnswer() {
        guard var run else { return }
        if let mistake = mistake() { return fail("the answer about \(subject) is wrong: \(mistake)") }
        let now = NIODeadline.now()
        run.tally.latencies.add(nanoseconds: (now - run.due).nanoseconds)
        run.tally.requests += 1
        if isUnknown { run.tally.notFound += 1 } else { run.tally.bodyBytes += body.readableBytes }
        run.due = run.interval.map { run.due + $0 } ?? now
        self.run = run
        askWhenDue()
    }

    /// The mistake of the complete answer; nil if there is none.
    private func mistake() -> String? {
        switch questions {
        case .subjects:
            let right: HTTPResponseStatus = isUnknown ? .notFound : .ok
            guard status == right else { return "status \(status.code), not \(right.code): \(String(buffer: body))" }
            let isNamed = isUnknown || body.withUnsafeReadableBytes { Self.contains($0, subject) }
            return isNamed ? nil : "its body does not name the subject: \(String(buffer: body))"
        case .fixed(_, let bytes):
            guard status == .ok, body.readableBytes == bytes else {
                return "status \(status.code) and \(body.readableBytes) bytes, not 200 and \(bytes)"
            }
            return nil
        }
    }

    /// Whether `bytes` contain `name` as a whole JSON string.
    private static func contains(_ bytes: UnsafeRawBufferPointer, _ name: String) -> Bool {
        var quoted = "\"\(name)\""
        return quoted.withUTF8 { quoted in
            guard let text = bytes.baseAddress, let wanted = quoted.baseAddress, bytes.count >= quoted.count else {
                return false
            }
            return (0...bytes.count - quoted.count).contains { memcmp(text + $0, wanted, quoted.count) == 0 }
        }
    }

    private func finish(_ run: Run) {
        self.run = nil
        run.patience.cancel()
        var tally = run.tally
        if let interval = run.interval, run.due < run.end {
            tally.unsent = Int((run.end - run.due).nanoseconds - 1) / Int(interval.nanoseconds) + 1
        }
        run.promise.succeed(tally)
    }

    private func fail(_ sentence: String) {
        let failure = LoadFailure(description: "127.0.0.1:\(port): \(sentence)")
        if self.failure == nil { self.failure = failure }
        run?.patience.cancel()
        run?.promise.fail(failure)
        run = nil
        context?.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the server has closed a connection")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail("\(error)") }
}

/// The same numbers for the same seed (SplitMix64).
private struct SeededNumbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A bare HTTP/1.1 server that answers every request with 200 and the same body.
struct FixedAnswerServer: Sendable {
    private let channel: any Channel

    /// Listens on a free port of 127.0.0.1, on the same event loops as a member's server.
    init(bodyBytes: Int) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try pipeline.addHandler(FixedAnswer(bodyBytes: bodyBytes))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async { try? await channel.close().get() }
}

private final class FixedAnswer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let head: HTTPResponseHead
    private let body: ByteBuffer

    init(bodyBytes: Int) {
        head = HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: ["content-type": "application/json; charset=utf-8", "content-length": "\(bodyBytes)"])
        body = ByteBuffer(repeating: UInt8(ascii: "x"), count: bodyBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
