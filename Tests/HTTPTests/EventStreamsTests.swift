import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

@testable import HTTP

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Streams over real sockets.
struct EventStreamsTests {
    /// Gives what a test puts in, and waits in between.
    private final class Source: EventSource {
        private struct State {
            var events: [String] = []
            var isOver = false
            /// Of the streams that share it.
            var waiters: [CheckedContinuation<Void, Never>] = []
        }
        private let state = Mutex(State())
        let isCancelled = Atomic(false)
        var position: String? { "1.2" }

        func put(_ data: String?) {
            let waiters = state.withLock { state in
                if let data { state.events.append(data) } else { state.isOver = true }
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        func next(into events: inout ServerSentEvents, until deadline: ContinuousClock.Instant) async -> Bool {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if !state.events.isEmpty || state.isOver { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
            let (all, isOver) = state.withLock { state in
                defer { state.events = [] }
                return (state.events, state.isOver)
            }
            for data in all { events.event("change", id: "1.2", data: data) }
            return !isOver
        }

        func cancel() {
            isCancelled.store(true, ordering: .relaxed)
            put(nil)
        }
    }

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func serving(_ streams: EventStreams, _ source: Source, _ body: (Int) async throws -> Void) async throws {
        let routes: [Route] = [
            .sample("/changes") { _ in streams.answer { source } }, .sample("/livez") { _ in .text("ok\n") },
        ]
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            RouteTable(routes, RouteTable.Options(access: .open), logger: logger),
            address: HTTPAddress(host: "127.0.0.1", port: 0), maximumConnections: 8, streams: streams, logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await body(port)
        running.cancel()
        try await running.value
    }

    /// A socket that has asked for the stream.
    private func follow(_ port: Int, _ method: String = "GET") throws -> Int32 {
        let descriptor = try LoopbackSocket.connected(to: port)
        let request = "\(method) /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        _ = request.withCString { send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        return descriptor
    }

    /// What comes until it has `text`, or the other end closes. Blocks no thread: the server's tasks need them.
    private func read(_ descriptor: Int32, until text: String) async throws -> String {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        let end = ContinuousClock.now + .seconds(60)
        while !String(decoding: bytes, as: UTF8.self).contains(text) {
            let count = recv(descriptor, &part, part.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                bytes += part[..<count]
            } else if count < 0, errno == EAGAIN {
                try #require(ContinuousClock.now < end)
                try await Task.sleep(for: .milliseconds(2))
            } else {
                break
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func wait(until condition: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < end)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func aReaderHasTheHeadAtOnceAndTheEventsAsTheyCome() async throws {
        let (streams, source) = (EventStreams(maximum: 4), Source())
        try await serving(streams, source) { port in
            let descriptor = try follow(port)
            defer { close(descriptor) }
            let head = try await read(descriptor, until: "retry: 3000")
            #expect(head.hasPrefix("HTTP/1.1 200") && head.lowercased().contains("content-type: text/event-stream"))
            #expect(!head.lowercased().contains("standing-stream"))
            source.put("one")
            let one = try await read(descriptor, until: "data: one")
            #expect(one.contains("event: change\nid: 1.2\n"))
            source.put("two")
            source.put(nil)
            let rest = try await read(descriptor, until: "0\r\n\r\n")
            #expect(rest.contains("data: two") && rest.hasSuffix("0\r\n\r\n"))
            try await wait { streams.count == 0 }
        }
    }

    @Test func onlyAStreamThatHasWrittenAllPauses() {
        #expect(EventStreams.pause(after: 1) == EventStreams.pace)
        #expect(EventStreams.pause(after: EventStreams.fullBytes) == .zero)
    }

    @Test func whoGoesIsNoticedThoughNothingIsWritten() async throws {
        let (streams, source) = (EventStreams(maximum: 4), Source())
        try await serving(streams, source) { port in
            let descriptor = try follow(port)
            _ = try await read(descriptor, until: "retry: 3000")
            #expect(streams.count == 1)
            close(descriptor)
            try await wait { streams.count == 0 && source.isCancelled.load(ordering: .relaxed) }
        }
    }

    @Test func streamsLeaveRoomForAnswersThatEnd() async throws {
        let (streams, source) = (EventStreams(maximum: 2), Source())
        try await serving(streams, source) { port in
            let readers = [try follow(port), try follow(port)]
            for reader in readers { _ = try await read(reader, until: "retry: 3000") }
            let third = try follow(port)
            let refused = try await read(third, until: "}")
            #expect(refused.hasPrefix("HTTP/1.1 503"))
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/livez"))
            let (data, _) = try await URLSession(configuration: .ephemeral).data(from: url)
            #expect(data == Data("ok\n".utf8))
            for descriptor in readers + [third] { close(descriptor) }
            try await wait { streams.count == 0 }
        }
    }

    @Test func aCallerHasOnlySoManyStreams() {
        let streams = EventStreams(maximum: 5, maximumPerCaller: 2)
        func status(_ caller: String?) -> (Response, Int) {
            let response = streams.answer(for: caller) { nil }
            return (response, response.status.code)
        }
        do {
            let open = ["anna", "anna", "ben", nil].map { status($0) }
            #expect(open.map(\.1) == [200, 200, 200, 200])
            #expect(status("anna").1 == 429)
            // What was refused does not count as open.
            let last = status(nil)
            #expect(last.1 == 200 && status("ben").1 == 503 && streams.count == 5)
            // The first of anna, by its number.
            streams.closed(0)
            #expect(streams.count == 4)
            let again = status("anna")
            #expect(again.1 == 200)
            withExtendedLifetime((open, last, again)) {}
        }
        #expect(streams.count == 0)
        let open = [status("anna"), status("anna")]
        #expect(open.map(\.1) == [200, 200])
    }

    @Test func theServersEndEndsThem() async throws {
        let (streams, source) = (EventStreams(maximum: 2), Source())
        var reader: Int32 = -1
        try await serving(streams, source) { port in
            reader = try follow(port)
            _ = try await read(reader, until: "retry: 3000")
        }
        close(reader)
        #expect(source.isCancelled.load(ordering: .relaxed) && streams.answer { source }.status == .serviceUnavailable)
    }

    @Test func anAnswerToHeadIsNoStream() async throws {
        let (streams, source) = (EventStreams(maximum: 1), Source())
        try await serving(streams, source) { port in
            let descriptor = try follow(port, "HEAD")
            defer { close(descriptor) }
            let head = try await read(descriptor, until: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200"))
            try await wait { streams.count == 0 }
        }
    }
}
