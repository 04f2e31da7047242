internal import Events
internal import Policy
internal import Scoring

/// Parses a file of cases against its policy.
struct PolicyCaseParser {
    typealias Value = YAMLReader.Value

    let reader: YAMLReader
    let file: String
    let policy: ScoringPolicy
    let decoder = EventDecoder()
    let memberDecoder = EventDecoder()
    let patterns: [EventPattern]
    /// Whether a case that compares nothing is an error.
    let needsExpectation: Bool
    /// The subjects that the current case enrols, and its events' ids with their subjects and sources.
    var subjects: [String] = []
    var events: [String: (subject: String, source: String)] = [:]
    var stepCount = 0
    /// Bytes of the file's events so far.
    var eventBytes = 0

    static let source = "/cases"
    /// The default of a control event's terms, statement or reason.
    static let missing = "-"

    init(reader: YAMLReader, file: String, policy: ScoringPolicy, needsExpectation: Bool) {
        self.needsExpectation = needsExpectation
        self.reader = reader
        self.file = file
        self.policy = policy
        patterns = policy.eventPatterns
    }

    mutating func cases(_ value: Value) -> [PolicyCase] {
        guard let items = list(value, what: "cases", limit: PolicyCaseFile.maximumCases) else { return [] }
        var names: Set<String> = []
        var result: [PolicyCase] = []
        for (number, item) in items.enumerated() {
            guard
                let mapping = reader.mapping(
                    item, what: "a case",
                    known: ["name", "given", "when", "then", "standing", "never", "any-order"],
                    required: ["name", "given"])
            else { continue }
            let name = mapping["name"].flatMap { reader.string($0, what: "name") } ?? ""
            if let location = mapping["name"], !names.insert(name).inserted {
                reader.note("the case \"\(name.prefix(80))\" is already there", at: location)
            }
            if needsExpectation, !["then", "standing", "never", "any-order"].contains(where: { mapping[$0] != nil }) {
                reader.note("a case compares something: it lacks \"then\", \"standing\" or \"never\"", at: item)
            }
            let given = mapping["given"].flatMap { list($0, what: "given", limit: PolicyCaseFile.maximumSteps) } ?? []
            let when = mapping["when"].flatMap { list($0, what: "when", limit: PolicyCaseFile.maximumSteps) }
            begin(given + (when ?? []))
            let givenSteps = given.flatMap { steps($0) }
            let whenSteps = when.map { $0.flatMap { steps($0) } }
            let then = mapping["then"].map { facts($0) }
            let standings = mapping["standing"].map { self.standings($0) } ?? []
            let never = mapping["never"].map { forbidden($0, from: givenSteps + (whenSteps ?? [])) } ?? []
            let isInAnyOrder = mapping["any-order"].flatMap { reader.bool($0, what: "any-order") } ?? false
            let end = number + 1 < items.count ? items[number + 1].line : nil
            result.append(
                PolicyCase(
                    name: name, file: file, line: item.line, given: givenSteps, when: whenSteps, then: then,
                    standings: standings, never: never, isInAnyOrder: isInAnyOrder, subjects: subjects,
                    location: PolicyCase.Location(line: item.line, column: item.column, end: end),
                    thenLocation: location(of: "then", in: mapping, end: end),
                    standingLocation: location(of: "standing", in: mapping, end: end)))
        }
        return result
    }

    private func location(of key: String, in mapping: YAMLReader.Mapping, end: Int?) -> PolicyCase.Location? {
        guard let location = mapping.location(of: key) else { return nil }
        let next = mapping.names.map(\.key.line).filter { $0 > location.line }.min()
        return PolicyCase.Location(line: location.line, column: location.column, end: next ?? end)
    }

    // MARK: Words

    func list(_ value: Value, what: String, limit: Int) -> [Value]? {
        guard let items = reader.sequence(value, what: what) else { return nil }
        guard items.count <= limit else {
            reader.note("\(what) has more than \(limit) items", at: value)
            return nil
        }
        return items
    }

