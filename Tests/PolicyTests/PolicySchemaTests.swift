import Foundation
import Policy
import Testing

/// The schema that editors use says what `standing policy check` says, as far as a schema can.
@Suite struct PolicySchemaTests {
    private static let policies = URL(filePath: #filePath).appending(path: "../../../deploy/policies").standardized
    private static let golden = URL(filePath: #filePath).appending(path: "../../../../shared/golden").standardized

    private func errors(_ yaml: String) throws -> [String] {
        try Validator(PolicySchema.text).errors(in: #require(try JSONText.of(yaml: yaml)))
    }

    @Test func theShippedFileIsTheTextByteForByte() throws {
        let file = try Data(contentsOf: Self.policies.appending(path: "policy.schema.json"))
        #expect(file == Data(PolicySchema.text.utf8))
    }

    @Test(arguments: ["town", "loyalty", "licence", "drive", "market", "credit"])
    func samplesAreValid(name: String) throws {
        let file = Self.policies.appending(path: "\(name)/\(name).yaml")
        #expect(try errors(String(contentsOf: file, encoding: .utf8)) == [])
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: golden.appending(path: "lifecycle.yaml").path),
            "shared/golden is not here"), arguments: ["first", "card", "otc", "lifecycle", "early", "drive", "edges"])
    func goldenPoliciesAreValid(name: String) throws {
        #expect(try errors(String(contentsOf: Self.golden.appending(path: "\(name).yaml"), encoding: .utf8)) == [])
    }

    @Test func everySectionMayBeThere() throws {
        let text = PolicyDocument.with {
            $0.dimensions = "dimensions: {payment: {min: -350}, transport: }"
            $0.rules = """
                rules:
                  - {id: a.b_c-1, dimension: payment, kinds: [official], event: [x, y], when: true, points: data.n, per: day, cap: 0, lasts: 0 days}
                  - {id: b, dimension: payment, event: x.*, points: 1, per: day, lasts: 3 days, fades: true}
                  - {id: c, dimension: payment, event: x.*, points: 1, per: day, fades: false}
                  - {id: d, dimension: payment, event: x, points: 1, within: 1 month, cap: 3, fades: false}
                  - {id: e, dimension: payment, points: measure.n * -2, cap: 8, fades: false}
                """
            $0.more = """
                sanctions:
                  - {id: s, dimension: payment, measures: credit, when: points < 0, lasts: 1 day}
                  - {id: t, dimension: payment, measures: [credit], event: x, lifted-by: [y], notice: 1 month, lasts: 2 years}
                constants: {a: 1, b: 1.5, c: text, d: true, e: [1, two]}
                attributes: {a: int, b: double, c: string, d: bool, e: timestamp}
                measures:
                  - {id: n, dimension: payment, kinds: [business], event: x.*, when: data.a > 1, count: true, within: 1 day, adverse: true}
                  - {id: s, dimension: payment, event: [x, y.*], sum: data.a}
                  - {id: m, dimension: payment, event: x, min: 1}
                  - {id: r, dimension: payment, event: x, streak: [y.*, z]}
                early: 90 minutes
                appeals: {stay: false, decide-within: 10 days}
                harm-budget: {lose-band: 2.5 %, lose-points: 100 %, lose-perk: 0.05%, largest-loss: 60, new-sanctions: 0}
                """
        }
        #expect(try errors(text) == [])
    }

    /// Documents that `standing policy check` refuses, and where the schema finds the same.
    static let mistakes: [(String, String)] = [
        (PolicyDocument.with { $0.more = "perk: []" }, "$.perk"),
        (PolicyDocument.with { $0.bands = "" }, "$: `bands`"),
        (PolicyDocument.with { $0.policy = "policy: Town" }, "$.policy"),
        (PolicyDocument.with { $0.version = "version: 0" }, "$.version"),
        (PolicyDocument.with { $0.version = "version: 1.5" }, "$.version"),
        (PolicyDocument.with { $0.score = "score: {base: 600, min: 350}" }, "$.score: `max`"),
        (PolicyDocument.with { $0.score = "score: {base: high, min: 350, max: 950}" }, "$.score.base"),
        (PolicyDocument.with { $0.kinds = "kinds: []" }, "$.kinds"),
        (PolicyDocument.with { $0.kinds = "kinds: [robot]" }, "$.kinds[0]"),
        (PolicyDocument.with { $0.dimensions = "dimensions: {}" }, "$.dimensions"),
        (PolicyDocument.with { $0.dimensions = "dimensions: {transport: {least: 1}}" }, "$.dimensions.transport.least"),
        (PolicyDocument.with { $0.dimensions = "dimensions: {transport: {}, \"a b\": {}}" }, "$.dimensions"),
        (rule("event: fare.paid"), "$.rules[0]: `points`"),
        (rule("event: fare.paid, points: 1.5"), "$.rules[0].points"),
        (rule("event: standing.subject.enrolled, points: 1"), "$.rules[0].event"),
        (rule("event: [], points: 1"), "$.rules[0].event"),
        (rule("event: fare.paid, points: 1, per: week"), "$.rules[0].per"),
        (rule("event: fare.paid, points: 1, cap: -1"), "$.rules[0].cap"),
        (rule("event: fare.paid, points: 1, lasts: 1 year"), "$.rules[0]: `per`"),
        (rule("event: fare.paid, points: 1, per: ever, lasts: 1 year"), "$.rules[0].per"),
        (rule("event: fare.paid, points: 1, per: day, lasts: 1 week"), "$.rules[0].lasts"),
        (rule("event: fare.paid, points: 1, colour: red"), "$.rules[0].colour"),
        (rule("event: fare*, points: 1"), "$.rules[0].event"),
        (rule("event: \"*\", points: 1"), "$.rules[0].event"),
        (rule("event: standing.*, points: 1"), "$.rules[0].event"),
        (rule("points: 1, when: true"), "$.rules[0]: `event`"),
        (rule("points: 1, within: 1 day"), "$.rules[0]: `event`"),
        (rule("event: fare.paid, points: 1, within: 0 days"), "$.rules[0].within"),
        (rule("event: fare.paid, points: 1, within: 1 day, per: day"), "$.rules[0].per"),
        (rule("event: fare.paid, points: 1, fades: true"), "$.rules[0]: `per`"),
        (rule("event: fare.paid, points: 1, per: day, fades: true"), "$.rules[0]: `lasts`"),
        (rule("event: fare.paid, points: 1, within: 1 day, fades: true"), "$.rules[0]: `per`"),
        (rule("points: 1, fades: true"), "$.rules[0]: `per`"),
        (measure("count: true"), "$.measures[0]: `event`"),
        (measure("event: x"), "$.measures[0]: fails oneOf"),
        (measure("event: x, count: false"), "$.measures[0].count"),
        (measure("event: x, count: true, sum: data.n"), "$.measures[0]: fails oneOf"),
        (measure("event: x, count: true, within: 0 days"), "$.measures[0].within"),
        (measure("event: x, count: true, adverse: perhaps"), "$.measures[0].adverse"),
        (PolicyDocument.with { $0.more = "constants: {a: {}}" }, "$.constants.a"),
        (PolicyDocument.with { $0.more = "constants: {a-b: 1}" }, "$.constants"),
        (PolicyDocument.with { $0.more = "attributes: {tier: text}" }, "$.attributes.tier"),
        (PolicyDocument.with { $0.bands = "bands: []" }, "$.bands"),
        (PolicyDocument.with { $0.bands = "bands: [{name: C}]" }, "$.bands[0]: `from`"),
        (PolicyDocument.with { $0.perks = "perks: [{id: bikes}]" }, "$.perks[0]: `when`"),
        (PolicyDocument.with { $0.perks = "perks: [{id: bikes, when: true, grace: two weeks}]" }, "$.perks[0].grace"),
        (sanction("when: points < 0"), "$.sanctions[0]: `lasts`"),
        (sanction("lasts: 1 year"), "$.sanctions[0]: `when`"),
        (sanction("when: points < 0, lasts: 0 days"), "$.sanctions[0].lasts"),
        (sanction("event: [], lasts: 1 year"), "$.sanctions[0].event"),
        (sanction("when: points < 0, lasts: 1 year, notice: soon"), "$.sanctions[0].notice"),
        (PolicyDocument.with { $0.more = "appeals: {stay: maybe}" }, "$.appeals.stay"),
        (PolicyDocument.with { $0.more = "appeals: {decide-within: 0 days}" }, "$.appeals.decide-within"),
        (PolicyDocument.with { $0.more = "early: 8 days" }, "$.early"),
        (PolicyDocument.with { $0.more = "early: 169 hours" }, "$.early"),
        (PolicyDocument.with { $0.more = "early: 10081 minutes" }, "$.early"),
        (PolicyDocument.with { $0.more = "early: 1 month" }, "$.early"),
        (PolicyDocument.with { $0.more = "early: 3600" }, "$.early"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-bands: 1 %}" }, "$.harm-budget.lose-bands"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-band: 1}" }, "$.harm-budget.lose-band"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-band: 101 %}" }, "$.harm-budget.lose-band"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-band: 100.01 %}" }, "$.harm-budget.lose-band"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-points: 1.234 %}" }, "$.harm-budget.lose-points"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-perk: a %}" }, "$.harm-budget.lose-perk"),
        (PolicyDocument.with { $0.more = "harm-budget: {lose-perk: .5 %}" }, "$.harm-budget.lose-perk"),
        (PolicyDocument.with { $0.more = "harm-budget: {largest-loss: -1}" }, "$.harm-budget.largest-loss"),
        (PolicyDocument.with { $0.more = "harm-budget: {new-sanctions: -1}" }, "$.harm-budget.new-sanctions"),
    ]

    private static func rule(_ members: String) -> String {
        PolicyDocument.with { $0.rules = "rules: [{id: fare, dimension: transport, \(members)}]" }
    }

    private static func measure(_ members: String) -> String {
        PolicyDocument.with { $0.more = "measures: [{id: n, dimension: transport, \(members)}]" }
    }

    private static func sanction(_ members: String) -> String {
        PolicyDocument.with { $0.more = "sanctions: [{id: s, dimension: transport, measures: [rail], \(members)}]" }
    }

    @Test(arguments: mistakes)
    func mistakesAreInvalid(yaml: String, location: String) throws {
        let found = try errors(yaml)
        #expect(found.contains { $0.hasPrefix(location) }, "\(found)")
        #expect(throws: YAMLMistakes.self) { try ScoringPolicy(yaml: yaml, file: "town.yaml") }
    }

    @Test func everyKeyIsDescribed() throws {
        let root = try #require(JSONSerialization.jsonObject(with: Data(PolicySchema.text.utf8)) as? [String: Any])
        let definitions = try #require(root["$defs"] as? [String: [String: Any]])
        var checked = 0
        func check(_ schema: [String: Any], _ path: String) {
            for (name, member) in schema["properties"] as? [String: [String: Any]] ?? [:] {
                checked += 1
                let target = (member["$ref"] as? String).flatMap { definitions[String($0.dropFirst("#/$defs/".count))] }
                #expect(member["description"] != nil || target?["description"] != nil, "\(path).\(name)")
                check(member, "\(path).\(name)")
            }
        }
        check(root, "$")
        for (name, schema) in definitions { check(schema, name) }
        #expect(checked > 40)
    }
}

