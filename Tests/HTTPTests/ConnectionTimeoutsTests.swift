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
