internal import Expressions

extension PolicyParser {
    /// An expression that certainly can give `type`. Every mistake in it is noted at the value, and what `isWrong` finds
    /// in it.
    mutating func expression(
        _ value: Value, what: String, in declarations: WritableKeyPath<PolicyVariables, Declarations>,
        gives type: ValueType, isWrong: (Expression) -> String? = { _ in nil }
    ) -> Expression? {
        guard let text = reader.string(value, what: what) else { return nil }
        let expression: Expression
        do {
            expression = try Expression(text, in: &variables[keyPath: declarations])
        } catch {
            note(error, of: text, at: value)
            return nil
        }
        for diagnostic in expression.diagnostics { note(diagnostic, of: text, at: value) }
        for field in expression.objectFieldNames where ProtectedAttribute.contains(field.name) {
            reader.note(
                "\"\(field.name)\" is a protected attribute: no rule and no sanction may look at it", at: value)
        }
        let wrong = isWrong(expression)
        if let wrong { reader.note(wrong, at: value) }
        guard expression.diagnostics.isEmpty, wrong == nil else { return nil }
        if expression.type != type, expression.type != .dynamic {
            reader.note("\(what) must give \(type.article), not \(expression.type.article)", at: value)
            return nil
        }
        return expression
    }

    private func note(_ error: ExpressionError, of text: String, at value: Value) {
        let place = text.contains("\n") ? "line \(error.line), character \(error.column)" : "character \(error.column)"
        reader.note("\(error.message) (\(place) of the expression)", at: value)
    }
}

extension ValueType {
    fileprivate var article: String {
        switch self {
        case .int: "an int"
        case .uint: "a uint"
        case .bool: "a bool"
        case .null: "null"
        case .bytes: "bytes"
        case .dynamic: "any value"
        default: "a \(self)"
        }
    }
}
