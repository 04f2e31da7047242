import HTTPTypes
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import HTTP

struct ConnectionTimeoutsTests {
    private let connections = Connections(maximum: 8, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    private let channel: EmbeddedChannel
    private let head = HTTPRequestPart.head(HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/"))

    init() throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ConnectionTimeouts(connections))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func isOpen(after seconds: Int64) -> Bool {
        channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        return channel.isActive
    }

    private func answer() throws {
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        try channel.writeOutbound(HTTPResponsePart.end(nil))
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
        try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "a")))
        #expect(!isOpen(after: 1), "whatever it sends meanwhile")
    }

    @Test func whatTheServerWorksOnHasItsTime() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        #expect(isOpen(after: 600))
        try answer()
        #expect(isOpen(after: 29), "idle from the answer's end on")
        #expect(!isOpen(after: 1))
    }

    @Test func whoReadsSlowlyIsClosed() throws {
        try channel.writeInbound(head)
        try channel.writeInbound(HTTPRequestPart.end(nil))
        try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
        #expect(isOpen(after: 59))
        try channel.writeOutbound(HTTPResponsePart.body(ByteBuffer(string: "a")))
        #expect(!isOpen(after: 1))
    }

    @Test func aConnectionIsUsedAgain() throws {
        for _ in 0..<5 {
            #expect(isOpen(after: 20))
            try channel.writeInbound(head)
            try channel.writeInbound(HTTPRequestPart.end(nil))
            try answer()
        }
        #expect(connections.count == 1)
        try channel.close().wait()
        #expect(connections.count == 0)
    }
}
