import Events
import CEL
import Foundation
import Policy

// Windows, fading, measures and attributes, once more and plainly: SPEC section 3.
extension NaiveFold {
    /// An event that is in a measure, or breaks its streak.
    struct Entry {
        var measure: Int
        var time: Timestamp
        var source: String
        var id: String
        var value: Int64
        var breaks: Bool

        /// (time, source, id), the texts as bytes.
        func precedes(_ other: Entry) -> Bool {
            if time != other.time { return time < other.time }
            if source != other.source { return source.utf8.lexicographicallyPrecedes(other.source.utf8) }
            return id.utf8.lexicographicallyPrecedes(other.id.utf8)
        }
    }

    func names(_ patterns: [EventPattern], _ type: String) -> Bool {
        patterns.contains { pattern in
            let text = pattern.description
            return text.hasSuffix(".*") ? type.hasPrefix(text.dropLast()) : type == text
        }
    }

    // MARK: Windows and fading

    /// The end of the event's UTC day, and the window.
    private func windowEnd(_ time: Timestamp, _ within: CalendarSpan) -> Timestamp {
        let midnight = Timestamp("\(time.description.prefix(10))T00:00:00Z")!
        return midnight.adding(microseconds: Timestamp.microsecondsPerDay).adding(within)
    }

    func end(_ entry: Entry) -> Timestamp {
        policy.measures[entry.measure].within.map { windowEnd(entry.time, $0) } ?? Timestamp(microseconds: .max)
    }

    /// When what an event contributes to a rule becomes less; with the last of them nothing is left.
    func ends(_ item: Contribution) -> [Timestamp] {
        let rule = policy.rules[item.rule]
        if let within = rule.within { return [windowEnd(item.time, within)] }
        guard let lasts = rule.lasts else { return [Timestamp(microseconds: .max)] }
        let end = rule.per.end(of: rule.per.bucket(of: item.time))
        guard rule.fading != nil else { return [end.adding(lasts)] }
        return (1...units(lasts).count).map { end.adding(CalendarSpan($0, units(lasts).unit)) }
    }

    private func units(_ lasts: CalendarSpan) -> CalendarSpan {
        lasts.unit == .years ? CalendarSpan(12 * lasts.count, .months) : lasts
    }

    /// What a bucket's clamped sum has become.
    func left(of points: Int64, _ rule: ScoringPolicy.Rule, _ bucket: Int32, at time: Timestamp) -> Int64 {
        guard rule.fading != nil, let lasts = rule.lasts else { return points }
        let (unit, count) = (units(lasts).unit, units(lasts).count)
        let end = rule.per.end(of: bucket)
        let steps = (0..<count).last { end.adding(CalendarSpan($0, unit)) <= time } ?? 0
        return points * (count - steps) / count
    }

    // MARK: Measures

    /// What the event in the frame is to the measures.
    func entries(_ happening: Happening, _ kind: String) -> [Entry] {
        policy.measures.enumerated().compactMap { number, measure in
            guard measure.kinds.kinds.contains(where: { $0.description == kind }) else { return nil }
            var entry = Entry(
                measure: number, time: happening.time, source: happening.source, id: happening.id, value: 1,
                breaks: false)
            if case .streak(let breakers) = measure.value, names(breakers, happening.type!) {
                entry.breaks = true
            } else {
                guard names(measure.events, happening.type!),
                    measure.when.map({ $0.truth(eventFrame) == .yes }) ?? true
                else { return nil }
                switch measure.value {
                case .count, .streak: break
                case .sum(let amount), .min(let amount), .max(let amount), .latest(let amount):
                    guard let value = amount.integer(eventFrame) else { return nil }
                    entry.value = value
                }
            }
            return end(entry) > clock ? entry : nil
        }
    }

    /// What is in a measure's window at a time, in order.
    func window(_ measure: Int, _ subject: Subject, at time: Timestamp) -> [Entry] {
        subject.events.flatMap(\.entries).filter { $0.measure == measure && end($0) > time }
            .sorted { $0.precedes($1) }
    }

