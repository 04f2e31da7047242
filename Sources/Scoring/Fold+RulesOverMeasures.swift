internal import Events
internal import CEL
internal import Policy

// Rules without an event: their points are a function of measures, attributes and kind (SPEC section 3). The points are
// stored in the record, and are computed again when their inputs may have changed.
extension Fold {
    /// Computes the points of the rules over measures in the dimensions of `change.measures` again, unless their own
    /// inputs are the same. Appends a reason to the output for each rule whose points changed.
    mutating func weighMeasures(_ record: UnsafeMutablePointer<Int64>, cause: Cause, _ change: inout Change) {
        let kindBit = UInt8(1) << SubjectTable.header(record).pointee.kind
        let weighed = change
        for index in 0..<conditions.rulesOverMeasures.count {
            let rule = conditions.rulesOverMeasures.baseAddress! + index
            guard weighed.measures & (1 &<< UInt64(rule.pointee.dimension)) != 0, rule.pointee.kinds & kindBit != 0,
                rule.pointee.condition.map({ mayDiffer($0, weighed, sanctions: false, record) }) ?? weighed.isFirst
            else { continue }
            let bucket = head(rule.pointee.rule, record)
            let points = points(rule, record, cause)
            let added = points - bucket.pointee.sum
            guard added != 0 else { continue }
            bucket.pointee.sum = points
            record[SubjectTable.Layout.dimensionsAt + rule.pointee.dimension] += added
            change.points = true
            output.reasons.append(Reason(rule: rule.pointee.rule, points: added))
        }
    }

    /// A rule's points over the present measures; 0 if there is an error.
    private mutating func points(
        _ rule: UnsafePointer<Conditions.RuleOverMeasures>, _ record: UnsafeMutablePointer<Int64>, _ cause: Cause
    ) -> Int64 {
        guard let condition = rule.pointee.condition else { return rule.pointee.points }
        load(condition.input, record)
        guard let points = condition.expression._withUnsafeGuaranteedRef({ $0.integer(standingFrame) }) else {
            noteError(of: .rule(rule.pointee.rule), condition.expression, wanted: .int, standingFrame, cause, record)
            return 0
        }
        return Self.clamp(points, cap: rule.pointee.cap)
    }

    /// Whether a condition may have another result than at the last evaluation, or an error, which counts again.
    /// `sanctions` is true if the state of a sanction changed.
    @inline(__always) mutating func mayDiffer(
        _ condition: Conditions.Condition, _ change: Change, sanctions: Bool, _ record: UnsafeMutablePointer<Int64>
    ) -> Bool {
        let input = condition.input
        return !condition.isStable || change.isFirst || change.values & input.values != 0
            || change.points && input.readsPoints || sanctions && input.sanctioned
            || change.attributes && !input.attributes.isEmpty || !isComplete(input, record)
    }

    /// Whether the subject has every measure and attribute that a condition names.
    @inline(__always) private mutating func isComplete(
        _ input: Conditions.Input, _ record: UnsafeMutablePointer<Int64>
    ) -> Bool {
        for measure in input.measures where measure.form.canBeAbsent {
            guard state(at: measure.stateAt, record).pointee.events > 0 else { return false }
        }
        guard !input.attributes.isEmpty else { return true }
        let number = attributesNumber(record)
        for named in input.attributes {
            guard attributes.has(named.attribute, in: number) else { return false }
        }
        return true
    }

    /// Loads the values of a subject that a condition names into the evaluation frame, without its points.
    @inline(__always) mutating func load(_ input: Conditions.Input, _ record: UnsafeMutablePointer<Int64>) {
        let slots = standingFrame.slots
        if input.kind {
            slots[policy.variables.standing.kind] = .string(kindTexts[Int(SubjectTable.header(record).pointee.kind)])
        }
        for (form, stateAt, slot) in input.measures {
            if let reading = state(at: stateAt, record).pointee.reading(form) {
                standingFrame.set(slot, reading)
            } else {
                slots[slot] = .error(.noSuchField)
            }
        }
        guard !input.attributes.isEmpty else { return }
        let number = attributesNumber(record)
        for (attribute, slot) in input.attributes { slots[slot] = attributes.value(attribute, of: number) }
    }

    // MARK: Attributes

    /// The number of a subject's attributes.
    @inline(__always) func attributesNumber(_ record: UnsafeMutablePointer<Int64>) -> UInt32 {
        UInt32(truncatingIfNeeded: record[subjects.layout.attributesAt])
    }

    @inline(__always) func load(
        _ named: [(attribute: Int, slot: Int)], of record: UnsafeMutablePointer<Int64>,
        into frame: borrowing EvaluationFrame
    ) {
        let number = attributesNumber(record)
        for index in 0..<named.count {
            let (attribute, slot) = named[index]
            frame.slots[slot] = attributes.value(attribute, of: number)
        }
    }

    /// Replaces the subject's attributes by those of a further enrolment, and evaluates what reads them.
    mutating func replaceAttributes(of subject: UInt32, by event: UnsafePointer<EventView>) {
        let record = subjects.record(subject)
        let (old, new) = (attributesNumber(record), attributes.add(from: event.pointee.data))
        record[subjects.layout.attributesAt] = Int64(new)
        attributes.remove(old)
        guard new != old else { return }
        allowStep()
        var change = Change(attributes: true)
        change.noteAllMeasures()
        let firstReason = output.reasons.count
        weighMeasures(record, cause: .event(event), &change)
        output.sortReasons(from: firstReason)
        weigh(record, &change)
        evaluate(subject, cause: .event(event), reasons: firstReason..<output.reasons.count, change)
    }
}
