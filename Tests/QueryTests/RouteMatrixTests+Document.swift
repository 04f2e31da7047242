import Access
import Foundation
import Testing

@testable import Query

extension RouteMatrixTests {
    private typealias Object = [String: Any]

    /// The rules of OpenAPI 3.1 that its JSON Schema cannot state, and those that a generator of clients fails on.
    @Test func theDocumentKeepsTheRulesOfOpenAPI() async throws {
        let bytes = try await matrix.body(of: "/openapi.json", as: .operator)
        let document = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? Object)
        let components = try #require(document["components"] as? Object)
        let schemes = try #require(components["securitySchemes"] as? Object)
        let paths = try #require(document["paths"] as? [String: Object])
        var ids: [String] = []
        for (path, methods) in paths {
            #expect(path.hasPrefix("/"))
            let names = path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
                String($0.dropFirst().dropLast())
            }
            for (method, value) in methods {
                let operation = try #require(value as? Object, "\(method) \(path)")
                ids.append(try #require(operation["operationId"] as? String))
                let parameters = operation["parameters"] as? [Object] ?? []
                let inPath = parameters.filter { $0["in"] as? String == "path" }
                #expect(Set(inPath.compactMap { $0["name"] as? String }) == Set(names), "\(method) \(path)")
                #expect(inPath.allSatisfy { $0["required"] as? Bool == true }, "\(method) \(path)")
                let keys = parameters.map { "\($0["in"] ?? "") \($0["name"] ?? "")" }
                #expect(Set(keys).count == parameters.count, "\(method) \(path): a parameter is there twice")
                #expect(parameters.allSatisfy { $0["schema"] is Object }, "\(method) \(path)")
                #expect(operation["requestBody"] == nil || method == "post", "\(method) \(path)")
                try check(
                    contents: (operation["requestBody"] as? Object).map { [$0] } ?? [], "the body of \(method) \(path)")
                let responses = try #require(operation["responses"] as? [String: Object])
                #expect(responses.keys.contains { $0.hasPrefix("2") }, "\(method) \(path)")
                for (status, response) in responses {
                    #expect(status == "default" || Int(status).map { (100...599).contains($0) } == true)
                    #expect(response["description"] is String, "\(method) \(path): \(status)")
                }
                try check(contents: Array(responses.values), "an answer of \(method) \(path)")
                for requirement in operation["security"] as? [Object] ?? [] {
                    #expect(requirement.keys.allSatisfy { schemes[$0] != nil }, "\(method) \(path)")
                }
            }
        }
        #expect(Set(ids).count == ids.count, "an operation's id is there twice")
        var references: Set<String> = []
        collect(document, into: &references)
        #expect(!references.isEmpty)
        for reference in references {
            let steps = reference.split(separator: "/").dropFirst().map(String.init)
            let target = steps.reduce(document as Any?) { ($0 as? Object)?[$1] }
            #expect(reference.hasPrefix("#/components/") && target is Object, "\(reference)")
        }
    }

    private func check(contents: [Object], _ what: String) throws {
        for content in contents.compactMap({ $0["content"] }) {
            let types = try #require(content as? [String: Object], "\(what)")
            #expect(
                !types.isEmpty && types.allSatisfy { $0.key.contains("/") && $0.value["schema"] is Object }, "\(what)")
        }
    }

    private func collect(_ node: Any, into references: inout Set<String>) {
        if let object = node as? Object {
            if let reference = object["$ref"] as? String { references.insert(reference) }
            for child in object.values { collect(child, into: &references) }
        } else if let items = node as? [Any] {
            for child in items { collect(child, into: &references) }
        }
    }
}
