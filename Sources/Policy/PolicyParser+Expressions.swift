internal import CEL

extension PolicyParser {
    /// Parses an expression that can give `type`. Notes every error in it at the value, and those that `isWrong` finds.
    mutating func expression(
        _ value: Value, what: String, in declarations: WritableKeyPath<PolicyVariables, Declarations>,
        gives type: ValueType, isWrong: (Expression) -> String? = { _ in nil }
    ) -> Expression? {
        if let tag = value.ownTag {
            // Ledgers have policies in which YAML's tag `!` is ignored, so it is only a warning.
            guard tag == YAMLNode.nonSpecificTag, !value.isCollection else {
                reader.note(
                    "YAML takes \"\(tag.prefix(80))\" for a tag: an expression that begins with ! stands in quotes",
                    at: value)
                return nil
            }
            nodes.ignoredTags.append(value)
        }
        guard !value.isCollection else {
            reader.note("\(what) must be a text\(reader.bracketHint(value))", at: value)
            return nil
        }
        guard let text = reader.string(value, what: what) else { return nil }
        let expression: Expression
        do {
            expression = try Expression(text, in: &variables[keyPath: declarations])
        } catch {
            note(error, of: text, at: value, in: declarations)
            return nil
        }
        for diagnostic in expression.diagnostics { note(diagnostic, of: text, at: value, in: declarations) }
        for field in expression.objectFieldNames where ProtectedAttribute.contains(field.name) {
            reader.note(
                "\"\(field.name)\" is a protected attribute: no rule and no sanction may look at it", at: value)
        }
        for attribute in expression.undeclaredNames where ProtectedAttribute.contains(attribute.name) {
            reader.note("\"\(attribute.name)\" is a protected attribute: no policy may know it", at: value)
        }
        let wrong = isWrong(expression)
        if let wrong { reader.note(wrong, at: value) }
        guard expression.diagnostics.isEmpty, wrong == nil else { return nil }
        if let cost = expression.cost({ _ in 0 }), cost.lowerBound > Double(Limit.cost) {
            reader.note(
                "this always costs more than an expression may (\(Limit.cost) units of work): it never has a value",
                at: value)
            return nil
        }
        if expression.type != type, expression.type != .dynamic {
            reader.note("\(what) must give \(type.article), not \(expression.type.article)", at: value)
            return nil
        }
        return expression
    }

    private func note(
        _ error: ExpressionError, of text: String, at value: Value,
        in declarations: KeyPath<PolicyVariables, Declarations>
    ) {
        let location =
            text.contains("\n") ? "line \(error.line), character \(error.column)" : "character \(error.column)"
        let hint =
            reader.cutHint(error.message, of: value)
            ?? hint(error.message, isOverEvent: declarations == \PolicyVariables.event.declarations)
        reader.note("\(error.message)\(hint) (\(location) of the expression)", at: value)
    }

    /// The end of a message about a name that is not available here: where it is available.
    private func hint(_ message: String, isOverEvent: Bool) -> String {
        guard !message.contains("did you mean") else { return "" }
        for (record, section) in [("constant", "constants"), ("measure", "measures")]
        where message.hasPrefix("'\(record)' has no field") {
            return ": \(section) declares none of this name"
        }
        let others = isOverEvent ? Self.namesOfStanding : Self.namesOfEvent
        guard others.contains(where: { message == "unknown name '\($0)'" }) else { return "" }
        return isOverEvent ? ": what is over an event sees no standing" : ": there is no event here"
    }

    private static let namesOfEvent = ["data", "type", "source", "subject", "id", "time"]
    private static let namesOfStanding = ["score", "band", "points", "dimension", "sanctioned"]

    // MARK: Available names

    /// An expression over the event that gives a bool.
    mutating func eventCondition(_ value: Value) -> Expression? { eventExpression(value, what: "when", gives: .bool) }

    /// An expression over the event that gives an int.
    mutating func eventAmount(_ value: Value, what: String) -> Expression? {
        eventExpression(value, what: what, gives: .int)
    }

    private mutating func eventExpression(_ value: Value, what: String, gives type: ValueType) -> Expression? {
        let measures = variables.event.measures
        return expression(value, what: what, in: \.event.declarations, gives: type) { expression in
            guard let measure = expression.references.first(where: { measures.contains($0.slot) }) else { return nil }
            return
                "\(measure.name) is not seen over an event: only rules without \"event\", sanctions by level and perks "
                + "see measures"
        }
    }

    mutating func perkCondition(_ value: Value) -> Expression? {
        let points = variables.standing.points
        let own = "dimension." + (dimensions.first?.name ?? "payment")
        return expression(value, what: "when", in: \.standing.declarations, gives: .bool) { when in
            when.slots.contains(points) ? "a perk sees no points: name a dimension's, such as \(own)" : nil
        }
    }

    /// A condition over the points and the measures of one dimension.
    mutating func levelCondition(_ value: Value, of dimension: Int?) -> Expression? {
        let seen = ownSlots(dimension).union([variables.standing.points])
        let own = dimension.map { " (those of \"\(dimensions[$0].name)\")" } ?? ""
        return expression(value, what: "when", in: \.standing.declarations, gives: .bool) { when in
            when.slots.allSatisfy(seen.contains)
                ? nil
                : "a sanction's level must not look outside its dimension: it sees points and measures\(own), attribute "
                    + "and kind"
        }
    }

    /// The points of a rule over the measures of one dimension.
    mutating func measurePoints(_ value: Value, of dimension: Int?) -> Expression? {
        let seen = ownSlots(dimension)
        let own = dimension.map { " of \"\(dimensions[$0].name)\"" } ?? " of its dimension"
        return expression(value, what: "points", in: \.standing.declarations, gives: .int) { points in
            points.slots.allSatisfy(seen.contains)
                ? nil : "a rule without \"event\" sees the measures\(own), constant, attribute and kind"
        }
    }

    /// The slots of the subject's values, and of the measures of a dimension. An unknown measure or dimension is
    /// reported already.
    private mutating func ownSlots(_ dimension: Int?) -> Set<Int> {
        if let dimension, let known = ownSlotsOfDimensions[dimension] { return known }
        var slots: Set<Int> = [variables.standing.kind]
        slots.formUnion(variables.standing.attributes)
        for (home, slot) in zip(measureDimensions, variables.standing.measures)
        where home == nil || dimension == nil || home == dimension { slots.insert(slot) }
        if let dimension { ownSlotsOfDimensions[dimension] = slots }
        return slots
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
