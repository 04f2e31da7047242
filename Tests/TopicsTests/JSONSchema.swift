import Foundation

/// A validator for the part of JSON Schema 2020-12 that the shipped schemas use. A keyword that it does not know is an
/// error of the schema, so nothing is ever left unchecked in silence.
///
/// Known: `type`, `required`, `properties`, `additionalProperties`, `const`, `enum`, `items`, `oneOf`, `pattern`,
/// `minLength`, `maxLength`, `minimum`, `$ref` to `#/$defs/NAME`, and schemas that are `true` or `false`. `format` is an annotation.
struct JSONSchema {
    private static let annotations: Set<String> = [
        "$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "format",
    ]

    private let root: Any
    private let definitions: [String: Any]
    private let patterns = Patterns()

    /// Each pattern is compiled once; nil: it is a bad one.
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
        definitions = (root as? [String: Any])?["$defs"] as? [String: Any] ?? [:]
    }

    init(_ text: String) throws { try self.init(Data(text.utf8)) }

    init(contentsOf file: URL) throws { try self.init(Data(contentsOf: file)) }

    /// What is wrong with a JSON text, each with the path of the value; empty if it is valid.
    func errors(in text: String) throws -> [String] {
        errors(in: try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed))
    }

    /// What is wrong with a value of `JSONSerialization`.
    func errors(in value: Any) -> [String] { errors(of: value, by: root, at: "$") }

    private func errors(of value: Any, by schema: Any, at path: String) -> [String] {
        if let verdict = boolean(schema) { return verdict ? [] : ["\(path): is not allowed"] }
        guard let keywords = schema as? [String: Any] else { return ["\(path): the schema is no object"] }
        return keywords.sorted { $0.key < $1.key }.flatMap { keyword, argument in
            errors(of: value, by: keyword, argument, in: keywords, at: path)
        }
    }

    private func errors(
        of value: Any, by keyword: String, _ argument: Any, in schema: [String: Any], at path: String
    ) -> [String] {
        let object = value as? [String: Any]
        switch (keyword, argument) {
        case ("$ref", let reference as String):
            let prefix = "#/$defs/"
            guard reference.hasPrefix(prefix), let target = definitions[String(reference.dropFirst(prefix.count))]
            else { return ["\(path): the schema has no \(reference)"] }
            return errors(of: value, by: target, at: path)
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
        case ("additionalProperties", let additional):
            let known = schema["properties"] as? [String: Any] ?? [:]
            return (object ?? [:]).filter { known[$0.key] == nil }.sorted { $0.key < $1.key }.flatMap {
                errors(of: $0.value, by: additional, at: "\(path).\($0.key)")
            }
        case ("const", let wanted):
            return equal(value, wanted) ? [] : ["\(path): is not the constant"]
        case ("enum", let choices as [Any]):
            return choices.contains { equal(value, $0) } ? [] : ["\(path): is none of the choices"]
        case ("items", let schema):
            return (value as? [Any] ?? []).enumerated().flatMap {
                errors(of: $0.element, by: schema, at: "\(path)[\($0.offset)]")
            }
        case ("oneOf", let choices as [Any]):
            let matching = choices.filter { errors(of: value, by: $0, at: path).isEmpty }.count
            return matching == 1 ? [] : ["\(path): matches \(matching) of the choices"]
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
