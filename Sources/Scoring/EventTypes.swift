public import Events
internal import Policy

/// A policy compiled for the fold: which rules an event type touches.
struct EventTypes {
    struct Step {
        var rule: Int32
        var dimension: Int32
        var kinds: UInt8
        var points: Int64
        var cap: Int64
    }

    private(set) var steps: [Step] = []
    private var ranges: [Range<Int32>] = []
    private var names: [[UInt8]] = []
    private var index: [Int32]
    private let mask: Int

    init(_ policy: ScoringPolicy) {
        var order: [String] = []
        for rule in policy.rules {
            for event in rule.events where !order.contains(event) { order.append(event) }
        }
        var size = 16
        while size < order.count * 2 { size *= 2 }
        index = [Int32](repeating: -1, count: size)
        mask = size - 1
        for (number, event) in order.enumerated() {
            let start = Int32(steps.count)
            for (rule, item) in policy.rules.enumerated() where item.events.contains(event) {
                steps.append(
                    Step(
                        rule: Int32(rule), dimension: Int32(item.dimension), kinds: item.kinds.rawValue,
                        points: item.points, cap: item.cap))
            }
            ranges.append(start..<Int32(steps.count))
            let name = Array(event.utf8)
            names.append(name)
            var slot = name.withUnsafeBytes { Int(truncatingIfNeeded: $0.fingerprint(seed: 1)) & mask }
            while index[slot] >= 0 { slot = (slot + 1) & mask }
            index[slot] = Int32(number)
        }
    }

    func find(_ type: UnsafeRawBufferPointer) -> Int32? {
        var slot = Int(truncatingIfNeeded: type.fingerprint(seed: 1)) & mask
        while case let number = index[slot], number >= 0 {
            if names[Int(number)].withUnsafeBytes({ $0.equals(type) }) { return number }
            slot = (slot + 1) & mask
        }
        return nil
    }

    @inline(__always) func steps(of type: Int32) -> Range<Int32> { ranges[Int(type)] }
}

/// What the fold does with an event type: resolved once for many events.
public struct EventTypeID: Equatable, Sendable {
    /// >= 0: a type that rules name; -1: none; <= -2: a control type.
    let value: Int32

    static let unnamed = EventTypeID(value: -1)
    /// No answer yet; never returned by `resolve`.
    public static let unresolved = EventTypeID(value: .min)

    init(value: Int32) { self.value = value }
    public init(_ control: ControlType) { value = -2 - Int32(control.rawValue) }

    var control: ControlType? { value <= -2 && value >= -257 ? ControlType(rawValue: UInt8(-2 - value)) : nil }
}
