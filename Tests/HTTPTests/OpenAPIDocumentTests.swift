import Access
import Events
import Foundation
import Hummingbird
import Logging
import Testing

@testable import HTTP

struct OpenAPIDocumentTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let heading = OpenAPIDocument.Heading(
        title: "Standing \"1\"", version: "1.0", description: "d",
        schemas: [("Thing", .object([.init("a", .text(1...3))]))])

    private static let routes = [
        Route.liveness { .text("ok\n") },
        Route(
            .get, "/subjects/{id}/file", name: "readFile", summary: "s", tag: "t",
            parameters: [.subject(), RouteParameter("limit", .integer(1...500), example: "50", "How many.")],
            answers: [.ofLedger("The file.", .named("Thing"))], requires: .subject(.readFile, needsPurpose: true),
            isAudited: true
        ) { _ in .text("") },
        Route(
            .post, "/subjects", name: "enrol", summary: "s", tag: "t",
            body: RouteBody(.named("Thing"), maximumBytes: 9, example: #"{"a":"b"}"#),
            answers: [.json("Done.", .named("Thing")), RouteAnswer(202, "Under way.")], requires: .permission(.enrol)
        ) { _ in .text("") },
        Route(
            .get, "/page", name: "page", summary: "s", tag: "t", answers: [.page("The page.")], requires: .open
        ) { _ in .text("") }.withFormQuery(),
    ]

    private static func document() async throws -> (text: String, json: [String: Any]) {
        let table = RouteTable(routes, RouteTable.Options(access: .open, document: heading), logger: logger)
        let answer = try await TestClient(table: table).send("/openapi.json")
        #expect(answer.status == 200)
        let json = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        return (answer.body, try #require(json))
    }

    private static func at(_ json: Any?, _ keys: String...) -> Any? {
        keys.reduce(json) { json, key in
            if let list = json as? [Any], let index = Int(key), list.indices.contains(index) { return list[index] }
            return (json as? [String: Any])?[key]
        }
    }

    @Test func everyRouteIsAnOperation() async throws {
        let (text, json) = try await Self.document()
        #expect(json["openapi"] as? String == "3.1.0")
        let paths = try #require(json["paths"] as? [String: [String: Any]])
        let operations = paths.flatMap { path, methods in methods.keys.map { "\($0) \(path)" } }.sorted()
        #expect(
            operations == ["get /livez", "get /openapi.json", "get /page", "get /subjects/{id}/file", "post /subjects"])
        #expect(try await Self.document().text == text, "the same bytes")
    }

    @Test func anOperationSaysWhatItsRouteDeclares() async throws {
        let (_, json) = try await Self.document()
        let file = Self.at(json, "paths", "/subjects/{id}/file", "get")
        let names = (Self.at(file, "parameters") as? [Any])?.compactMap { Self.at($0, "name") as? String }
        #expect(names == ["id", "limit", "purpose", "Standing-Purpose"])
        #expect(Self.at(file, "parameters", "0", "required") as? Bool == true)
        #expect(Self.at(file, "parameters", "1", "schema", "maximum") as? Int == 500)
        #expect(Self.at(file, "parameters", "1", "example") as? Int == 50)
        #expect(Self.at(file, "responses", "200", "headers", "ETag") != nil)
        #expect(Self.at(file, "responses", "304") != nil)
        #expect(
            Self.at(file, "responses", "default", "content", "application/problem+json", "schema", "$ref") as? String
                == "#/components/schemas/Problem")
        #expect((Self.at(file, "description") as? String)?.contains("Roles: subject, reviewer, auditor;") == true)
        #expect((Self.at(file, "security") as? [Any])?.count == 2)
        #expect((Self.at(json, "paths", "/livez", "get", "security") as? [Any])?.isEmpty == true)
        let enrol = Self.at(json, "paths", "/subjects", "post")
        #expect(Self.at(enrol, "requestBody", "content", "application/json", "example", "a") as? String == "b")
        #expect(Self.at(enrol, "responses", "202") != nil)
        #expect(Self.at(enrol, "responses", "304") == nil && Self.at(enrol, "responses", "200", "headers") == nil)
        let own = Self.at(json, "paths", "/openapi.json", "get", "responses")
        #expect(Self.at(own, "304") != nil && (Self.at(own, "200", "headers") as? [String: Any])?.count == 1)
        #expect((Self.at(enrol, "description") as? String) == "Roles: operator, service. The body has at most 9 bytes.")
        #expect(Self.at(json, "components", "schemas", "Thing", "properties", "a", "maxLength") as? Int == 3)
        #expect(Self.at(json, "components", "schemas", "Problem", "required") as? [String] != nil)
    }

    @Test func theProblemsOfAPageArePages() async throws {
        let (_, json) = try await Self.document()
        func kinds(_ path: String) -> [String] {
            let content = Self.at(json, "paths", path, "get", "responses", "default", "content") as? [String: Any]
            return content?.keys.sorted() ?? []
        }
        #expect(kinds("/page") == ["application/problem+json", "text/html"])
        #expect(kinds("/livez") == ["application/problem+json"])
    }

    @Test func everySchemaIsJSON() throws {
        let schemas: [JSONSchema] = [
            .any, .boolean, .text(), .text(0...2), .time, .integer(), .integer(-1...2), .null,
            .oneOf(["a", "\""]),
            .list(.any), .list(.text(), 1...2), .object([]), .line(1...3),
            .object([.init("a", .any, isRequired: false, "\n")], isOpen: true),
            .map(.boolean), .either([.time, .boolean]), .named("a"),
        ]
        for schema in schemas {
            var writer = JSONWriter()
            schema.write(to: &writer)
            let json = try JSONSerialization.jsonObject(with: Data(writer.bytes))
            #expect(json is [String: Any])
        }
    }
}
