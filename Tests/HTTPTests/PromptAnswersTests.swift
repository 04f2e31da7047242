import Events
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTP

/// Of `/things/NAME` the route answers all but `slow`.
struct PromptAnswersTests {
    private static let route = PromptRoute(prefix: "/things/") { name in
        name == "slow" ? nil : .json { $0.value(String(name)) }
    }

    private let channel = EmbeddedChannel()

    init() throws { try channel.pipeline.syncOperations.addHandler(PromptAnswers([Self.route])) }

    private func head(
        _ uri: String, _ method: HTTPMethod = .GET, version: HTTPVersion = .http1_1, headers: HTTPHeaders = [:]
    ) -> HTTPServerRequestPart {
        .head(HTTPRequestHead(version: version, method: method, uri: uri, headers: headers))
    }

    /// Sends a request; returns the parts of it that went through.
    private func sent(_ parts: HTTPServerRequestPart...) throws -> [HTTPServerRequestPart] {
        for part in parts { try channel.writeInbound(part) }
        var through: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { through.append(part) }
        return through
    }

    /// What was answered since the last call: a status and a body, nil without one, for each answer.
    private func answers() throws -> [String] {
        var answers: [String] = []
        while let part = try channel.readOutbound(as: HTTPServerResponsePart.self) {
            switch part {
            case .head(let head): answers.append("\(head.status.code) \(head.headers["Content-Length"])")
            case .body(.byteBuffer(let body)): answers[answers.count - 1] += " \(String(buffer: body))"
            case .body, .end: break
            }
        }
        return answers
    }

    /// As the router does.
    private func answerFromRouter() throws {
        let head = HTTPResponseHead(version: .http1_1, status: .accepted)
        try channel.writeOutbound(HTTPServerResponsePart.head(head))
        try channel.writeOutbound(HTTPServerResponsePart.end(nil))
    }

    @Test func whatTheRouteAnswersGoesNoFurther() throws {
        for name in ["a", "b%2F", "slower"] {
            let through = try sent(head("/things/\(name)"), .end(nil))
            #expect(through == [])
            #expect(try answers() == ["200 [\"\(name.utf8.count + 2)\"] \"\(name)\""])
        }
        #expect(try sent(head("/things/abc", .HEAD), .end(nil)) == [])
        #expect(try answers() == ["200 [\"5\"]"], "the length of the body that it leaves out")
    }

    @Test func theFieldsAreTheAnswersAndTheDate() throws {
        _ = try sent(head("/things/a"), .end(nil))
        guard case .head(let answer) = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            Issue.record("no answer")
            return
        }
        #expect(answer.headers.map(\.name) == ["Content-Type", "Content-Length", "Date"])
        #expect(answer.headers.first(name: "content-type") == "application/json; charset=utf-8")
        #expect(answer.status == .ok && answer.version == .http1_1)
    }

    @Test func everythingElseGoesThroughUnchanged() throws {
        for head in [
            head("/things/slow"), head("/things/a", .POST), head("/things/a", .RAW(value: "LOOK")), head("/things/a?"),
            head("/things/a?x=1"), head("/things/a/b"), head("/things/a/"), head("/things/"), head("/things"),
            head("//things/a"), head("/Things/a"), head("/things/a#b"), head("/things/é"), head("/other/a"), head("*"),
            head("http://h/things/a"),
            head("/things/a", version: .http1_0, headers: ["Connection": "keep-alive"]),
        ] {
            #expect(try sent(head, .end(nil)) == [head, .end(nil)])
            #expect(try answers() == [])
            try answerFromRouter()
            #expect(try answers() == ["202 []"])
        }
        #expect(try sent(head("/things/a"), .end(nil)) == [], "the connection is as good as new")
    }

    @Test func aRequestWithABodyGoesThrough() throws {
        let parts = [head("/things/a"), .body(ByteBuffer(string: "b")), .body(ByteBuffer(string: "c")), .end(nil)]
        #expect(try sent(parts[0], parts[1], parts[2], parts[3]) == parts)
        #expect(try answers() == [])
    }

    /// Who asks for leave to send the body (`Expect`) sends none before it has an answer.
    @Test(arguments: [("Content-Length", "1"), ("Transfer-Encoding", "chunked")])
    func aRequestThatAnnouncesABodyGoesThroughBeforeItComes(_ name: String, _ value: String) throws {
        let head = head("/things/a", headers: [name: value, "Expect": "100-continue"])
        #expect(try sent(head) == [head])
    }

    @Test func answersComeInTheOrderOfTheirRequests() throws {
        #expect(try sent(head("/things/a"), .end(nil), head("/things/slow"), .end(nil)).count == 2)
        #expect(try answers() == ["200 [\"3\"] \"a\""])
        #expect(try sent(head("/things/b"), .end(nil)) == [head("/things/b"), .end(nil)], "the slow one is first")
        try answerFromRouter()
        #expect(try sent(head("/things/c"), .end(nil)) == [head("/things/c"), .end(nil)])
        try answerFromRouter()
        try answerFromRouter()
        #expect(try answers() == ["202 []", "202 []", "202 []"])
        #expect(try sent(head("/things/d"), .end(nil)) == [])
        #expect(try answers() == ["200 [\"3\"] \"d\""])
    }

    @Test(arguments: [
        (HTTPVersion.http1_1, "close"), (.http1_1, "Close"), (.http1_0, "close"), (.http1_0, "unknown"),
    ])
    func afterTheLastRequestNothingIsAnswered(_ version: HTTPVersion, _ connection: String) throws {
        let last = head("/things/a", version: version, headers: ["Connection": connection])
        #expect(try sent(last, .end(nil)) == [last, .end(nil)])
        try answerFromRouter()
        _ = try answers()
        #expect(try sent(head("/things/b"), .end(nil)) == [head("/things/b"), .end(nil)])
        #expect(try answers() == [])
    }

    @Test func whereTheClientDoesNotReadTheRouterWaitsForIt() throws {
        channel.isWritable = false
        #expect(try sent(head("/things/a"), .end(nil)) == [head("/things/a"), .end(nil)])
        #expect(try answers() == [])
    }

    /// One flush for all that came together.
    @Test func whatIsAnsweredIsFlushedWhenTheReadIsComplete() throws {
        for name in ["a", "b"] {
            channel.pipeline.fireChannelRead(head("/things/\(name)"))
            channel.pipeline.fireChannelRead(HTTPServerRequestPart.end(nil))
        }
        #expect(try answers() == [])
        channel.pipeline.fireChannelReadComplete()
        #expect(try answers() == ["200 [\"3\"] \"a\"", "200 [\"3\"] \"b\""])
    }

    /// What the router's task sees.
    private final class InputWatch: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        private(set) var isInputClosed = false

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if event as? ChannelEvent == .inputClosed { isInputClosed = true }
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// It closes the connection then, whatever is not sent.
    @Test(arguments: 0...2) func theRouterLearnsOfTheInputsEndWhenAllAnswersAreSent(_ answers: Int) throws {
        let (reader, router) = (SlowReader(), InputWatch())
        try channel.pipeline.syncOperations.addHandler(reader, position: .first)
        try channel.pipeline.syncOperations.addHandler(router)
        for name in ["a", "b"].prefix(answers) { #expect(try sent(head("/things/\(name)"), .end(nil)) == []) }
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(reader.ends.count == answers)
        for end in reader.ends {
            #expect(!router.isInputClosed)
            end.succeed()
        }
        #expect(router.isInputClosed)
    }
}
