public import Events
internal import CEL
internal import CELJSON
internal import Policy

/// A policy compiled for the fold: the rules, measures and sanctions that each event type concerns, and the parts of an
/// event that their expressions read.
///
/// Two prefixes either contain one another or have no type in common. So the most specific pattern that matches a type
/// (the type itself, or else the longest prefix) decides everything that applies to it.
///
/// They are in memory of its own, which the fold reads while its state changes.
struct CompiledRules: ~Copyable {
    /// A rule that names the type.
    struct Step {
        var rule: UInt16
        var dimension: UInt16
        var kinds: UInt8
        /// True if its buckets do not fade, and it has no window and no sum of its own.
        var isPlain: Bool
        var cap: Int64
        /// The points, if `pointsExpression` is nil.
        var points: Int64
        // Borrowed from the policy, which outlives this value. So no references are counted on the hot path.
        var when: Unmanaged<Expression>?
        var pointsExpression: Unmanaged<Expression>?
    }

    /// A measure that events of the type are in.
    struct Entrance {
        var measure: UInt16
        var series: UInt16
        var dimension: UInt16
        var kinds: UInt8
        var form: Series.Form
        /// True if the event breaks the streak, whatever `when` gives.
        var breaks: Bool
        var isAdverse: Bool
        var when: Unmanaged<Expression>?
        /// Nil if each event counts as one.
        var amount: Unmanaged<Expression>?
    }

    /// A sanction that the type lifts or imposes.
    struct Trigger {
        var sanction: UInt16
        var lifts: Bool
        var imposes: Bool
        var when: Unmanaged<Expression>?
    }

    /// The parts of an event that the expressions of its type name. Attributes that no expression names are not
    /// decoded.
    final class Input {
        let fields: JSONFields?
        let type: Bool
        let source: Bool
        let subject: Bool
        let id: Bool
        let time: Bool
        let kind: Bool
        /// Whether an expression names attributes of the event.
        let namesAttributes: Bool
        /// The subject's attributes that are named, with their slots.
        let ofSubject: [(attribute: Int, slot: Int)]
        var isNothing: Bool { fields == nil && !namesAttributes && ofSubject.isEmpty }

        init(_ expressions: [Expression], _ variables: PolicyVariables.Event) {
            let slots = Set(expressions.flatMap(\.slots))
            let named = variables.declarations.objectFields.filter { slots.contains($0.slot) }
            let whole = variables.declarations.wholeObjectSlot.flatMap { slots.contains($0) ? $0 : nil }
            fields =
                named.isEmpty && whole == nil
                ? nil : JSONFields(fields: named, whole: whole, isExcluded: { ProtectedAttribute.contains($0) })
            type = slots.contains(variables.type)
            source = slots.contains(variables.source)
            subject = slots.contains(variables.subject)
            id = slots.contains(variables.id)
            time = slots.contains(variables.time)
            kind = slots.contains(variables.kind)
            namesAttributes = type || source || subject || id || time || kind
            ofSubject = variables.attributes.enumerated().filter { slots.contains($0.element) }
                .map { ($0.offset, $0.element) }
        }
    }

    struct EventType {
        var steps: Range<Int32>
        var entrances: Range<Int32>
        var triggers: Range<Int32>
        /// Nil if no expression reads anything. Borrowed from `inputs`.
        var input: Unmanaged<Input>?
        /// The parts of a record that its events use.
        var lines = RecordLines()
    }

    let steps: UnsafeMutableBufferPointer<Step>
    let entrances: UnsafeMutableBufferPointer<Entrance>
    let triggers: UnsafeMutableBufferPointer<Trigger>
    private let types: UnsafeMutableBufferPointer<EventType>
    private let inputs: [Input]
    private let names: EventNames
    private let prefixes: EventNames

    init(_ policy: ScoringPolicy, _ layout: SubjectTable.Layout, _ series: [Series]) {
        let patterns = policy.eventPatterns
        var builder = Builder(patterns: patterns.count)
        let uses = Uses(policy)
        for pattern in patterns { builder.add(pattern, uses, policy, series) }
        builder.addLines(policy, layout, series)
        steps = .copy(builder.steps)
        entrances = .copy(builder.entrances)
        triggers = .copy(builder.triggers)
        types = .copy(builder.types)
        (inputs, names, prefixes) = (builder.inputs, builder.names, builder.prefixes)
    }

    deinit {
        steps.deallocate()
        entrances.deallocate()
        triggers.deallocate()
        types.deallocate()
    }

