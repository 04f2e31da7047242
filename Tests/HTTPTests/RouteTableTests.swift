import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Testing

@testable import HTTP

struct RouteTableTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func table(_ routes: [Route], _ access: AccessRule = .open) -> RouteTable {
        RouteTable(routes, RouteTable.Options(access: access), logger: logger)
    }

    private static func echo(_ path: String, taking names: [String] = []) -> Route {
        .sample(path, taking: names) { call in
            .text(
                path + " "
                    + call.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))
        }
    }

    private let client = TestClient(
        table: table([
            echo("/"), echo("/things", taking: ["a", "b"]), echo("/things/{id}"), echo("/things/{id}/parts"),
            echo("/things/all/parts"), echo("/things/all"),
            Route(
                .post, "/things", name: "make", summary: "", tag: "sample",
                body: RouteBody(.object([]), maximumBytes: 8), answers: [.json("")], requires: .open
            ) { call in .text("made \(String(decoding: call.body, as: UTF8.self))") },
        ]))

    @Test(arguments: [
        ("/", "/ "), ("/things", "/things "), ("/things/", "/things "), ("/things/x", "/things/{id} id=x"),
        ("/things/all", "/things/all "), ("/things/all/parts", "/things/all/parts "),
        ("/things/al/parts", "/things/{id}/parts id=al"), ("/things/a%2Fb", "/things/{id} id=a/b"),
        ("/things/%C3%A9", "/things/{id} id=é"), ("/things/a+b", "/things/{id} id=a+b"),
        ("/things/..", "/things/{id} id=.."), ("/things?b=%26&a=x%3D", "/things a=x= b=&"),
        ("/things?a=", "/things a="),
        ("/things?a", "/things a="), ("/things?", "/things "), ("http://h/things", "/things "),
    ])
    func aPathFindsItsRoute(_ path: String, _ body: String) async throws {
        let answer = try await client.send(path)
        #expect(answer.status == 200 && answer.body == body)
        let head = try await client.send(.head, path)
        #expect(head.status == 200 && head.body.isEmpty)
        #expect(head.fields == answer.fields)
    }

    /// A thing may have the name of another path's last segment.
    @Test func aNameIsNoOtherPath() async throws {
        let posted = Route(
            .post, "/things/all", name: "a", summary: "", tag: "t", answers: [.json("")], requires: .open
        ) { _ in .text("posted") }
        let client = TestClient(table: Self.table([Self.echo("/things/{id}"), posted]))
        #expect(try await client.send("/things/all").body == "/things/{id} id=all")
        #expect(try await client.send(.post, "/things/all").body == "posted")
        #expect(try await client.send(.delete, "/things/all").fields[.allow] == "GET, HEAD, POST")
        #expect(try await client.send(.post, "/things/one").fields[.allow] == "GET, HEAD")
    }

    @Test(arguments: [
        "/nothing", "//things", "/things//parts", "/things/a/b/c", "/Things", "/things/a/parts/x",
    ])
    func anotherPathIsNotFound(_ path: String) async throws {
        let answer = try await client.send(path)
        #expect(answer.status == 404 && answer.code == "no-such-path", "\(answer)")
    }

    @Test(arguments: ["*", "", "things", "?a=1"]) func aTargetIsAPath(_ target: String) async throws {
        #expect(try await client.send(target).code == "target-malformed")
    }

    @Test(arguments: [
        ("/things?c=1", "parameter-unknown"), ("/things?a=1&a=2", "parameter-twice"),
        ("/things?a=%zz", "percent-encoding"),
        ("/things?a=%ff", "percent-encoding"), ("/things/%", "percent-encoding"),
        ("/things?%61=1&a=2", "parameter-twice"),
        ("/things/x?y", "parameter-unknown"),
    ])
    func whatIsNotDeclaredIsRefused(_ path: String, _ code: String) async throws {
        let answer = try await client.send(path)
        #expect(answer.status == 400 && answer.code == code, "\(answer)")
    }

    @Test func anUnknownParameterIsToldWhatThePathTakes() async throws {
        let answer = try await client.send("/things?c=1")
        #expect(
            answer.body
                == #"{"type":"about:blank","title":"Bad Request","status":400,"#
                + #""detail":"unknown query parameter \"c\"; this path takes a, b","code":"parameter-unknown","parameter":"c","#
                + #""error":"unknown query parameter \"c\"; this path takes a, b"}"#)
        #expect(answer.fields[.contentType] == "application/problem+json")
    }

    @Test func anotherMethodIsToldWhichOnesThereAre() async throws {
        for (method, path, allowed) in [
            (HTTPRequest.Method.delete, "/things", "GET, HEAD, POST"), (.post, "/things/x", "GET, HEAD"),
            (.options, "/things", "GET, HEAD, POST"), (.trace, "/", "GET, HEAD"),
        ] {
            let answer = try await client.send(method, path)
            #expect(answer.status == 405 && answer.fields[.allow] == allowed, "\(method) \(path): \(answer)")
        }
    }

    @Test func aBodyIsAsItIsDeclared() async throws {
        let json: HTTPFields = [.contentType: "Application/JSON; charset=utf-8"]
        #expect(try await client.send(.post, "/things", json, body: "12345678").body == "made 12345678")
        for (fields, body, status) in [
            (json, "123456789", 413), (json, "", 400), ([.contentType: "text/plain"], "1", 415), ([:], "1", 415),
            ([.contentType: "application/json", .contentLength: "9"], "", 413),
        ] as [(HTTPFields, String, Int)] {
            #expect(try await client.send(.post, "/things", fields, body: body).status == status, "\(fields) \(body)")
        }
    }

    @Test func aRequestsHeadHasLimits() async throws {
        let longest = "/things/" + String(repeating: "a", count: RouteTable.maximumTargetBytes - 8)
        #expect(try await client.send(longest).code == "parameter-out-of-range")
        #expect(try await client.send(longest + "a").status == 414)
        var fields = HTTPFields()
        for number in 0..<33 { fields[HTTPField.Name("x-\(number)")!] = String(repeating: "a", count: 1020) }
        #expect(try await client.send("/things", fields).status == 431)
        fields[HTTPField.Name("x-0")!] = nil
        fields[HTTPField.Name("x-1")!] = nil
        #expect(try await client.send("/things", fields).status == 200)
        #expect(try await client.send("/things", [.secondHost: "b"]).code == "host-twice")
    }

    @Test func aStatusWithoutAPhraseHasItsTitle() {
        let refused = Problem(.init(code: 422), code: "invalid", "no")
        #expect(String(buffer: refused.answer.body).contains(#""title":"Unprocessable Content","status":422"#))
        #expect(Problem(.init(code: 499), code: "x", "x").status.code == 499)
    }

    @Test func aFailureNamesNobody() async throws {
        struct Sudden: Error { let subject = "anna" }
        let failing = TestClient(table: Self.table([.sample("/fails/{id}") { _ in throw Sudden() }]))
        let answer = try await failing.send("/fails/anna")
        #expect(answer.status == 500 && !answer.body.contains("anna"))
    }

    @Test func anAnswerIsReadAsWhatItIs() async throws {
        #expect(try await client.send("/things").fields[.contentTypeOptions] == "nosniff")
        #expect(try await client.send("/nowhere").fields[.contentTypeOptions] == "nosniff")
    }

    @Test func aKnownStateIsNotSentAgain() async throws {
        var tag = EntityTag()
        tag.add(7)
        let text = tag.text
        let client = TestClient(
            table: Self.table([
                .sample("/state") { _ in
                    var response = Response.json(Array("{}".utf8))
                    response.headers[.eTag] = text
                    return response
                },
                .sample("/absent") { _ in
                    var response = Response.error("absent", status: .notFound)
                    response.headers[.eTag] = text
                    return response
                },
            ]))
        #expect(text.utf8.count == 15 && text.hasPrefix("W/\"") && text.hasSuffix("\""))
        for known in [text, "\"x\", \(text)", "*", String(text.dropFirst(2)), "  \(text)  ,\"y\""] {
            let answer = try await client.send("/state", [.ifNoneMatch: known])
            #expect(answer.status == 304 && answer.body.isEmpty && answer.fields[.eTag] == text, "\(known)")
            #expect(answer.fields[.contentLength] == nil)
        }
        tag.add(8)
        for other in [tag.text, "W/\"x\"", "", "\"\""] {
            #expect(try await client.send("/state", [.ifNoneMatch: other]).status == 200, "\(other)")
        }
        #expect(try await client.send("/absent", [.ifNoneMatch: text]).status == 404)
    }

    /// Of what is not made for a state of the ledger the bytes are the state.
    @Test func anAnswerWithoutATagHasThatOfItsBytes() async throws {
        let texts = ["{}", "[]", "{\"a\":1234567}", "{\"a\":1234568}", "{\"a\":1234567} "]
        let routes: [Route] = texts.enumerated().map { index, text in
            .sample("/text-\(index)") { _ in .json(Array(text.utf8)) }
        }
        let absent = Route.sample("/absent") { _ in .error("no", status: .notFound) }
        let act = Route(
            .post, "/act", name: "act", summary: "", tag: "sample", answers: [.json("")], requires: .open
        ) { _ in .json(Array("{}".utf8)) }
        let client = TestClient(table: Self.table(routes + [absent, act]))
        var tags: [String] = []
        for index in texts.indices {
            let answer = try await client.send("/text-\(index)")
            let tag = try #require(answer.fields[.eTag])
            #expect(answer.status == 200 && tag.hasPrefix("W/\""))
            let again = try await client.send("/text-\(index)", [.ifNoneMatch: tag])
            #expect(again.status == 304 && again.body.isEmpty && again.fields[.eTag] == tag)
            tags.append(tag)
        }
        #expect(Set(tags).count == texts.count)
        #expect(try await client.send("/text-0", [.ifNoneMatch: tags[1]]).status == 200)
        #expect(try await client.send("/absent").fields[.eTag] == nil)
        let acted = try await client.send(.post, "/act")
        #expect(acted.status == 200 && acted.fields[.eTag] == nil)
    }

    @Test func aStandstillIsNotAliveFromItsLimitOn() {
        let limit = Duration.seconds(300)
        #expect(Response.liveness(standstill: .zero, limit: limit).status == .ok)
        #expect(Response.liveness(standstill: .seconds(299), limit: limit).status == .ok)
        #expect(Response.liveness(standstill: limit, limit: limit).status == .serviceUnavailable)
    }
}
