import Foundation

/// A validator for the part of JSON Schema 2020-12 that the shipped schemas use, and for draft 7, which AsyncAPI's schema uses. A
/// keyword that it does not know is an error of the schema, so nothing is ever left unchecked in silence.
///
/// A `$ref` is a fragment of the schema around it, `#` or `#/$defs/NAME`, or the `$id` of a schema in the document with such a
/// fragment. Schemas can be `true` or `false`. `format` is an annotation.
struct JSONSchema {
    private static let annotations: Set<String> = [
        "$schema", "$id", "$defs", "$comment", "title", "description", "examples", "example", "default", "format",
        "definitions", "readOnly", "writeOnly", "contentEncoding", "contentMediaType",
        // They count beside `if` and `items`.
        "then", "else", "additionalItems",
    ]

    private let root: Any
    /// Schemas with an `$id`, by it.
    private let resources: [String: [String: Any]]
    private let patterns = Patterns()

    /// Each pattern is compiled once; nil if it is a bad one.
    private final class Patterns {
        private var compiled: [String: Regex<AnyRegexOutput>?] = [:]

        subscript(pattern: String) -> Regex<AnyRegexOutput>? {
            if let known = compiled[pattern] { return known }
            // As in ECMA-262, whose dialect the patterns are in.
            let regex = (try? Regex(pattern))?.matchingSemantics(.unicodeScalar)
            compiled.updateValue(regex, forKey: pattern)
            return regex
        }
    }

    init(_ data: Data) throws {
        root = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
        var resources: [String: [String: Any]] = [:]
        Self.collect(root, into: &resources)
        self.resources = resources
    }

    private static func collect(_ node: Any, into resources: inout [String: [String: Any]]) {
        if let object = node as? [String: Any] {
            if let id = object["$id"] as? String { resources[Self.split(id).address] = object }
            for child in object.values { collect(child, into: &resources) }
        } else if let items = node as? [Any] {
            for child in items { collect(child, into: &resources) }
        }
    }

    /// An address without its fragment, and the fragment's steps.
    private static func split(_ reference: String) -> (address: String, steps: [String]) {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let steps = parts.count > 1 ? parts[1].split(separator: "/") : []
        return (
            String(parts[0]),
            steps.map { String($0).replacing("~1", with: "/").replacing("~0", with: "~") }
        )
    }

    /// The schema that a `$ref` means, and the one around it with an `$id`; nil if there is none.
    private func target(of reference: String, in resource: Any) -> (schema: Any, resource: Any)? {
        let (address, steps) = Self.split(reference)
        var resource = resource
        if !address.isEmpty {
            guard let other = resources[address] else { return nil }
            resource = other
        }
        var schema = resource
        for step in steps {
            guard let next = (schema as? [String: Any])?[step] else { return nil }
            schema = next
        }
        return (schema, resource)
    }

    init(_ text: String) throws { try self.init(Data(text.utf8)) }

    init(contentsOf file: URL) throws { try self.init(Data(contentsOf: file)) }

