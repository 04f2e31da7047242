import Events
import Foundation
import Testing

/// What `topics/schemas/control.json` says of a control event's data is what the reader asks for. The schema is walked, so
/// that a member that is added to it is tested here.
@Suite struct ControlSchemaTests {
    private typealias Object = [String: Any]

    private let definitions: Object
    private let decoder = EventDecoder()

    init() throws {
        let file = URL(filePath: #filePath).appending(path: "../../../topics/schemas/control.json").standardized
        let root = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? Object)
        definitions = try #require(root["$defs"] as? Object)
    }

    /// A control event of the schema.
    private struct Form {
        var type: String
        var needsData: Bool
        var required: [String]
        /// The schema of each member of `data`.
        var members: [String: Object]
    }

    private func forms() throws -> [Form] {
        var forms: [Form] = []
        for definition in definitions.values.compactMap({ $0 as? Object }) {
            guard let properties = definition["properties"] as? Object,
                let type = (properties["type"] as? Object)?["const"] as? String
            else { continue }
            let data = properties["data"] as? Object ?? [:]
            forms.append(
                Form(
                    type: type, needsData: (definition["required"] as? [String] ?? []).contains("data"),
                    required: data["required"] as? [String] ?? [],
                    members: (data["properties"] as? Object ?? [:]).compactMapValues { $0 as? Object }))
        }
        return forms
    }

    /// With what `$ref` refers to.
    private func resolved(_ schema: Object) throws -> Object {
        guard let reference = schema["$ref"] as? String else { return schema }
        let name = try #require(reference.split(separator: "/").last)
        return try #require(definitions[String(name)] as? Object)
    }

    private func types(_ schema: Object) -> [String] {
        schema["type"] as? [String] ?? (schema["type"] as? String).map { [$0] } ?? []
    }

    /// A value that a member's schema takes.
    private func example(_ schema: Object) throws -> Any {
        let schema = try resolved(schema)
        if let choices = schema["enum"] as? [Any] { return try #require(choices.first) }
        if types(schema).contains("object") { return Object() }
        #expect(types(schema) == ["string"], "a type that this test does not know")
        guard let pattern = schema["pattern"] as? String else { return "x" }
        let hash = String(repeating: "0a", count: 32)
        #expect(try hash.firstMatch(of: Regex(pattern)) != nil, "a pattern that this test does not know")
        return hash
    }

    /// Values that a member's schema does not take.
    private func counterexamples(_ schema: Object) throws -> [Any] {
        let schema = try resolved(schema)
        var values: [Any] = [1, true, [Any]()]
        if !types(schema).contains("null") { values.append(NSNull()) }
        if types(schema).contains("object") { values.append("x") } else { values.append(Object()) }
        if schema["enum"] != nil { values.append("none of them") }
        if (schema["minLength"] as? Int ?? 0) > 0 { values.append("") }
        if schema["pattern"] != nil { values += ["", "x", String(repeating: "A", count: 64)] }
        return values
    }

    /// The defect of an event with this data; nil for none.
    private func code(_ type: String, _ data: Object?) throws -> String? {
        let text = try data.map { String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) }
        var event = EventView.empty
        return try Array(eventJSON(type: "\"\(type)\"", data: text).utf8).withUnsafeBytes { value in
            try #require(decoder.decode(structured: value, into: &event) == nil)
            return event.controlDefect(EventDecoder(), fromControlTopic: true)?.code
        }
    }

    private func complete(_ form: Form) throws -> Object {
        var data = Object()
        for (name, schema) in form.members { data[name] = try example(schema) }
        return data
    }

    @Test func theSchemaHasEveryTypeThatTheControlTopicTakes() throws {
        let types = ControlType.allCases.filter { !$0.isOfLedger }.map(\.name.description)
        #expect(try forms().map(\.type).sorted() == types.sorted())
    }

    @Test func completeDataIsTakenAndSoIsWhatIsRequired() throws {
        for form in try forms() {
            let data = try complete(form)
            #expect(try code(form.type, data) == nil, "\(form.type)")
            let least = data.filter { form.required.contains($0.key) }
            #expect(try code(form.type, least) == nil, "\(form.type)")
            let more = data.merging(["more": 1]) { $1 }
            #expect(try code(form.type, more) == nil, "\(form.type): the schema allows more")
        }
    }

    @Test func whatTheSchemaRequiresIsRequired() throws {
        var tried = 0
        for form in try forms() {
            let withoutData = try code(form.type, nil)
            #expect((withoutData != nil) == form.needsData, "\(form.type) without data")
            for name in form.required {
                var data = try complete(form)
                data[name] = nil
                let found = try code(form.type, data)
                #expect(found?.hasPrefix("data/") == true, "\(form.type) without \(name)")
                tried += 1
            }
        }
        // An enrolment's two, a void's three, an appeal's two, a decision's three, a policy, two topics.
        #expect(tried >= 13)
    }

    @Test func aMemberOfAnotherTypeIsADefectAlsoWhereItMayBeLeftOut() throws {
        var tried = 0
        for form in try forms() {
            for (name, schema) in form.members {
                for value in try counterexamples(schema) {
                    var data = try complete(form)
                    data[name] = value
                    let found = try code(form.type, data)
                    #expect(found?.hasPrefix("data/") == true, "\(form.type): \(name) = \(value)")
                    tried += 1
                }
            }
        }
        // At least four of each member that is required.
        #expect(tried >= 4 * 13)
    }

    @Test func nullIsTakenWhereTheSchemaAllowsIt() throws {
        var tried = 0
        for form in try forms() {
            for (name, schema) in form.members where types(try resolved(schema)).contains("null") {
                var data = try complete(form)
                data[name] = NSNull()
                #expect(try code(form.type, data) == nil, "\(form.type): \(name) = null")
                tried += 1
            }
        }
        // An enrolment's attributes.
        #expect(tried >= 1)
    }

    @Test func everyChoiceIsTaken() throws {
        var tried = 0
        for form in try forms() {
            for (name, schema) in form.members {
                for choice in try resolved(schema)["enum"] as? [Any] ?? [] {
                    var data = try complete(form)
                    data[name] = choice
                    #expect(try code(form.type, data) == nil, "\(form.type): \(name) = \(choice)")
                    tried += 1
                }
            }
        }
        // The three kinds, and an appeal's two outcomes.
        #expect(tried >= 5)
    }
}