    /// The number of the most specific pattern that matches a type; nil if none matches.
    func find(_ type: UnsafeRawBufferPointer) -> Int32? {
        if let number = names.find(type) { return number }
        guard !prefixes.isEmpty else { return nil }
        // A prefix ends with a dot.
        var end = type.count
        while end > 0 {
            if type[end - 1] == UInt8(ascii: "."),
                let number = prefixes.find(UnsafeRawBufferPointer(rebasing: type[..<end]))
            {
                return number
            }
            end -= 1
        }
        return nil
    }

    @inline(__always) subscript(_ type: Int32) -> EventType { types[Int(type)] }

    /// Prefetches what an event of this type uses in a record, or its beginning if the policy does not name the type.
    @inline(__always) func prefetch(_ record: UnsafeMutablePointer<Int64>, for type: EventTypeID?) {
        if let number = type?.value, number >= 0 {
            (types.baseAddress! + Int(number)).pointee.lines.prefetch(record)
        } else {
            CacheLine.prefetch(record, byteCount: SubjectTable.Layout.dimensionsAt * MemoryLayout<Int64>.stride)
        }
    }

    /// Numbers of rules, measures and sanctions, by the types and prefixes that they name.
    private struct Uses {
        var rules = EventPatternTable<Int>()
        var measures = EventPatternTable<Int>()
        var breakers = EventPatternTable<Int>()
        var lifted = EventPatternTable<Int>()
        var imposed = EventPatternTable<Int>()

        init(_ policy: ScoringPolicy) {
            for (number, rule) in policy.rules.enumerated() { rules.add(number, for: rule.events) }
            for (number, measure) in policy.measures.enumerated() {
                measures.add(number, for: measure.events)
                breakers.add(number, for: measure.breakers)
            }
            for (number, sanction) in policy.sanctions.enumerated() {
                lifted.add(number, for: sanction.liftedBy)
                if case .event(let events, _) = sanction.trigger { imposed.add(number, for: events) }
            }
        }
    }
}

extension CompiledRules {
    /// The parts of compiled rules while they are collected.
    private struct Builder {
        var steps: [Step] = []
        var entrances: [Entrance] = []
        var triggers: [Trigger] = []
        var inputs: [Input] = []
        var types: [EventType] = []
        var names: EventNames
        var prefixes: EventNames

        init(patterns count: Int) {
            names = EventNames(capacity: count)
            prefixes = EventNames(capacity: count)
        }

        mutating func add(_ pattern: EventPattern, _ uses: Uses, _ policy: ScoringPolicy, _ series: [Series]) {
            var expressions: [Expression] = []
            let steps = addSteps(uses.rules.covering(pattern), policy, series, &expressions)
            let entrances = addEntrances(
                uses.measures.covering(pattern), breakers: uses.breakers.covering(pattern), policy, &expressions)
            let triggers = addTriggers(
                lifted: uses.lifted.covering(pattern), imposed: uses.imposed.covering(pattern), policy, &expressions)
            var type = EventType(steps: steps, entrances: entrances, triggers: triggers, input: nil)
            let input = Input(expressions, policy.variables.event)
            if !input.isNothing {
                inputs.append(input)
                type.input = .passUnretained(input)
            }
            let number = Int32(types.count)
            if pattern.isPrefix { prefixes.add(pattern.stem, number) } else { names.add(pattern.stem, number) }
            types.append(type)
        }

        private static func use(_ expression: Expression?, _ all: inout [Expression]) -> Unmanaged<Expression>? {
            expression.map { expression in
                all.append(expression)
                return .passUnretained(expression)
            }
        }

        private mutating func addSteps(
            _ rules: [Int], _ policy: ScoringPolicy, _ series: [Series], _ expressions: inout [Expression]
        ) -> Range<Int32> {
            let first = Int32(steps.count)
            for rule in rules {
                let item = policy.rules[rule]
                var step = Step(
                    rule: UInt16(rule), dimension: UInt16(item.dimension), kinds: item.kinds.rawValue,
                    isPlain: series[rule].form == .plain && !series[rule].hasSum, cap: series[rule].cap, points: 0)
                step.when = Self.use(item.when, &expressions)
                switch item.points {
                case .constant(let points): step.points = points
                case .expression(let expression): step.pointsExpression = Self.use(expression, &expressions)
                }
                steps.append(step)
            }
            return first..<Int32(steps.count)
        }

