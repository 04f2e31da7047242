import CEL
@testable import CELJSON

/// The typed JSON of an expression's value, or `error: …`. Short forms, for tests to read: `int 1`, `string a`.
func evaluated(_ source: String, container: String = "", _ variables: (name: String, value: Value)...) -> String {
    brief(EvaluationRow(name: "", source, container: container, variables: variables))
}

func brief(_ row: EvaluationRow) -> String {
    row.error.map { "error: \($0)" } ?? brief(row.value)
}

func brief(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .int(let int): "\(int)"
    case .uint(let uint): "\(uint)u"
    case .double, .bytes, .timestamp, .duration: scalar(value)
    case .string(let text): "'\(String(decoding: text.bytes, as: UTF8.self))'"
    case .list(let list): "[\(list.items.map(brief).joined(separator: ", "))]"
    case .map(let map): "{\(map.entries.map { "\(brief($0.key)): \(brief($0.value))" }.joined(separator: ", "))}"
    case .type(let type): type.name
    case .error(let error): "error: \(error)"
    }
}

/// What typed JSON has between the quotes of its value.
private func scalar(_ value: Value) -> String {
    (value.typedJSON ?? "").split(separator: "\"").dropFirst(7).first.map(String.init) ?? ""
}

/// Declarations as a policy has them.
struct Town {
    var declarations = Declarations()
    let points: Int
    let kind: Int
    let dimensions: [Int]

    init() {
        points = declarations.declare("points", as: .int)
        kind = declarations.declare("kind", as: .string)
        declarations.declare("time", as: .timestamp)
        dimensions = declarations.declareRecord("dimension", fields: ["payment", "conduct"], as: .int)
        declarations.declareObject("data")
    }

    mutating func compile(_ source: String) throws(ExpressionError) -> Expression {
        try Expression(source, in: &declarations)
    }

    /// The diagnostics of an expression, or the reason why it does not compile, one per line.
    mutating func diagnostics(_ source: String) -> String {
        do throws(ExpressionError) {
            return try compile(source).diagnostics.map(\.description).joined(separator: "\n")
        } catch {
            return error.description
        }
    }
}

extension Value {
    /// As typed JSON; nil for an error and beyond its limits.
    var typedJSON: String? {
        (try? TypedJSON.encode(self)).map { String(decoding: $0, as: UTF8.self) }
    }
}
