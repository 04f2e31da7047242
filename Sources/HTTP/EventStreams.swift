internal import Events
internal import HTTPTypes
public import Hummingbird
internal import NIOCore
internal import Synchronization

/// Where the events of a stream come from. One task at a time uses it.
public protocol EventSource: Sendable {
    /// Waits until there is something to write, at most until `deadline`, and adds it. Returns whether the stream continues. It returns
    /// soon if the task is cancelled, or after `cancel`.
    func next(into events: inout ServerSentEvents, until deadline: ContinuousClock.Instant) async -> Bool
    /// From where a reader that comes back now resumes; nil if that is not known. It goes with the beats of a quiet stream.
    var position: String? { get }
    /// Nobody reads any more. It may be called more than once, on any thread.
    func cancel()
}

/// The open streams of server-sent events of a server, at most `maximum`: the other connections are for answers that end.
///
/// A stream has no queue: the next events are asked for when the client's machine has the ones before. It beats every
/// `beatInterval`, and as often the caller's right to it is asked for once more. It ends when the client goes, when its source
/// ends, and with `end`.
public final class EventStreams: Sendable {
    /// Also the longest time for which a stream survives its caller's session.
    public static let beatInterval = Duration.seconds(15)
    /// Two writes of a stream lie at least so far apart, unless the first is full.
    public static let pace = Duration.milliseconds(250)
    /// A source that has more than this to write gives about so much at a time.
    public static let fullBytes = 64 << 10
    private static let retryMilliseconds = 3000

    /// Streams of one caller: windows and tabs of a person, instances of a program that share one name.
    public static let standardMaximumPerCaller = 32

    private struct Stream {
        /// Nil if callers are not distinguished.
        let caller: String?
        /// What ends it; nil before it has begun.
        var cancel: (@Sendable () -> Void)?
    }

    private struct State {
        /// By the stream's number.
        var open: [Int: Stream] = [:]
        /// The number of open streams of each caller who has some.
        var byCaller: [String: Int] = [:]
        var next = 0
        var hasEnded = false

        mutating func remove(_ number: Int) -> Stream? {
            guard let stream = open.removeValue(forKey: number) else { return nil }
            if let caller = stream.caller, let count = byCaller[caller] {
                byCaller[caller] = count > 1 ? count - 1 : nil
            }
            return stream
        }
    }

    public let maximum, maximumPerCaller: Int
    private let state = Mutex(State())

    public init(
        maximum: Int = HTTPServer.maximumStreams, maximumPerCaller: Int = EventStreams.standardMaximumPerCaller
    ) {
        (self.maximum, self.maximumPerCaller) = (maximum, maximumPerCaller)
    }

    public var count: Int { state.withLock { $0.open.count } }

    /// A stream of what `open` gives, which is asked once the answer begins, and nil if nothing comes any more. `caller`: who reads; nil if
    /// callers are not distinguished. `isAllowed`: whether the caller may still read. 503 if there are as many streams as there may be, 429 if
    /// the caller has as many as one may have.
    public func answer(
        for caller: String? = nil, isAllowed: @escaping @Sendable () async -> Bool = { true },
        _ open: @escaping @Sendable () -> (any EventSource)?
    ) -> Response {
        let reservation: Reservation
        switch reserve(for: caller) {
        case .success(let reserved): reservation = reserved
        case .failure(.full):
            return .retryLater("as many event streams are open as this server has room for, \(maximum)")
        case .failure(.callerHasEnough):
            return Problem(
                .tooManyRequests, code: "too-many-streams",
                "the caller has \(maximumPerCaller) event streams open, which is the most: close one",
                fields: [.retryAfter: "1"]
            ).response
        }
        var fields = HTTPFields()
        fields[.contentType] = Self.mediaType
        fields[.cacheControl] = "no-store"
        // A proxy that collects an answer before it passes it on would never pass on this one.
        fields[HTTPField.Name("x-accel-buffering")!] = "no"
        fields[Self.numberName] = String(reservation.number)
        return Response(
            status: .ok, headers: fields,
            body: ResponseBody { [self] writer in
                try await run(reservation, isAllowed: isAllowed, open) { try await writer.write($0) }
                try await writer.finish(nil)
            })
    }

    private func run(
        _ reservation: Reservation, isAllowed: @Sendable () async -> Bool, _ open: @Sendable () -> (any EventSource)?,
        write: (ByteBuffer) async throws -> Void
    ) async throws {
        var events = ServerSentEvents()
        events.retry(milliseconds: Self.retryMilliseconds)
        guard let source = open() else {
            events.event("end", data: Self.reason("shutdown"))
            return try await write(events.take())
        }
        defer { source.cancel() }
        guard begin(reservation.number, cancel: { source.cancel() }) else { return }
        // The client has the head at once, and so knows that it is connected.
        try await write(events.take())
        var beat = ContinuousClock.now + Self.beatInterval
        var isOver = false
        while !isOver, !Task.isCancelled {
            isOver = await !source.next(into: &events, until: beat)
            if ContinuousClock.now >= beat {
                if await !isAllowed() {
                    _ = events.take()
                    events.event("end", data: Self.reason("access"))
                    isOver = true
                } else if events.isEmpty {
                    events.beat(id: source.position)
                }
                beat = .now + Self.beatInterval
            }
            guard !events.isEmpty else { continue }
            let count = events.byteCount
            try await write(events.take())
            if !isOver { try await Task.sleep(for: Self.pause(after: count)) }
        }
    }

    /// A reader of everything keeps up with what comes, as far as its machine takes it.
    static func pause(after bytes: Int) -> Duration { bytes >= fullBytes ? .zero : pace }

    private static func reason(_ code: String) -> String { JSONWriter.object { $0.member("reason", code) } }

    /// Ends every stream at once; no other begins.
    public func end() {
        let all = state.withLock { state in
            state.hasEnded = true
            return state.open.values.compactMap(\.cancel)
        }
        for cancel in all { cancel() }
    }

    /// Returns whether the stream is still open.
    private func begin(_ number: Int, cancel: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard !state.hasEnded, state.open[number] != nil else { return false }
            state.open[number]?.cancel = cancel
            return true
        }
    }

    /// The client of a stream has gone.
    func closed(_ number: Int) {
        let stream = state.withLock { $0.remove(number) }
        stream?.cancel?()
    }

    // MARK: The answer's head

    static let mediaType = "text/event-stream"
    /// In an answer's head, until the connection takes it out.
    static let numberName = HTTPField.Name("standing-stream")!

    /// Counts a stream among the open ones, for as long as somebody has this. An answer to `HEAD` is never written.
    private final class Reservation: Sendable {
        let number: Int
        private let streams: EventStreams

        init(_ number: Int, _ streams: EventStreams) { (self.number, self.streams) = (number, streams) }

        deinit { _ = streams.state.withLock { $0.remove(number) } }
    }

    private enum Refusal: Error {
        case full
        case callerHasEnough
    }

    private func reserve(for caller: String?) -> Result<Reservation, Refusal> {
        let number = state.withLock { state -> Result<Int, Refusal> in
            guard !state.hasEnded, state.open.count < maximum else { return .failure(.full) }
            if let caller {
                let count = state.byCaller[caller] ?? 0
                guard count < maximumPerCaller else { return .failure(.callerHasEnough) }
                state.byCaller[caller] = count + 1
            }
            state.open[state.next] = Stream(caller: caller)
            defer { state.next += 1 }
            return .success(state.next)
        }
        return number.map { Reservation($0, self) }
    }
}