    /// What is wrong with a JSON text, each with the path of the value; empty if it is valid.
    func errors(in text: String) throws -> [String] {
        errors(in: try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed))
    }

    /// What is wrong with a value of `JSONSerialization`.
    func errors(in value: Any) -> [String] { errors(of: value, by: root, of: root, at: "$") }

    /// `resource`: the schema around this one that fragments are of.
    private func errors(of value: Any, by schema: Any, of resource: Any, at path: String) -> [String] {
        if let verdict = boolean(schema) { return verdict ? [] : ["\(path): is not allowed"] }
        guard let keywords = schema as? [String: Any] else { return ["\(path): the schema is no object"] }
        let resource = keywords["$id"] == nil ? resource : schema
        return keywords.sorted { $0.key < $1.key }.flatMap { keyword, argument in
            errors(of: value, by: keyword, argument, in: keywords, of: resource, at: path)
        }
    }

    private func errors(
        of value: Any, by keyword: String, _ argument: Any, in schema: [String: Any], of resource: Any, at path: String
    ) -> [String] {
        func errors(of value: Any, by schema: Any, at path: String) -> [String] {
            self.errors(of: value, by: schema, of: resource, at: path)
        }
        func isValid(_ value: Any, by schema: Any) -> Bool { errors(of: value, by: schema, at: path).isEmpty }
        let object = value as? [String: Any]
        switch (keyword, argument) {
        case ("$ref", let reference as String):
            guard let (schema, resource) = target(of: reference, in: resource) else {
                return ["\(path): the schema has no \(reference)"]
            }
            return self.errors(of: value, by: schema, of: resource, at: path)
        case ("type", let names as [String]):
            return names.contains { isType($0, value) } ? [] : ["\(path): is not of type \(names)"]
        case ("type", let name as String):
            return isType(name, value) ? [] : ["\(path): is not of type \(name)"]
        case ("required", let names as [String]):
            guard let object else { return [] }
            return names.filter { object[$0] == nil }.map { "\(path): `\($0)` is missing" }
        case ("properties", let properties as [String: Any]):
            return properties.sorted { $0.key < $1.key }.flatMap { name, schema in
                object?[name].map { errors(of: $0, by: schema, at: "\(path).\(name)") } ?? []
            }
        case ("patternProperties", let properties as [String: Any]):
            return properties.sorted { $0.key < $1.key }.flatMap { pattern, schema -> [String] in
                guard let regex = patterns[pattern] else { return ["\(path): the schema has a bad pattern"] }
                return (object ?? [:]).filter { $0.key.contains(regex) }.sorted { $0.key < $1.key }.flatMap {
                    errors(of: $0.value, by: schema, at: "\(path).\($0.key)")
                }
            }
        case ("additionalProperties", let additional):
            let known = schema["properties"] as? [String: Any] ?? [:]
            let regexes = (schema["patternProperties"] as? [String: Any] ?? [:]).keys.compactMap { patterns[$0] }
            return (object ?? [:]).filter { member in
                known[member.key] == nil && !regexes.contains { member.key.contains($0) }
            }.sorted { $0.key < $1.key }.flatMap { errors(of: $0.value, by: additional, at: "\(path).\($0.key)") }
        case ("propertyNames", let schema):
            return (object ?? [:]).keys.sorted().flatMap { errors(of: $0, by: schema, at: "\(path).\($0)") }
        case ("minProperties", let least as Int):
            return object.map { $0.count >= least } ?? true ? [] : ["\(path): has less than \(least) members"]
        case ("dependencies", let dependencies as [String: [String]]):
            return dependencies.filter { object?[$0.key] != nil }.sorted { $0.key < $1.key }.flatMap { name, others in
                others.filter { object?[$0] == nil }.map { "\(path): `\($0)` is missing beside `\(name)`" }
            }
        case ("const", let wanted):
            return equal(value, wanted) ? [] : ["\(path): is not the constant"]
        case ("enum", let choices as [Any]):
            return choices.contains { equal(value, $0) } ? [] : ["\(path): is none of the choices"]
        case ("items", let schemas as [Any]):
            let others = schema["additionalItems"] ?? true
            return (value as? [Any] ?? []).enumerated().flatMap { index, item in
                errors(of: item, by: index < schemas.count ? schemas[index] : others, at: "\(path)[\(index)]")
            }
        case ("items", let schema):
            return (value as? [Any] ?? []).enumerated().flatMap {
                errors(of: $0.element, by: schema, at: "\(path)[\($0.offset)]")
            }
        case ("contains", let schema):
            guard let items = value as? [Any] else { return [] }
            return items.contains { isValid($0, by: schema) } ? [] : ["\(path): no item is as it must be"]
        case ("minItems", let least as Int):
            return (value as? [Any]).map { $0.count >= least } ?? true ? [] : ["\(path): has less than \(least) items"]
        case ("maxItems", let most as Int):
            return (value as? [Any]).map { $0.count <= most } ?? true ? [] : ["\(path): has more than \(most) items"]
        case ("uniqueItems", let isUnique as Bool):
            let items = value as? [Any] ?? []
            let isTwice = items.indices.contains { index in
                items[..<index].contains { equal($0, items[index]) }
            }
            return isUnique && isTwice ? ["\(path): an item is there twice"] : []
        case ("oneOf", let choices as [Any]):
            let matching = choices.filter { isValid(value, by: $0) }.count
            return matching == 1 ? [] : ["\(path): matches \(matching) of the choices"]
        case ("anyOf", let choices as [Any]):
            return choices.contains { isValid(value, by: $0) } ? [] : ["\(path): matches none of the choices"]
        case ("allOf", let schemas as [Any]):
            return schemas.flatMap { errors(of: value, by: $0, at: path) }
        case ("not", let schema):
            return isValid(value, by: schema) ? ["\(path): is not allowed"] : []
        case ("if", let condition):
            let consequence = schema[isValid(value, by: condition) ? "then" : "else"]
            return consequence.map { errors(of: value, by: $0, at: path) } ?? []
        case ("pattern", let pattern as String):
            guard let text = value as? String else { return [] }
            guard let regex = patterns[pattern] else { return ["\(path): the schema has a bad pattern"] }
            return text.contains(regex) ? [] : ["\(path): does not match \(pattern)"]
        case ("minLength", let least as Int):
            guard let text = value as? String else { return [] }
            return text.unicodeScalars.count >= least ? [] : ["\(path): is shorter than \(least)"]
        case ("maxLength", let most as Int):
            guard let text = value as? String else { return [] }
            return text.unicodeScalars.count <= most ? [] : ["\(path): is longer than \(most)"]
        case ("minimum", let least as Double):
            guard let number = number(value) else { return [] }
            return number.doubleValue >= least ? [] : ["\(path): is less than \(least)"]
        case ("exclusiveMinimum", let least as Double):
            guard let number = number(value) else { return [] }
            return number.doubleValue > least ? [] : ["\(path): is not more than \(least)"]
        case ("maximum", let most as Double):
            guard let number = number(value) else { return [] }
            return number.doubleValue <= most ? [] : ["\(path): is more than \(most)"]
        case ("multipleOf", let unit as Double):
            guard let number = number(value) else { return [] }
            return number.doubleValue.truncatingRemainder(dividingBy: unit) == 0
                ? [] : ["\(path): is no multiple of \(unit)"]
        default:
            return Self.annotations.contains(keyword) ? [] : ["\(path): the schema has an unknown `\(keyword)`"]
        }
    }

    private func isType(_ name: String, _ value: Any) -> Bool {
        switch name {
        case "null": value is NSNull
        case "boolean": boolean(value) != nil
        case "integer": number(value).map { $0.doubleValue == $0.doubleValue.rounded() } ?? false
        case "number": number(value) != nil
        case "string": value is String
        case "array": value is [Any]
        case "object": value is [String: Any]
        default: false
        }
    }

    /// `NSNumber` holds JSON's booleans and numbers; Objective-C's type `c` tells a boolean.
    private func boolean(_ value: Any) -> Bool? {
        guard let number = value as? NSNumber, String(cString: number.objCType) == "c" else { return nil }
        return number.boolValue
    }

    private func number(_ value: Any) -> NSNumber? { boolean(value) == nil ? value as? NSNumber : nil }

    private func equal(_ a: Any, _ b: Any) -> Bool {
        if let a = a as? [String: Any], let b = b as? [String: Any] {
            return a.count == b.count && a.allSatisfy { key, value in b[key].map { equal(value, $0) } ?? false }
        }
        if let a = a as? [Any], let b = b as? [Any] {
            return a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        }
        if let a = a as? String, let b = b as? String { return a == b }
        if a is NSNull, b is NSNull { return true }
        if let a = boolean(a), let b = boolean(b) { return a == b }
        if let a = number(a), let b = number(b) { return a == b }
        return false
    }
}