        private mutating func addEntrances(
            _ measures: [Int], breakers: [Int], _ policy: ScoringPolicy, _ expressions: inout [Expression]
        ) -> Range<Int32> {
            let first = Int32(entrances.count)
            for number in Set(measures).union(breakers).sorted() {
                let (measure, breaks) = (policy.measures[number], breakers.contains(number))
                var entrance = Entrance(
                    measure: UInt16(number), series: UInt16(policy.rules.count + number),
                    dimension: UInt16(measure.dimension), kinds: measure.kinds.rawValue, form: Series(measure).form,
                    breaks: breaks, isAdverse: measure.isAdverse && !breaks)
                if !breaks {
                    entrance.when = Self.use(measure.when, &expressions)
                    entrance.amount = Self.use(measure.amount, &expressions)
                }
                entrances.append(entrance)
            }
            return first..<Int32(entrances.count)
        }

        private mutating func addTriggers(
            lifted: [Int], imposed: [Int], _ policy: ScoringPolicy, _ expressions: inout [Expression]
        ) -> Range<Int32> {
            let first = Int32(triggers.count)
            for number in Set(lifted).union(imposed).sorted() {
                var trigger = Trigger(sanction: UInt16(number), lifts: lifted.contains(number), imposes: false)
                if case .event(_, let when) = policy.sanctions[number].trigger, imposed.contains(number) {
                    trigger.imposes = true
                    trigger.when = Self.use(when, &expressions)
                }
                triggers.append(trigger)
            }
            return first..<Int32(triggers.count)
        }

        /// Notes for each type the heads and states of its rules and measures, the points of the rules over these measures,
        /// and what the evaluation reads.
        mutating func addLines(_ policy: ScoringPolicy, _ layout: SubjectTable.Layout, _ series: [Series]) {
            func addSeries(_ number: Int, _ lines: inout RecordLines) {
                let head = layout.seriesAt + number * SubjectTable.Layout.bucketWords
                lines.add(head..<head + SubjectTable.Layout.bucketWords)
                guard series[number].stateAt > 0 else { return }
                lines.add(series[number].stateAt..<series[number].stateAt + series[number].stateWords)
            }
            for type in types.indices {
                var lines = RecordLines()
                lines.add(0..<layout.seriesAt)
                lines.add(layout.perksAt..<layout.statesAt)
                for step in steps[types[type].steps.indices] { addSeries(Int(step.rule), &lines) }
                for entrance in entrances[types[type].entrances.indices] {
                    addSeries(Int(entrance.series), &lines)
                    for (rule, item) in policy.rules.enumerated()
                    where item.isOverMeasures && item.dimension == Int(entrance.dimension) { addSeries(rule, &lines) }
                }
                types[type].lines = lines
            }
        }
    }
}

extension Range<Int32> {
    fileprivate var indices: Range<Int> { Int(lowerBound)..<Int(upperBound) }
}

/// Numbers of texts, with open addressing. A slot with -1 is free.
private struct EventNames {
    private var names: [(name: [UInt8], number: Int32)] = []
    private var index: [Int32]
    private let mask: Int

    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        index = [Int32](repeating: -1, count: size)
        mask = size - 1
    }

    var isEmpty: Bool { names.isEmpty }

    mutating func add(_ text: String, _ number: Int32) {
        let name = Array(text.utf8)
        var slot = name.withUnsafeBytes { Int(truncatingIfNeeded: $0.fingerprint(seed: 1)) & mask }
        while index[slot] >= 0 { slot = (slot + 1) & mask }
        index[slot] = Int32(names.count)
        names.append((name, number))
    }

    func find(_ text: UnsafeRawBufferPointer) -> Int32? {
        var slot = Int(truncatingIfNeeded: text.fingerprint(seed: 1)) & mask
        while case let nameIndex = index[slot], nameIndex >= 0 {
            if names[Int(nameIndex)].name.withUnsafeBytes({ $0.equals(text) }) { return names[Int(nameIndex)].number }
            slot = (slot + 1) & mask
        }
        return nil
    }
}

/// What the fold does with an event type: resolved once for many events.
public struct EventTypeID: Equatable, Sendable {
    /// >= 0: the number of a type or prefix that the policy names. -1: a type that it does not name. <= -2: a control
    /// type.
    @usableFromInline let value: Int32

    static let unnamed = EventTypeID(value: -1)
    /// Not resolved yet. `resolve` never returns it.
    @inlinable public static var unresolved: EventTypeID { EventTypeID(value: .min) }

    @usableFromInline init(value: Int32) { self.value = value }
    public init(_ control: ControlType) { value = -2 - Int32(control.rawValue) }

    /// True if no rule, measure or sanction names the type, and it is not a control type.
    public var isUnmatched: Bool { self == .unnamed }

    @inlinable public var isControl: Bool { value <= -2 }

    var control: ControlType? { value <= -2 && value >= -257 ? ControlType(rawValue: UInt8(-2 - value)) : nil }
}