    func time(_ value: Value, what: String) -> Timestamp? {
        guard let text = reader.string(value, what: what) else { return nil }
        if let time = PolicyCaseText.time(text) { return time }
        reader.note(
            "\(what) must be a day or an RFC 3339 time, such as 2026-01-31 or 2026-01-31T10:00:00Z, not "
                + "\"\(text.prefix(80))\"", at: value)
        return nil
    }

    /// A word that must be one of `known`. Returns its index there.
    func choice(_ value: Value, what: String, of known: [String], listing: Bool = false) -> Int? {
        guard let text = reader.string(value, what: what) else { return nil }
        if let index = known.firstIndex(of: text) { return index }
        reader.noteUnknown(what, text, known: known, at: value, listing: listing)
        return nil
    }

    func sanction(_ value: Value) -> String? {
        let known = policy.sanctions.map(\.id)
        return choice(value, what: "sanction", of: known).map { known[$0] }
    }

    // MARK: Steps

    private enum Verb: String, CaseIterable {
        case enrol, event, void, appeal, decide, withdraw, tick

        /// The keys of the step, except the verb's own.
        var keys: [String] {
            switch self {
            case .enrol: ["kind", "terms", "attributes", "at"]
            case .event: ["subject", "at", "data", "id", "source", "times", "every"]
            case .void: ["subject", "at", "reason"]
            case .appeal: ["subject", "at", "statement"]
            case .decide: ["subject", "at", "outcome", "reason"]
            case .withdraw: ["at"]
            case .tick: []
            }
        }

        var required: [String] {
            switch self {
            case .enrol, .event, .void, .appeal, .withdraw: ["at"]
            case .decide: ["at", "outcome"]
            case .tick: []
            }
        }
    }

    /// Collects the subjects of the case, and the events that could be voided.
    private mutating func begin(_ items: [Value]) {
        subjects = []
        events = [:]
        stepCount = 0
        let peek = YAMLReader("")
        for item in items {
            guard let mapping = peek.mapping(item, what: "", known: nil) else { continue }
            if let name = mapping["enrol"].flatMap({ peek.string($0, what: "") }), !subjects.contains(name) {
                subjects.append(name)
            }
        }
        for item in items {
            guard let mapping = peek.mapping(item, what: "", known: nil), mapping["event"] != nil,
                let id = mapping["id"].flatMap({ peek.string($0, what: "") })
            else { continue }
            let subject = mapping["subject"].flatMap { peek.string($0, what: "") } ?? subjects.first ?? ""
            let source = mapping["source"].flatMap { peek.string($0, what: "") } ?? Self.source
            events[id] = (subject, source)
        }
    }

    private mutating func steps(_ item: Value) -> [PolicyCase.Step] {
        guard let words = reader.mapping(item, what: "a step", known: nil) else { return [] }
        let verbs = Verb.allCases.filter { words[$0.rawValue] != nil }
        guard let verb = verbs.first, verbs.count == 1 else {
            let known = Verb.allCases.map(\.rawValue)
            if verbs.isEmpty, let first = words.names.first {
                reader.noteUnknown("step", first.name, known: known, at: first.key, listing: true)
            } else {
                reader.note("a step is one of \(known.joined(separator: ", "))", at: item)
            }
            return []
        }
        stepCount += 1
        guard
            let step = reader.mapping(
                item, what: "the step \"\(verb.rawValue)\"", known: [verb.rawValue] + verb.keys, required: verb.required
            ),
            let object = step[verb.rawValue]
        else { return [] }
        if verb == .tick { return time(object, what: "tick").map { [.tick($0)] } ?? [] }
        let at = step["at"].flatMap { time($0, what: "at") }
        switch verb {
        case .enrol, .withdraw:
            guard let subject = reader.string(object, what: verb.rawValue), let at else { return [] }
            return control(verb, subject, at, step, item)
        case .event: return behaviour(object, at, step, item)
        case .void, .appeal, .decide:
            guard let subject = subject(step, item), let at else { return [] }
            return control(verb, subject, at, step, item)
        case .tick: return []
        }
    }

