internal import Events
internal import CEL
internal import Policy

// Rules without an event: their points are a function of measures, attributes and kind (SPEC section 3). The points are
// stored in the record, and are computed again when their inputs may have changed.
extension Fold {
    /// Computes the points of the rules over measures in the dimensions of `change.measures` again. Appends a reason to
    /// the output for each rule whose points changed.
    mutating func weighMeasures(_ record: UnsafeMutablePointer<Int64>, cause: Cause, _ change: inout Change) {
        let kindBit = UInt8(1) << SubjectTable.header(record).pointee.kind
        let measures = change.measures
        var isChanged = false
        // By pointer, because a copy of a rule would count references.
        conditions.rulesOverMeasures.withUnsafeBufferPointer { rules in
            for index in rules.indices {
                let rule = rules.baseAddress! + index
                guard measures & (1 &<< UInt64(rule.pointee.dimension)) != 0, rule.pointee.kinds & kindBit != 0 else {
                    continue
                }
                let number = rule.pointee.rule
                let place = head(number, record)
                let points = points(rule, record, cause)
                let added = points - place.pointee.sum
                guard added != 0 else { continue }
                place.pointee.sum = points
                record[SubjectTable.Layout.dimensionsAt + rule.pointee.dimension] += added
                isChanged = true
                output.reasons.append(Reason(rule: number, points: added))
            }
        }
        if isChanged { change.points = true }
    }

    /// A rule's points over the present measures; 0 if there is an error.
    private mutating func points(
        _ rule: UnsafePointer<Conditions.RuleOverMeasures>, _ record: UnsafeMutablePointer<Int64>, _ cause: Cause
    ) -> Int64 {
        guard let expression = rule.pointee.expression else { return rule.pointee.points }
        load(rule.pointee.input, record)
        guard let points = expression._withUnsafeGuaranteedRef({ $0.integer(standingFrame) }) else {
            noteError(of: .rule(rule.pointee.rule), expression, wanted: .int, standingFrame, cause, record)
            return 0
        }
        return Self.clamp(points, cap: rule.pointee.cap)
    }

    /// Loads the values of a subject that conditions name into the evaluation frame, without its points.
    @inline(__always) func load(_ input: Conditions.Input, _ record: UnsafeMutablePointer<Int64>) {
        let slots = standingFrame.slots
        if input.kind {
            slots[policy.variables.standing.kind] = .string(kindTexts[Int(SubjectTable.header(record).pointee.kind)])
        }
        for index in 0..<input.measures.count {
            let (form, stateAt, slot) = input.measures[index]
            slots[slot] = state(at: stateAt, record).pointee.reading(form).map { .int($0) } ?? .error(.noSuchField)
        }
        if !input.attributes.isEmpty { load(input.attributes, of: record, into: standingFrame) }
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
        var change = Change(measures: Change.allMeasures, attributes: true)
        let firstReason = output.reasons.count
        weighMeasures(record, cause: .event(event), &change)
        output.sortReasons(from: firstReason)
        weigh(record, &change)
        evaluate(subject, cause: .event(event), reasons: firstReason..<output.reasons.count, change)
    }
}
