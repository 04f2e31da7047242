internal import Events
internal import CEL

extension PolicyParser {
    // MARK: Constants and attributes

    mutating func constants(_ value: Value) -> [ScoringPolicy.Constant] {
        guard let mapping = members(value, what: "constants", limit: ScoringPolicy.maximumConstants) else { return [] }
        return mapping.names.compactMap { _, key, value in
            let name = fieldName(key, what: "a constant")
            let constant = constant(value, of: name ?? "")
            guard let name, let constant else { return nil }
            nodes.constants.append(key)
            return ScoringPolicy.Constant(name: name, value: constant)
        }
    }

    private func constant(_ value: Value, of name: String) -> CEL.Value? {
        guard let items = value.items else { return scalar(value, of: name) }
        guard items.count <= ScoringPolicy.maximumConstantItems else {
            reader.note("a constant has at most \(ScoringPolicy.maximumConstantItems) items", at: value)
            return nil
        }
        return .list(ValueList(items.compactMap { scalar($0, of: name) }))
    }

    private func scalar(_ value: Value, of name: String) -> CEL.Value? {
        switch value.scalar {
        case .text(let text)?: return .string(Text(text))
        case .bool(let bool)?: return .bool(bool)
        case .number(let digits)?:
            if let number = Int64(digits) { return .int(number) }
            // A whole number beyond int would become a double of another value.
            if !digits.utf8.contains(where: { ".eE".utf8.contains($0) }) { break }
            if let number = Double(digits), number.isFinite { return .double(number) }
        case .null?, .unwritable?, nil: break
        }
        reader.note(
            "the constant \"\(name)\" must be an int, a double, a text, true or false, or a list of them", at: value)
        return nil
    }

    mutating func attributes(_ value: Value) -> [ScoringPolicy.Attribute] {
        guard let mapping = members(value, what: "attributes", limit: ScoringPolicy.maximumAttributes) else {
            return []
        }
        return mapping.names.compactMap { _, key, value in
            let name = fieldName(key, what: "an attribute")
            if let name, ProtectedAttribute.contains(name) {
                reader.note("\"\(name)\" is a protected attribute: no policy may know it", at: key)
            }
            guard let text = reader.string(value, what: "the type of an attribute") else { return nil }
            guard let type = ScoringPolicy.AttributeType(rawValue: text) else {
                let known = ScoringPolicy.AttributeType.allCases.map(\.rawValue)
                reader.noteUnknown("type", text, known: known, at: value, listing: true)
                return nil
            }
            guard let name else { return nil }
            nodes.attributes.append(key)
            return ScoringPolicy.Attribute(name: name, type: type)
        }
    }

    /// A mapping with free keys.
    private func members(_ value: Value, what: String, limit: Int) -> YAMLReader.Mapping? {
        guard let mapping = reader.mapping(value, what: what, known: nil) else { return nil }
        guard mapping.names.count <= limit else {
            reader.note("more than \(limit) \(what)", at: value)
            return nil
        }
        return mapping
    }

    // MARK: Measures

    // Expressions may use all measures, so their names are read first.

    func nameOfMeasure(_ item: Value) -> String { item.member("id")?.text ?? "" }

    func homeOfMeasure(_ item: Value) -> Int? {
        item.member("dimension")?.text.flatMap { name in dimensions.firstIndex { $0.name == name } }
    }

    mutating func measures(_ items: [Value], kinds policyKinds: KindSet) -> [ScoringPolicy.Measure] {
        var ids: Set<String> = []
        return items.compactMap { measure($0, kinds: policyKinds, ids: &ids) }
    }

    private static let sorts = ["count", "sum", "min", "max", "latest", "streak"]

    private mutating func measure(_ item: Value, kinds policyKinds: KindSet, ids: inout Set<String>)
        -> ScoringPolicy.Measure?
    {
        guard
            let measure = reader.mapping(
                item, what: "a measure",
                known: ["id", "dimension", "kinds", "event", "when"] + Self.sorts + ["within", "adverse"],
                required: ["id", "dimension", "event"])
        else { return nil }
        let id = measure["id"].flatMap { value in
            measureName(value).flatMap { isNew($0, in: &ids, what: "measure", at: value) ? $0 : nil }
        }
        let dimension = measure["dimension"].flatMap { self.dimension($0) }
        let kinds = measure["kinds"].map { self.kinds($0) } ?? policyKinds
        let events =
            measure["event"].map { eventPatterns($0, what: "event", dimension: dimension, user: "measure", id) } ?? []
        let when = measure["when"].flatMap { eventCondition($0) }
        let value = measureValue(measure, item, dimension: dimension, id)
        let within = measure["within"].flatMap { span($0, what: "within", isTerm: true) }
        let isAdverse = measure["adverse"].flatMap { reader.bool($0, what: "adverse") } ?? false
        guard let id, let dimension, let value else { return nil }
        nodes.measures.append(measure)
        return ScoringPolicy.Measure(
            id: id, dimension: dimension, kinds: kinds, events: events, when: when, value: value, within: within,
            isAdverse: isAdverse)
    }

    private mutating func measureValue(_ measure: YAMLReader.Mapping, _ item: Value, dimension: Int?, _ id: String?)
        -> ScoringPolicy.Measure.Value?
    {
        let given = measure.names.filter { Self.sorts.contains($0.name) }
        guard let sort = given.first else {
            reader.note("a measure lacks what it measures: \(Self.sorts.joined(separator: ", "))", at: item)
            return nil
        }
        for other in given.dropFirst() {
            reader.note(
                "a measure is one of \(Self.sorts.joined(separator: ", ")), and this has \(sort.name)", at: other.key)
        }
        switch sort.name {
        case "count":
            guard let flag = reader.bool(sort.value, what: "count") else { return nil }
            if !flag { reader.note("count is true where there is one", at: sort.value) }
            return .count
        case "streak":
            let breakers = eventPatterns(sort.value, what: "streak", dimension: dimension, user: "measure", id)
            return .streak(breakers: breakers)
        default:
            guard let amount = eventAmount(sort.value, what: sort.name) else { return nil }
            switch sort.name {
            case "sum": return .sum(amount)
            case "min": return .min(amount)
            case "max": return .max(amount)
            default: return .latest(amount)
            }
        }
    }
}

extension YAMLReader.Value {
    /// A member of a mapping. Notes nothing if it is missing.
    fileprivate func member(_ name: String) -> Self? {
        guard case .mapping(let members) = node.content else { return nil }
        for member in members {
            if case .scalar(let key, _) = member.key.content, key == name { return Self(member.value) }
        }
        return nil
    }

    /// The text of a scalar.
    fileprivate var text: String? {
        guard case .scalar(let text, _) = node.content else { return nil }
        return text
    }
}
