/// The functions of CEL's standard library, and their parameters.
enum StandardFunction: String, CaseIterable {
    case size, contains, startsWith, endsWith, matches
    case int, uint, double, string, bytes, bool, timestamp, duration, dyn, type
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear
    case getHours, getMinutes, getSeconds, getMilliseconds

    /// The call syntax: `f(a)`, `a.f()` or either.
    enum Form { case function, member, both }

    var form: Form {
        switch self {
        case .size, .matches: .both
        case .int, .uint, .double, .string, .bytes, .bool, .timestamp, .duration, .dyn, .type: .function
        default: .member
        }
    }

    /// One accepted list of types, the target of a member call first.
    struct Overload {
        let parameters: [ValueType]
        let result: ValueType

        init(_ parameters: ValueType..., result: ValueType) {
            self.parameters = parameters
            self.result = result
        }

        /// Whether arguments of these static types can be of its types.
        func accepts(_ arguments: [ValueType]) -> Bool {
            parameters.count == arguments.count
                && zip(parameters, arguments).allSatisfy { $0 == $1 || $0 == .dynamic || $1 == .dynamic }
        }
    }

    var overloads: [Overload] {
        switch self {
        case .size: [.string, .bytes, .list, .map].map { Overload($0, result: .int) }
        case .contains, .startsWith, .endsWith, .matches: [Overload(.string, .string, result: .bool)]
        case .int: [.int, .uint, .double, .string, .timestamp].map { Overload($0, result: .int) }
        case .uint: [.int, .uint, .double, .string].map { Overload($0, result: .uint) }
        case .double: [.int, .uint, .double, .string].map { Overload($0, result: .double) }
        case .string:
            [.string, .int, .uint, .double, .bytes, .bool, .timestamp, .duration].map {
                Overload($0, result: .string)
            }
        case .bytes: [.bytes, .string].map { Overload($0, result: .bytes) }
        case .bool: [.bool, .string].map { Overload($0, result: .bool) }
        case .timestamp: [.timestamp, .string, .int].map { Overload($0, result: .timestamp) }
        case .duration: [.duration, .string].map { Overload($0, result: .duration) }
        case .dyn: [Overload(.dynamic, result: .dynamic)]
        case .type: [Overload(.dynamic, result: .type)]
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear:
            [Overload(.timestamp, result: .int), Overload(.timestamp, .string, result: .int)]
        case .getHours, .getMinutes, .getSeconds, .getMilliseconds:
            [
                Overload(.timestamp, result: .int), Overload(.timestamp, .string, result: .int),
                Overload(.duration, result: .int),
            ]
        }
    }

    /// Units of `Limit.cost` of a call, without the cost of the size of its arguments.
    var cost: Int {
        switch self {
        case .double, .string: 16
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes,
            .getSeconds, .getMilliseconds:
            8
        default: 2
        }
    }

    /// Bounds of its results; nil if there are none. The parts of a duration have none.
    func results(isOfTimestamp: Bool) -> ClosedRange<Double>? {
        guard self != .size else { return 0...Double.infinity }
        guard isOfTimestamp else { return nil }
        return switch self {
        case .getFullYear: 1...9999
        case .getMonth: 0...11
        case .getDate: 1...31
        case .getDayOfMonth: 0...30
        case .getDayOfWeek: 0...6
        case .getDayOfYear: 0...365
        case .getHours: 0...23
        case .getMinutes, .getSeconds: 0...59
        case .getMilliseconds: 0...999
        default: nil
        }
    }

    /// The greatest cost of arguments of these sizes.
    func cost(of a: ValueSize, _ b: ValueSize) -> Double {
        switch self {
        case .size: (a.weight / 32).rounded(.down)
        case .contains: ((a.weight + 2 * b.weight) / 16).rounded(.down)
        case .startsWith, .endsWith: (b.weight / 64).rounded(.down)
        case .matches: RegularExpression.greatestCost(ofPattern: b, text: a)
        case .int, .uint, .double, .bytes, .bool, .timestamp, .duration: (a.weight / 4).rounded(.down)
        case .string: (a.weight / 8).rounded(.down)
        default: 0
        }
    }

    /// The greatest size of its result. No number and no time is written with more than 40 bytes.
    func size(of a: ValueSize) -> ValueSize {
        switch self {
        case .string: .text(max(a.weight, 40))
        case .bytes: .text(a.weight)
        default: .scalar
        }
    }

    /// The result of applying it to values, none of which is an error.
    func apply(_ a: Value, _ b: Value?, _ frame: EvaluationFrame) -> Value {
        guard frame.pays(cost) else { return .error(.tooExpensive) }
        switch self {
        case .size: return Self.size(a, frame)
        case .contains, .startsWith, .endsWith, .matches:
            guard case .string(let text) = a, case .string(let part)? = b else { return .error(.noSuchOverload) }
            return relate(text, part, frame)
        case .int, .uint, .double, .string, .bytes, .bool, .timestamp, .duration, .type:
            return b == nil ? Conversion.convert(a, by: self, frame) : .error(.noSuchOverload)
        case .dyn: return a
        default: return component(of: a, zone: b)
        }
    }

    private static func size(_ value: Value, _ frame: EvaluationFrame) -> Value {
        switch value {
        case .string(let text):
            return frame.pays(text.bytes.count >> 5) ? .int(Int64(text.scalarCount)) : .error(.tooExpensive)
        case .bytes(let text): return .int(Int64(text.bytes.count))
        case .list(let list): return .int(Int64(list.items.count))
        case .map(let map): return .int(Int64(map.entries.count))
        default: return .error(.noSuchOverload)
        }
    }

    private func relate(_ text: Text, _ part: Text, _ frame: EvaluationFrame) -> Value {
        switch self {
        case .contains:
            guard frame.pays((text.bytes.count + 2 * part.bytes.count) >> 4) else { return .error(.tooExpensive) }
            return .bool(text.contains(part))
        case .startsWith:
            guard frame.pays(part.bytes.count >> 6) else { return .error(.tooExpensive) }
            return .bool(text.starts(with: part))
        case .endsWith:
            guard frame.pays(part.bytes.count >> 6) else { return .error(.tooExpensive) }
            return .bool(text.ends(with: part))
        default:
            return RegularExpression.match(text, part, frame)
        }
    }

    /// A part of a timestamp on the clock of a time zone, or of a duration.
    private func component(of value: Value, zone: Value?) -> Value {
        switch (value, zone) {
        case (.timestamp(let moment), nil):
            return .int(component(of: moment.civil(offset: 0)))
        case (.timestamp(let moment), .string(let name)?):
            guard let offset = TimeZoneOffset(name.bytes)?.seconds(at: moment) else { return .error(.badTimeZone) }
            return .int(component(of: moment.civil(offset: offset)))
        case (.duration(let span), nil):
            switch self {
            case .getHours: return .int(span.durationHours)
            case .getMinutes: return .int(span.durationMinutes)
            case .getSeconds: return .int(span.durationSeconds)
            case .getMilliseconds: return .int(span.durationMilliseconds)
            default: return .error(.noSuchOverload)
            }
        default:
            return .error(.noSuchOverload)
        }
    }

    private func component(of time: CivilTime) -> Int64 {
        switch self {
        case .getFullYear: time.year
        case .getMonth: time.month - 1
        case .getDate: time.day
        case .getDayOfMonth: time.day - 1
        case .getDayOfWeek: time.dayOfWeek
        case .getDayOfYear: time.dayOfYear
        case .getHours: time.hour
        case .getMinutes: time.minute
        case .getSeconds: time.second
        default: time.millisecond
        }
    }
}
