import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTP

struct ConnectionTimeoutsTests {
    private let connections = Connections(maximum: 8, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    private let channel: EmbeddedChannel
    private let head = HTTPServerRequestPart.head(HTTPRequestHead(version: .http1_1, method: .GET, uri: "/"))
    private static let answerHead = HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: .ok))

    init() throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionTimeouts(connections))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        _ = connections.sweep(on: channel.embeddedEventLoop)
    }

    private func isOpen(after seconds: Int64) -> Bool {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        return channel.isActive
    }

    private func answer() throws {
        try channel.writeOutbound(Self.answerHead)
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    @Test func whoSendsNoWholeHeadIsClosed() {
        #expect(connections.count == 1)
        #expect(isOpen(after: 29))
        #expect(!isOpen(after: 1))
        #expect(connections.count == 0)
    }

    @Test func whoSendsABodySlowlyIsClosed() throws {
        try channel.writeInbound(head)
        #expect(isOpen(after: 9))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "a")))
        #expect(!isOpen(after: 1), "whatever it sends meanwhile")
    }

    @Test func whatTheServerWorksOnHasItsTime() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        #expect(isOpen(after: 600))
        try answer()
        #expect(isOpen(after: 29), "idle from the answer's end on")
        #expect(!isOpen(after: 1))
    }

    @Test func whoReadsSlowlyIsClosed() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        try channel.writeOutbound(Self.answerHead)
        #expect(isOpen(after: 59))
        try channel.writeOutbound(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "a"))))
        #expect(!isOpen(after: 1))
    }

    /// Answers that were written one after the other at once: each has its time, and the first is not the last.
    @Test func whoReadsOneOfTwoAnswersIsClosedForTheOther() throws {
        let reader = SlowReader()
        try channel.pipeline.syncOperations.addHandler(reader, position: .first)
        for _ in 0..<2 {
            try channel.writeInbound(head)
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
        }
        for _ in 0..<2 { answerWithoutWaiting() }
        #expect(isOpen(after: 59))
        reader.ends[0].succeed()
        #expect(isOpen(after: 59))
        #expect(!isOpen(after: 1))
        reader.ends[1].succeed()
        #expect(connections.count == 0)
    }

    private func answerWithoutWaiting() {
        channel.writeAndFlush(Self.answerHead, promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }

    // MARK: Streams of events

    private static let streamHead = HTTPServerResponsePart.head(
        HTTPResponseHead(
            version: .http1_1, status: .ok,
            headers: ["content-type": "text/event-stream", EventStreams.numberName.rawName: "0"]))
    private static let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: ":\n\n")))

    /// A channel with a stream that has begun.
    private func streaming(_ streams: EventStreams) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionTimeouts(connections, streams: streams))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        _ = connections.sweep(on: channel.embeddedEventLoop)
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        try channel.writeOutbound(Self.streamHead)
        return channel
    }

    @Test func aStreamThatIsTakenStaysOpenAndItsNumberIsNotSent() throws {
        let channel = try streaming(EventStreams(maximum: 1))
        guard case .head(let head) = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            Issue.record("no head")
            return
        }
        #expect(head.headers.map(\.name) == ["content-type"])
        for _ in 0..<10 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(3600))
            try channel.writeOutbound(Self.part)
        }
        #expect(channel.isActive)
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
        channel.embeddedEventLoop.advanceTime(by: .seconds(30))
        #expect(!channel.isActive, "idle after its end")
    }

    @Test func whoDoesNotTakeAStreamIsClosed() throws {
        let channel = try streaming(EventStreams(maximum: 1))
        let reader = StalledReader()
        try channel.pipeline.syncOperations.addHandler(reader, position: .first)
        channel.embeddedEventLoop.advanceTime(by: .seconds(3600))
        channel.writeAndFlush(Self.part, promise: nil)
        channel.writeAndFlush(Self.part, promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        reader.parts[0].succeed()
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(channel.isActive, "it takes one part a minute")
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
        reader.parts[1].fail(ChannelError.ioOnClosedChannel)
    }

    @Test(arguments: [false, true]) func whoLeavesEndsItsStream(sendsNothingMore: Bool) throws {
        let streams = EventStreams(maximum: 1)
        let response = streams.answer { nil }
        #expect(streams.count == 1)
        let channel = try streaming(streams)
        if sendsNothingMore {
            channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        } else {
            try channel.close().wait()
        }
        #expect(streams.count == 0)
        withExtendedLifetime(response) {}
    }

    @Test func beforeItsAnswerAContinueIsNoAnswer() throws {
        try channel.writeInbound(head)
        let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
        try channel.writeOutbound(HTTPServerResponsePart.head(proceed))
        #expect(isOpen(after: 9))
        #expect(!isOpen(after: 1), "its body is waited for")
    }

    @Test func aConnectionIsUsedAgain() throws {
        for _ in 0..<5 {
            #expect(isOpen(after: 20))
            try channel.writeInbound(head)
            try channel.writeInbound(HTTPServerRequestPart.end(nil))
            try answer()
        }
        #expect(connections.count == 1)
        try channel.close().wait()
        #expect(connections.count == 0)
    }
}