    /// Nil if it is absent.
    func value(_ measure: Int, _ subject: Subject, at time: Timestamp) -> Int64? {
        let entries = window(measure, subject, at: time)
        let values = entries.map(\.value)
        switch policy.measures[measure].value {
        case .count: return Int64(values.count)
        case .sum:
            let limit = Int128(1) << 62
            return Int64(max(-limit, min(limit, values.reduce(Int128(0)) { $0 + Int128($1) })))
        case .min: return values.min()
        case .max: return values.max()
        case .latest: return values.last
        case .streak: return Int64(entries.reversed().prefix { !$0.breaks }.count)
        }
    }

    func pointsOverMeasures(_ rule: ScoringPolicy.Rule, _ subject: Subject, at time: Timestamp) -> Int64 {
        guard rule.kinds.kinds.contains(where: { $0.description == subject.kind }) else { return 0 }
        switch rule.points {
        case .constant(let points): return points
        case .expression(let expression):
            loadMeasures(subject, at: time)
            return expression.integer(standingFrame) ?? 0
        }
    }

    /// Has a subject's measures, attributes and kind in the frame of conditions.
    func loadMeasures(_ subject: Subject, at time: Timestamp) {
        let variables = policy.variables.standing
        standingFrame.slots[variables.kind] = .string(Text(subject.kind))
        for (measure, slot) in variables.measures.enumerated() {
            standingFrame.slots[slot] = value(measure, subject, at: time).map { .int($0) } ?? .error(.noSuchField)
        }
        for (attribute, slot) in variables.attributes.enumerated() {
            standingFrame.slots[slot] = self.attribute(attribute, subject)
        }
    }

    // MARK: Attributes and data

    /// An attribute as it is declared; absent if it is of another type.
    func attribute(_ number: Int, _ subject: Subject) -> Value {
        let declared = policy.attributes[number]
        switch (declared.type, subject.attributes[declared.name]) {
        case (.int, .int(let value)?): return .int(value)
        case (.double, .double(let value)?): return .double(value)
        case (.double, .int(let value)?): return .double(Double(value))
        case (.string, .string(let value)?): return .string(value)
        case (.bool, .bool(let value)?): return .bool(value)
        case (.timestamp, .string(let value)?):
            return Moment(timestamp: value.bytes).map { .timestamp($0) } ?? .error(.noSuchField)
        default: return .error(.noSuchField)
        }
    }

    /// Has the event in the frame, read by Foundation.
    func load(_ happening: Happening, _ subject: Subject) {
        let variables = policy.variables.event
        eventFrame.slots[variables.kind] = .string(Text(subject.kind))
        eventFrame.slots[variables.type] = .string(Text(happening.type ?? ""))
        for (attribute, slot) in variables.attributes.enumerated() {
            eventFrame.slots[slot] = self.attribute(attribute, subject)
        }
        let object = (try? JSONSerialization.jsonObject(with: Data(happening.data.utf8))) as? [String: Any] ?? [:]
        let data = Self.members(of: object)
        for (name, slot) in variables.declarations.objectFields {
            eventFrame.slots[slot] = data[name] ?? .error(.noSuchField)
        }
    }

    /// Numbers, texts and truths among an object's members.
    static func members(of object: [String: Any]) -> [String: Value] {
        object.compactMapValues { member in
            switch (member, (member as? NSNumber).map { String(cString: $0.objCType) }) {
            case (let text as String, _): .string(Text(text))
            // What the least int is read as.
            case (let number as NSDecimalNumber, _) where Int64(number.stringValue) != nil:
                .int(Int64(number.stringValue)!)
            case (let number as NSNumber, "c"?): .bool(number.boolValue)
            case (let number as NSNumber, "d"?): .double(number.doubleValue)
            case (let number as NSNumber, _): .int(number.int64Value)
            default: nil
            }
        }
    }
}
