internal import Events
internal import Foundation
internal import Mapping
internal import Policy

extension TopicFileReader {
    /// A text of a list, with its position.
    struct Pattern {
        let text: String
        let value: Value
    }

    struct Declared {
        let declaration: SourceDeclaration
        let sources: [Pattern]
        let map: RecordMap?
    }

    private static let fields: [Field] = [
        .owner, .sector, .purpose, .types, .sources, .lasts, .format, .map, .contact,
    ]
    private static let required: [Field] = [.owner, .sector, .purpose, .contact]

    /// What the file declares of a source; nil if it declares nothing, and, with a report, if that is not usable.
    func declaration(_ values: [Field: Value], root: Value) -> Declared? {
        let given = Self.fields.filter { values[$0] != nil }
        guard !given.isEmpty else { return nil }
        if let role = values[.role].flatMap(text(of:)), role != TopicDefinition.Role.source.rawValue {
            for field in given {
                report(values[field] ?? root, "`\(field.rawValue)` is for the role `source` only")
            }
            return nil
        }
        for field in Self.required where values[field] == nil {
            report(root, "a declared source needs `\(field.rawValue)`")
        }
        let owner = text(values[.owner], .owner)
        let sector: SourceDeclaration.Sector? = choice(values[.sector], .sector)
        let purpose = text(values[.purpose], .purpose)
        // Without them any type, or any source that no other topic has declared.
        let types = values[.types] == nil ? [] : patterns(values[.types], .types)
        let sources = values[.sources] == nil ? [] : patterns(values[.sources], .sources)
        let lasts = span(values[.lasts])
        let format: SourceDeclaration.Format? = choice(values[.format], .format)
        let map = recordMap(values[.map])
        let contact = text(values[.contact], .contact)
        for type in types ?? [] { check(type: type) }
        for source in sources ?? [] { check(source) }
        if let value = values[.map], format != .json { report(value, "`map` needs `format: json`") }
        if format == .json, let source = map?.fixedSource, let sources, !sources.isEmpty,
            !sources.contains(where: { source.utf8.starts(with: $0.text.utf8) })
        {
            report(values[.map] ?? root, "the map gives the source `\(source)`, which `sources` does not have")
        }
        if format == .json, let type = map?.fixedType { check(fixedType: type, types, at: values[.map] ?? root) }
        if format == .json, values[.map] == nil {
            report(values[.format] ?? root, "the format `json` needs a `map`")
        }
        guard let owner, let sector, let purpose, let types, let sources, let contact else { return nil }
        let declaration = SourceDeclaration(
            owner: owner, sector: sector, purpose: purpose, types: types.map(\.text), sources: sources.map(\.text),
            lasts: lasts, format: format ?? .cloudEvents, contact: contact)
        return Declared(declaration: declaration, sources: sources, map: map)
    }

    /// One text or a list of them, never empty.
    private func patterns(_ value: Value?, _ field: Field) -> [Pattern]? {
        guard let value else { return nil }
        let items = value.items ?? [value]
        guard 1...SourceDeclaration.maximumPatterns ~= items.count else {
            report(
                value, "`\(field.rawValue)` is a text or a list of 1 to \(SourceDeclaration.maximumPatterns) texts")
            return nil
        }
        return items.compactMap { item in text(item, field).map { Pattern(text: $0, value: item) } }
    }

    private func check(type pattern: Pattern) {
        check(pattern)
        guard let parsed = EventPattern(pattern.text), !parsed.stem.isEmpty, parsed.stem != "." else {
            report(pattern.value, "`types` has event types, and prefixes of them such as `bill.*`")
            return
        }
        let reserved = ControlType.prefix.description
        if parsed.stem.utf8.starts(with: reserved.utf8) || parsed.isPrefix && reserved.hasPrefix(parsed.stem) {
            report(pattern.value, "types under `\(reserved)` are for the control topic only")
        }
    }

