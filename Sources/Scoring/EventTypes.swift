public import Events
internal import Expressions
internal import Policy

/// A policy compiled for the fold: what each event type touches, and what of an event must be read for it.
struct EventTypes {
    /// A rule that names the type.
    struct Step {
        var rule: UInt16
        var dimension: UInt16
        var kinds: UInt8
        var per: Period
        var cap: Int64
        /// The points, if `pointsExpression` is nil.
        var points: Int64
        // Borrowed from the policy, which outlives this: no counting on the way.
        var when: Unmanaged<Expression>?
        var pointsExpression: Unmanaged<Expression>?
    }

    /// A sanction that the type lifts or imposes.
    struct Trigger {
        var sanction: UInt16
        var lifts: Bool
        var imposes: Bool
        var when: Unmanaged<Expression>?
    }

    /// What of an event the expressions of its type name: attributes that none names are not decoded.
    final class Input {
        let fields: JSONFields?
        let type: Bool
        let source: Bool
        let subject: Bool
        let id: Bool
        let time: Bool
        let kind: Bool
        /// Any of the attributes.
        let namesAttributes: Bool
        var isNothing: Bool { fields == nil && !namesAttributes }

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
        }
    }

    struct EventType {
        var steps: Range<Int32>
        var triggers: Range<Int32>
        /// Nil where no expression reads anything. Borrowed from `inputs`.
        var input: Unmanaged<Input>?
    }

    private(set) var steps: [Step] = []
    private(set) var triggers: [Trigger] = []
    private var inputs: [Input] = []
    private var types: [EventType] = []
    private var names: [[UInt8]] = []
    private var index: [Int32]
    private let mask: Int

    init(_ policy: ScoringPolicy) {
        let order = policy.eventTypes
        var size = 16
        while size < order.count * 2 { size *= 2 }
        index = [Int32](repeating: -1, count: size)
        mask = size - 1
        for event in order { add(event, policy) }
    }

    private mutating func add(_ event: String, _ policy: ScoringPolicy) {
        let firstStep = Int32(steps.count)
        let firstTrigger = Int32(triggers.count)
        var expressions: [Expression] = []
        for (rule, item) in policy.rules.enumerated() where item.events.contains(event) {
            var step = Step(
                rule: UInt16(rule), dimension: UInt16(item.dimension), kinds: item.kinds.rawValue, per: item.per,
                cap: min(item.cap, ScoringPolicy.saturation), points: 0)
            if let when = item.when {
                step.when = .passUnretained(when)
                expressions.append(when)
            }
            switch item.points {
            case .constant(let points): step.points = points
            case .expression(let expression):
                step.pointsExpression = .passUnretained(expression)
                expressions.append(expression)
            }
            steps.append(step)
        }
        for (number, sanction) in policy.sanctions.enumerated() {
            var trigger = Trigger(
                sanction: UInt16(number), lifts: sanction.liftedBy.contains(event),
                imposes: sanction.imposingEvents.contains(event))
            guard trigger.lifts || trigger.imposes else { continue }
            if trigger.imposes, case .event(_, let when?) = sanction.trigger {
                trigger.when = .passUnretained(when)
                expressions.append(when)
            }
            triggers.append(trigger)
        }
        var type = EventType(
            steps: firstStep..<Int32(steps.count), triggers: firstTrigger..<Int32(triggers.count), input: nil)
        let input = Input(expressions, policy.variables.event)
        if !input.isNothing {
            inputs.append(input)
            type.input = .passUnretained(input)
        }
        enter(event, Int32(types.count))
        types.append(type)
    }

    private mutating func enter(_ event: String, _ number: Int32) {
        let name = Array(event.utf8)
        names.append(name)
        var slot = name.withUnsafeBytes { Int(truncatingIfNeeded: $0.fingerprint(seed: 1)) & mask }
        while index[slot] >= 0 { slot = (slot + 1) & mask }
        index[slot] = number
    }

    func find(_ type: UnsafeRawBufferPointer) -> Int32? {
        var slot = Int(truncatingIfNeeded: type.fingerprint(seed: 1)) & mask
        while case let number = index[slot], number >= 0 {
            if names[Int(number)].withUnsafeBytes({ $0.equals(type) }) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    @inline(__always) subscript(_ type: Int32) -> EventType { types[Int(type)] }
}

extension ScoringPolicy.Sanction {
    /// Empty for a sanction by level.
    fileprivate var imposingEvents: [String] {
        if case .event(let types, _) = trigger { types } else { [] }
    }
}

/// What the fold does with an event type: resolved once for many events.
public struct EventTypeID: Equatable, Sendable {
    /// >= 0: a type that rules or sanctions name; -1: none; <= -2: a control type.
    let value: Int32

    static let unnamed = EventTypeID(value: -1)
    /// No answer yet; never returned by `resolve`.
    public static let unresolved = EventTypeID(value: .min)

    init(value: Int32) { self.value = value }
    public init(_ control: ControlType) { value = -2 - Int32(control.rawValue) }

    /// No rule and no sanction names the type, and it is no control type.
    public var isUnmatched: Bool { self == .unnamed }

    var control: ControlType? { value <= -2 && value >= -257 ? ControlType(rawValue: UInt8(-2 - value)) : nil }
}
