public import Events
internal import CEL
internal import CELJSON

/// Counts how many sample events match the rules, measures and sanctions of a policy, and how many evaluations fail.
/// Each event is evaluated by itself, so the order of a sample only matters for enrolments.
public struct PolicySample: ~Copyable {
    /// A part with expressions over events.
    public enum Part: Hashable, Sendable {
        case rule(Int)
        case measure(Int)
        case sanction(Int)
    }

    private struct Reader {
        let part: Part
        let kinds: KindSet
        let patterns: [EventPattern]
        let when: Expression?
        let amount: Expression?
        var matched: Int64 = 0
        var failed: Int64 = 0
        /// The event and the reason of the first failed evaluation.
        var failure: (source: String, id: String, reason: String)?
    }

    /// The values of an enrolment.
    private struct Subject {
        var kind: SubjectKind?
        var attributes: [Value]
    }

    private let policy: ScoringPolicy
    private let frame: EvaluationFrame
    private let fields: JSONFields?
    private var readers: [Reader] = []
    private var subjects: [String: Subject] = [:]
    public private(set) var events: Int64 = 0

    public init(_ policy: ScoringPolicy) {
        self.policy = policy
        let declarations = policy.variables.event.declarations
        frame = EvaluationFrame(declarations)
        let (named, whole) = (declarations.objectFields, declarations.wholeObjectSlot)
        fields =
            named.isEmpty && whole == nil
            ? nil : JSONFields(fields: named, whole: whole, isExcluded: { ProtectedAttribute.contains($0) })
        for (number, rule) in policy.rules.enumerated() where !rule.isOverMeasures {
            var amount: Expression?
            if case .expression(let points) = rule.points { amount = points }
            readers.append(
                Reader(part: .rule(number), kinds: rule.kinds, patterns: rule.events, when: rule.when, amount: amount))
        }
        for (number, measure) in policy.measures.enumerated() {
            readers.append(
                Reader(
                    part: .measure(number), kinds: measure.kinds, patterns: measure.events, when: measure.when,
                    amount: measure.amount))
        }
        for (number, sanction) in policy.sanctions.enumerated() {
            guard case .event(let patterns, let when) = sanction.trigger else { continue }
            readers.append(
                Reader(part: .sanction(number), kinds: .all, patterns: patterns, when: when, amount: nil))
        }
    }

    // MARK: Events

    public mutating func add(_ event: EventView) {
        if let control = ControlType(event.type) {
            if control == .enrolled { enrol(event) }
            return
        }
        events += 1
        let type = String(decoding: event.type, as: UTF8.self)
        guard readers.contains(where: { $0.patterns.contains { $0.matches(type) } }) else { return }
        let subject = subjects[String(decoding: event.subject, as: UTF8.self)]
        load(event, subject)
        frame.allow(Limit.stepCost)
        for index in readers.indices where readers[index].patterns.contains(where: { $0.matches(type) }) {
            if let kind = subject?.kind, !readers[index].kinds.contains(KindSet(kind)) { continue }
            var reader = readers[index]
            evaluate(&reader, event)
            readers[index] = reader
        }
    }

    private mutating func enrol(_ event: EventView) {
        guard case .map(let members)? = JSONReader.value(of: event.data) else { return }
        var subject = Subject(attributes: policy.attributes.map { _ in .error(.noSuchField) })
        if case .string(let kind)? = Self.member(members, "kind") {
            let name = String(decoding: kind.bytes, as: UTF8.self)
            subject.kind = SubjectKind.allCases.first { $0.description == name }
        }
        if case .map(let given)? = Self.member(members, "attributes") {
            for (number, attribute) in policy.attributes.enumerated() {
                if let value = Self.member(given, attribute.name), let typed = attribute.type.typed(value) {
                    subject.attributes[number] = typed
                }
            }
        }
        let name = String(decoding: event.subject, as: UTF8.self)
        // A second enrolment changes only the attributes.
        if let known = subjects[name]?.kind { subject.kind = known }
        subjects[name] = subject
    }

    private static func member(_ map: ValueMap, _ name: String) -> Value? {
        map.entries.first {
            if case .string(let key) = $0.key { key.bytes.elementsEqual(name.utf8) } else { false }
        }?.value
    }

    /// Borrows the event's texts.
    private func load(_ event: EventView, _ subject: Subject?) {
        let (slots, variables) = (frame.slots, policy.variables.event)
        fields?.read(event.data, into: slots)
        slots[variables.type] = .string(Text(borrowing: event.type))
        slots[variables.source] = .string(Text(borrowing: event.source))
        slots[variables.subject] = .string(Text(borrowing: event.subject))
        slots[variables.id] = .string(Text(borrowing: event.id))
        let day = Period.day.start(of: Period.day.bucket(of: event.time))
        let (seconds, rest) = (event.time.microseconds - day.microseconds)
            .quotientAndRemainder(dividingBy: Timestamp.microsecondsPerSecond)
        slots[variables.time] = .timestamp(
            Moment(
                seconds: day.microseconds / Timestamp.microsecondsPerSecond + seconds, nanoseconds: Int32(rest) * 1000))
        slots[variables.kind] = (subject?.kind).map { .string(Text($0.description)) } ?? .error(.noSuchField)
        for (number, slot) in variables.attributes.enumerated() {
            slots[slot] = subject?.attributes[number] ?? .error(.noSuchField)
        }
    }

    private func evaluate(_ reader: inout Reader, _ event: EventView) {
        if let when = reader.when {
            switch when.truth(frame) {
            case .yes: break
            case .no: return
            case .error: return fail(&reader, when.failure(frame, wanted: .bool), event)
            }
        }
        if let amount = reader.amount, amount.integer(frame) == nil {
            return fail(&reader, amount.failure(frame, wanted: .int), event)
        }
        reader.matched += 1
    }

    private func fail(_ reader: inout Reader, _ failure: EvaluationFailure, _ event: EventView) {
        reader.failed += 1
        guard reader.failure == nil else { return }
        reader.failure = (
            String(decoding: event.source, as: UTF8.self), String(decoding: event.id, as: UTF8.self), "\(failure)"
        )
    }

    // MARK: Results

    /// The parts that matched no event, and those whose evaluation failed, in policy order. None without events.
    public var findings: [(part: Part, message: String)] {
        guard events > 0 else { return [] }
        return readers.flatMap { reader in
            var found: [(part: Part, message: String)] = []
            if reader.matched == 0 { found.append((reader.part, "no event of the sample matches (\(events) read)")) }
            if let failure = reader.failure {
                found.append(
                    (
                        reader.part,
                        "no value for \(reader.failed) of the sample's events (\(events) read), first \"\(failure.id)\" of "
                            + "\"\(failure.source)\": \(failure.reason)"
                    ))
            }
            return found
        }
    }
}

extension ScoringPolicy.AttributeType {
    /// Nil if the value has another type.
    fileprivate func typed(_ value: Value) -> Value? {
        switch (self, value) {
        case (.int, .int), (.double, .double), (.string, .string), (.bool, .bool): value
        case (.double, .int(let number)): .double(Double(number))
        case (.timestamp, .string(let text)): Moment(timestamp: text.bytes).map { .timestamp($0) }
        default: nil
        }
    }
}
