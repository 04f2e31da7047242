internal import HTTPTypes
public import Hummingbird
internal import NIOCore
internal import Synchronization

/// Where the events of a stream come from. One task at a time uses it.
public protocol EventSource: Sendable {
    /// Waits until there is something to write, at most until `deadline`, and adds it. False: the stream ends after that. It returns
    /// soon if the task is cancelled, or after `cancel`.
    func next(into events: inout ServerSentEvents, until deadline: ContinuousClock.Instant) async -> Bool
    /// Where a reader goes on that comes back now; nil if that is not known. It goes with the beats of a quiet stream.
    var place: String? { get }
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
    /// Two writes of a stream lie at least so far apart.
    public static let pace = Duration.milliseconds(250)
    private static let retryMilliseconds = 3000

    private struct State {
        /// By the stream's number: what ends it; nil before it has begun.
        var open: [Int: (@Sendable () -> Void)?] = [:]
        var next = 0
        var hasEnded = false
    }

    public let maximum: Int
    private let state = Mutex(State())

    public init(maximum: Int = HTTPServer.maximumStreams) { self.maximum = maximum }

    public var count: Int { state.withLock { $0.open.count } }

    /// A stream of what `open` gives, which is asked once the answer begins; nil: nothing comes any more. `isAllowed`: whether the
    /// caller may still read. 503 if there are as many streams as there may be.
    public func answer(
        isAllowed: @escaping @Sendable () async -> Bool = { true }, _ open: @escaping @Sendable () -> (any EventSource)?
    ) -> Response {
        guard let reservation = Reservation(self) else {
            return .retryLater("as many event streams are open as this server has room for, \(maximum)")
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
                    events.beat(id: source.place)
                }
                beat = .now + Self.beatInterval
            }
            guard !events.isEmpty else { continue }
            try await write(events.take())
            if !isOver { try await Task.sleep(for: Self.pace) }
        }
    }

    private static func reason(_ code: StaticString) -> String { "{\"reason\":\"\(code)\"}" }

    /// Ends every stream at once; no other begins.
    public func end() {
        let all = state.withLock { state in
            state.hasEnded = true
            return state.open.values.compactMap(\.self)
        }
        for cancel in all { cancel() }
    }

    /// False: it has been closed meanwhile.
    private func begin(_ number: Int, cancel: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            guard !state.hasEnded, state.open[number] != nil else { return false }
            state.open[number] = .some(cancel)
            return true
        }
    }

    /// The client of a stream has gone.
    func closed(_ number: Int) {
        let cancel = state.withLock { $0.open.removeValue(forKey: number) }
        cancel??()
    }

    // MARK: The answer's head

    static let mediaType = "text/event-stream"
    /// In an answer's head, until the connection takes it out.
    static let numberName = HTTPField.Name("standing-stream")!

    /// A stream's place among the open ones, for as long as somebody has this. An answer to `HEAD` is never written.
    private final class Reservation: Sendable {
        let number: Int
        private let streams: EventStreams

        init?(_ streams: EventStreams) {
            let number = streams.state.withLock { state -> Int? in
                guard !state.hasEnded, state.open.count < streams.maximum else { return nil }
                state.open.updateValue(nil, forKey: state.next)
                defer { state.next += 1 }
                return state.next
            }
            guard let number else { return nil }
            (self.number, self.streams) = (number, streams)
        }

        deinit { streams.state.withLock { _ = $0.open.removeValue(forKey: number) } }
    }
}