    /// Every record of a topic whose map gives another type would become a dead letter.
    private func check(fixedType type: String, _ types: [Pattern]?, at value: Value) {
        let reserved = ControlType.prefix.description
        if type.utf8.starts(with: reserved.utf8) {
            report(value, "the map gives the type `\(type)`: those under `\(reserved)` are for the control topic only")
        } else if let types, !types.isEmpty, let event = EventPattern(type),
            !types.contains(where: { EventPattern($0.text)?.covers(event) == true })
        {
            report(value, "the map gives the type `\(type)`, which `types` does not have")
        }
    }

    private func check(_ pattern: Pattern) {
        if pattern.text.utf8.count > EventDecoder.maximumAttributeBytes {
            report(pattern.value, "is longer than \(EventDecoder.maximumAttributeBytes) bytes")
        } else if pattern.text.unicodeScalars.contains(where: { $0.value < 0x20 || 0x7F...0x9F ~= $0.value }) {
            report(pattern.value, "has a control character, which no event has there")
        }
    }

    private func span(_ value: Value?) -> CalendarSpan? {
        guard let value else { return nil }
        guard let span = text(of: value).flatMap({ CalendarSpan($0) }), span.count > 0 else {
            report(value, "`lasts` is a number of `days`, `months` or `years` such as `2 years`")
            return nil
        }
        return span
    }

    /// A mapping is the map itself; a text names a file in the topic file's folder that has it under `map`.
    private func recordMap(_ value: Value?) -> RecordMap? {
        guard let value else { return nil }
        guard let name = text(of: value) else { return RecordMap(value, by: yaml) }
        let file = (path as NSString).deletingLastPathComponent + "/" + name
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."),
            let data = FileManager.default.contents(atPath: file), data.count <= TopicDefinition.maximumFileBytes
        else {
            report(
                value,
                "`map` is a mapping, or names a file in the topic file's folder that can be read and has at most "
                    + "\(TopicDefinition.maximumFileBytes) bytes")
            return nil
        }
        do throws(YAMLMistakes) {
            return try RecordMap(yaml: try YAMLReader.text(of: data, file: file), file: file)
        } catch {
            for mistake in error.mistakes {
                report(value, "\(file):\(mistake.line):\(mistake.column): \(mistake.message)")
            }
            return nil
        }
    }
}

extension TopicFile {
    /// A `source` that two topics declare would let one of them repeat and hide the other's events.
    static func overlaps(_ files: [TopicFile]) -> [TopicFileError.Diagnostic] {
        struct Claim {
            let file: Int
            let source: TopicFileReader.Pattern
        }
        let claims = files.enumerated().flatMap { number, file in
            file.sources.map { Claim(file: number, source: $0) }
        }.sorted { a, b in
            let (x, y) = (a.source.text.utf8, b.source.text.utf8)
            return x.elementsEqual(y) ? a.file < b.file : x.lexicographicallyPrecedes(y)
        }
        var result: [TopicFileError.Diagnostic] = []
        // The claims that the present one begins with; the shortest first.
        var open: [Claim] = []
        for claim in claims {
            while let last = open.last, !claim.source.text.utf8.starts(with: last.source.text.utf8) {
                open.removeLast()
            }
            if let other = open.first(where: { $0.file != claim.file }) {
                let (first, second) = other.file < claim.file ? (other, claim) : (claim, other)
                let (path, location) = (files[first.file].path, first.source.value)
                result.append(
                    TopicFileError.Diagnostic(
                        file: files[second.file].path, line: second.source.value.line,
                        column: second.source.value.column,
                        message: "`\(second.source.text)` overlaps `\(first.source.text)`, which "
                            + "\(path):\(location.line):\(location.column) declares"))
            }
            open.append(claim)
        }
        for file in files {
            guard let source = file.definition.map?.fixedSource, let value = file.values[.map],
                let claim = claims.first(where: {
                    files[$0.file].path != file.path && source.utf8.starts(with: $0.source.text.utf8)
                })
            else { continue }
            let (path, location) = (files[claim.file].path, claim.source.value)
            result.append(
                TopicFileError.Diagnostic(
                    file: file.path, line: value.line, column: value.column,
                    message: "the map gives the source `\(source)`, which begins with `\(claim.source.text)`, which "
                        + "\(path):\(location.line):\(location.column) declares"))
        }
        return result
    }
}