    private func subject(_ step: YAMLReader.Mapping, _ item: Value) -> String? {
        if let value = step["subject"] { return reader.string(value, what: "subject") }
        guard subjects.count == 1, let subject = subjects.first else {
            reader.note(
                subjects.isEmpty
                    ? "the step needs a subject: this case enrols nobody"
                    : "the step needs a subject: this case enrols more than one", at: item)
            return nil
        }
        return subject
    }

    private mutating func behaviour(
        _ object: Value, _ at: Timestamp?, _ step: YAMLReader.Mapping, _ item: Value
    ) -> [PolicyCase.Step] {
        let type = eventType(object)
        let subject = subject(step, item)
        let times =
            step["times"].flatMap {
                reader.integer($0, what: "times", in: 1...Int64(PolicyCaseFile.maximumSteps))
            } ?? 1
        let every =
            step["every"].flatMap { value -> CalendarSpan? in
                guard let text = reader.string(value, what: "every") else { return nil }
                if let span = CalendarSpan(text) { return span }
                reader.note("every must be a number of days, months or years, such as 1 month", at: value)
                return nil
            } ?? .zero
        let id = step["id"].flatMap { reader.string($0, what: "id") }
        if let id, times > 1, let location = step["id"] {
            reader.note("\"\(id.prefix(80))\" cannot be the id of \(times) events", at: location)
        }
        let source = step["source"].flatMap { reader.string($0, what: "source") } ?? Self.source
        guard let type, let subject, let at else { return [] }
        var data = JSONWriter()
        if let value = step["data"] {
            guard reader.mapping(value, what: "data", known: nil) != nil,
                reader.writeJSON(value, limit: EventDecoder.maximumEventBytes / 2, to: &data)
            else { return [] }
        }
        stepCount += Int(times) - 1
        guard stepCount <= PolicyCaseFile.maximumSteps else {
            reader.note("the case has more than \(PolicyCaseFile.maximumSteps) steps", at: item)
            return []
        }
        var result: [PolicyCase.Step] = []
        for number in 0..<times {
            let step = event(
                id: id ?? "\(stepCount)-\(number + 1)", source: source, type: type, subject: subject,
                at: at.adding(CalendarSpan(every.count * number, every.unit)), data: data.bytes, item)
            guard let step else { break }
            result.append(.event(step, name: "\(type) of step \(stepCount)"))
        }
        return result
    }

    /// An event type that a rule, a measure or a sanction names.
    private func eventType(_ value: Value) -> String? {
        guard let type = reader.string(value, what: "event") else { return nil }
        if patterns.contains(where: { $0.matches(type) }) { return type }
        reader.noteUnknown(
            "event type (no rule, no measure and no sanction names it)", type,
            known: patterns.filter { !$0.isPrefix }.map(\.stem), at: value)
        return nil
    }

    /// The attributes of an enrolment, as JSON. Nil, with a note, if they differ from the policy's declarations.
    private func attributes(_ value: Value) -> String? {
        guard let mapping = reader.mapping(value, what: "attributes", known: nil) else { return nil }
        for (name, key, value) in mapping.names {
            guard let attribute = policy.attributes.first(where: { $0.name == name }) else {
                reader.noteUnknown("attribute", name, known: policy.attributes.map(\.name), at: key)
                continue
            }
            if !attribute.type.accepts(value.scalar) {
                reader.note("the attribute \"\(name)\" is declared as \(attribute.type.rawValue)", at: value)
            }
        }
        return reader.json(value)
    }