/// A YAML document as JSON's values.
private enum JSONText {
    static func of(yaml: String) throws -> Any? {
        let reader = YAMLReader(yaml)
        guard let root = reader.root, let text = reader.json(root) else { return nil }
        return try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }
}

/// The part of JSON Schema 2020-12 that the policy's schema uses. A keyword that it does not know is an error.
private struct Validator {
    private static let annotations: Set<String> = [
        "$schema", "$defs", "title", "description", "default", "examples", "then", "else",
    ]

    private let root: [String: Any]
    private let definitions: [String: Any]

    init(_ text: String) throws {
        root = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        definitions = root["$defs"] as? [String: Any] ?? [:]
    }

    func errors(in value: Any) -> [String] { errors(value, root, "$") }

    private func errors(_ value: Any, _ schema: Any, _ path: String) -> [String] {
        if let verdict = schema as? Bool { return verdict ? [] : ["\(path): is not allowed"] }
        guard let schema = schema as? [String: Any] else { return ["\(path): the schema is no object"] }
        return schema.sorted { $0.key < $1.key }.flatMap { errors(value, $0.key, $0.value, schema, path) }
    }

    private func errors(_ value: Any, _ key: String, _ argument: Any, _ schema: [String: Any], _ path: String)
        -> [String]
    {
        let object = value as? [String: Any]
        let list = value as? [Any]
        func demand(_ holds: Bool) -> [String] { holds ? [] : ["\(path): fails \(key) \(argument)"] }
        switch (key, argument) {
        case ("$ref", let reference as String):
            guard let target = definitions[String(reference.dropFirst("#/$defs/".count))] else {
                return ["\(path): the schema has no \(reference)"]
            }
            return errors(value, target, path)
        case ("type", let name as String): return demand(isType(name, value))
        case ("type", let names as [String]): return demand(names.contains { isType($0, value) })
        case ("required", let names as [String]):
            guard let object else { return [] }
            return names.filter { object[$0] == nil }.map { "\(path): `\($0)` is missing" }
        case ("properties", let members as [String: Any]):
            return members.flatMap { name, schema in object?[name].map { errors($0, schema, "\(path).\(name)") } ?? [] }
        case ("additionalProperties", let additional):
            let known = schema["properties"] as? [String: Any] ?? [:]
            return (object ?? [:]).filter { known[$0.key] == nil }.flatMap {
                errors($0.value, additional, "\(path).\($0.key)")
            }
        case ("propertyNames", let names): return (object ?? [:]).keys.flatMap { errors($0, names, path) }
        case ("minProperties", let least as Int): return object.map { demand($0.count >= least) } ?? []
        case ("maxProperties", let most as Int): return object.map { demand($0.count <= most) } ?? []
        case ("minItems", let least as Int): return list.map { demand($0.count >= least) } ?? []
        case ("maxItems", let most as Int): return list.map { demand($0.count <= most) } ?? []
        case ("items", let schema):
            return (list ?? []).enumerated().flatMap { errors($0.element, schema, "\(path)[\($0.offset)]") }
        case ("dependentRequired", let needs as [String: [String]]):
            return needs.filter { object?[$0.key] != nil }.flatMap { _, names in
                names.filter { object?[$0] == nil }.map { "\(path): `\($0)` is missing" }
            }
        case ("dependentSchemas", let schemas as [String: Any]):
            return schemas.filter { object?[$0.key] != nil }.flatMap { errors(value, $0.value, path) }
        case ("const", let constant as NSNumber):
            return demand(isBoolean(value) == isBoolean(constant) && value as? NSNumber == constant)
        case ("enum", let choices as [String]): return demand((value as? String).map(choices.contains) ?? false)
        case ("oneOf", let choices as [Any]):
            return demand(choices.filter { errors(value, $0, path).isEmpty }.count == 1)
        case ("if", let condition):
            let branch = errors(value, condition, path).isEmpty ? schema["then"] : schema["else"]
            return branch.map { errors(value, $0, path) } ?? []
        case ("pattern", let pattern as String):
            guard let text = value as? String else { return [] }
            guard let regex = try? Regex(pattern) else { return ["\(path): the schema has a bad pattern"] }
            return demand(text.contains(regex))
        case ("minLength", let least as Int): return (value as? String).map { demand($0.count >= least) } ?? []
        case ("maxLength", let most as Int): return (value as? String).map { demand($0.count <= most) } ?? []
        case ("minimum", let least as NSNumber):
            return number(value).map { demand($0.doubleValue >= least.doubleValue) } ?? []
        case ("maximum", let most as NSNumber):
            return number(value).map { demand($0.doubleValue <= most.doubleValue) } ?? []
        default: return Self.annotations.contains(key) ? [] : ["\(path): the schema has an unknown `\(key)`"]
        }
    }

    private func isType(_ name: String, _ value: Any) -> Bool {
        switch name {
        case "null": value is NSNull
        case "boolean": isBoolean(value)
        case "number": number(value) != nil
        case "integer": number(value).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
        case "string": value is String
        case "array": value is [Any]
        case "object": value is [String: Any]
        default: false
        }
    }

    /// Objective-C's type `c` tells a boolean.
    private func isBoolean(_ value: Any) -> Bool {
        (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
    }

    private func number(_ value: Any) -> NSNumber? { isBoolean(value) ? nil : value as? NSNumber }
}