    private mutating func control(
        _ verb: Verb, _ subject: String, _ at: Timestamp, _ step: YAMLReader.Mapping, _ item: Value
    ) -> [PolicyCase.Step] {
        var members: [(String, String)] = []
        var attributes: String?
        /// A text that a control event needs and a case may omit.
        func take(_ key: String) {
            guard let value = step[key] else { return members.append((key, Self.missing)) }
            if let text = reader.string(value, what: key) { members.append((key, text)) }
        }
        let type: ControlType
        switch verb {
        case .enrol:
            type = .enrolled
            let kinds = SubjectKind.allCases.map(\.description)
            let kind = step["kind"].map { choice($0, what: "kind", of: kinds, listing: true).map { kinds[$0] } }
            guard let kind = kind ?? policy.kinds.kinds.first?.description else { return [] }
            members.append(("kind", kind))
            take("terms")
            attributes = step["attributes"].flatMap { self.attributes($0) }
        case .withdraw: type = .withdrawn
        case .void:
            type = .eventVoided
            guard let object = step["void"], let id = reader.string(object, what: "void") else { return [] }
            guard let event = events[id], event.subject == subject else {
                let known = events.filter { $0.value.subject == subject }.keys.sorted()
                reader.noteUnknown("event", id, known: known, at: object)
                return []
            }
            members += [("source", event.source), ("id", id)]
            take("reason")
        case .appeal, .decide:
            type = verb == .appeal ? .appealFiled : .appealDecided
            guard let object = step[verb.rawValue], let id = sanction(object) else { return [] }
            members.append(("sanction", id))
            if verb == .appeal {
                take("statement")
            } else {
                let outcomes = ["upheld", "rejected"]
                guard let outcome = step["outcome"],
                    let number = choice(outcome, what: "outcome", of: outcomes, listing: true)
                else { return [] }
                members.append(("outcome", outcomes[number]))
                take("reason")
            }
        case .event, .tick: return []
        }
        var data = JSONWriter()
        if !members.isEmpty {
            data.open()
            for (name, text) in members { data.member(name, text) }
            if let attributes { data.member("attributes", json: attributes) }
            data.close()
        }
        return event(
            id: "\(stepCount)-control", source: Self.source, type: type.name.description, subject: subject, at: at,
            data: data.bytes, item
        ).map { [.control($0)] } ?? []
    }

    /// The event's JSON; nil, with a note, if the fold could not accept it.
    private mutating func event(
        id: String, source: String, type: String, subject: String, at: Timestamp, data: UnsafeRawBufferPointer,
        _ item: Value
    ) -> [UInt8]? {
        guard eventBytes <= PolicyCaseFile.maximumEventBytes else { return nil }
        eventBytes += 256 + data.count
        guard eventBytes <= PolicyCaseFile.maximumEventBytes else {
            reader.note("the events of the file take more than \(PolicyCaseFile.maximumEventBytes) bytes", at: item)
            return nil
        }
        var writer = JSONWriter(capacity: 256 + data.count)
        writer.open()
        writer.member("specversion", "1.0")
        writer.member("id", id)
        writer.member("source", source)
        writer.member("type", type)
        writer.member("subject", subject)
        writer.member("time", at)
        if !data.isEmpty {
            writer.key("data")
            writer.value { $0.append(data) }
        }
        writer.close()
        var event = EventView.empty
        let defect =
            decoder.decode(structured: writer.bytes, into: &event)
            ?? event.controlDefect(memberDecoder, fromControlTopic: true)
        if let defect {
            reader.note("\(defect)", at: item)
            return nil
        }
        return writer.take()
    }
}

extension ScoringPolicy.AttributeType {
    /// Whether a value is of the type, or absent.
    fileprivate func accepts(_ value: YAMLScalar?) -> Bool {
        switch (self, value) {
        case (_, .null?), (.string, .text?), (.bool, .bool?), (.double, .number?): true
        case (.int, .number(let digits)?): Int64(digits) != nil
        case (.timestamp, .text(let text)?): Timestamp(text) != nil
        default: false
        }
    }
}
