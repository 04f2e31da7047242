internal import Events
internal import CEL
internal import Policy

/// Where a dimension's points are clamped.
struct Bounds: BitwiseCopyable {
    let min: Int64
    let max: Int64

    @inline(__always) func clamp(_ points: Int64) -> Int64 { Swift.max(min, Swift.min(max, points)) }
}

/// A perk in a record: revoked, granted, or (any other value) granted until this time unless its condition becomes true
/// again.
enum PerkState {
    static let idle: Int64 = 0
    static let held: Int64 = .max

    /// The end of a grace as stored. It never equals the value for revoked.
    static func graceEnd(_ time: Timestamp) -> Int64 { time.microseconds == idle ? 1 : time.microseconds }
}

// What follows from a subject's points (SPEC section 5): score and band, then level sanctions, then perks.
extension Fold {
    /// D(d): a dimension's points, clamped.
    @inline(__always) func points(_ dimension: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        bounds[dimension].clamp(record[SubjectTable.Layout.dimensionsAt + dimension])
    }

    @inline(__always) func score(_ record: UnsafeMutablePointer<Int64>) -> Int64 {
        var sum = policy.score.base
        for dimension in 0..<bounds.count { sum += points(dimension, record) }
        return max(policy.score.min, min(policy.score.max, sum))
    }

    /// The last published score and band.
    @inline(__always) func level(_ record: UnsafeMutablePointer<Int64>) -> Fact.Level {
        Fact.Level(score: record[SubjectTable.Layout.scoreAt], band: Int(SubjectTable.header(record).pointee.band))
    }

    /// The highest band whose floor is at most `score`.
    @inline(__always) private func band(of score: Int64) -> Int {
        var band = 0
        while band + 1 < bandFloors.count, bandFloors[band + 1] <= score { band += 1 }
        return band
    }

    /// Puts the last published and the present score and band into a change.
    @inline(__always) func weigh(_ record: UnsafeMutablePointer<Int64>, _ change: inout Change) {
        change.before = level(record)
        change.after = change.before
        guard change.points || change.isFirst else { return }
        change.after.score = score(record)
        guard change.after.score != change.before.score || change.isFirst else { return }
        change.after.band = band(of: change.after.score)
        if change.isFirst { change.before = change.after }
    }

    /// Emits a fact for each change. A step without a change and without an adverse event leaves the standing as it is.
    /// The change must have been weighed.
    @inline(__always) mutating func evaluate(
        _ subject: UInt32, cause: Cause, reasons: Range<Int>, _ change: Change
    ) {
        guard
            change.points || change.sanctions || change.adverse != 0 || change.isFirst || change.measures != 0
                || change.attributes
        else { return }
        let record = subjects.record(subject)
        if change.isFirst || change.after != change.before {
            record[SubjectTable.Layout.scoreAt] = change.after.score
            move(record, to: change.after.band, isFirst: change.isFirst)
            emit(
                .scoreChanged, record, cause: cause, before: change.isFirst ? nil : change.before, after: change.after,
                reasons: reasons)
        }
        if purpose == .past { return }
        var change = change
        if !conditions.levels.isEmpty,
            change.points || change.adverse != 0 || change.measures != 0 || change.attributes
        {
            evaluateLevels(subject, record, cause: cause, &change)
        }
        if !conditions.perks.isEmpty { evaluatePerks(subject, record, cause: cause, change, reasons) }
    }

    /// Sets the subject's band and updates the counts. With `isFirst` the subject is in no count yet.
    @inline(__always) private mutating func move(_ record: UnsafeMutablePointer<Int64>, to band: Int, isFirst: Bool) {
        let header = SubjectTable.header(record)
        let before = Int(header.pointee.band)
        guard isFirst || band != before else { return }
        if !isFirst { subjectsByBand[before] -= 1 }
        subjectsByBand[band] += 1
        header.pointee.band = UInt8(band)
    }

    mutating func evaluateLevels(
        _ subject: UInt32, _ record: UnsafeMutablePointer<Int64>, cause: Cause, _ change: inout Change
    ) {
        for index in 0..<conditions.levels.count {
            let level = conditions.levels.baseAddress! + index
            let (sanction, dimension) = (level.pointee.sanction, level.pointee.dimension)
            let isActive = record[subjects.layout.sanctionsAt + sanction] != 0
            // An active one was true when it was last evaluated.
            guard
                isActive
                    ? mayDiffer(level.pointee.when, change, sanctions: false, record)
                    : change.adverse & (1 &<< UInt64(dimension)) != 0
            else { continue }
            load(level.pointee.when.input, record)
            standingFrame.set(policy.variables.standing.points, points(dimension, record))
            switch truth(of: .sanction(sanction), level.pointee.when.expression, cause, record) {
            case .yes where !isActive && !isFrozen:
                impose(sanction, record, subject, cause: cause, identity: 0, change)
                change.sanctions = true
            case .no where isActive:
                lift(sanction, record, .cured, cause: cause, change)
                change.sanctions = true
            // An error imposes nothing, and is no cure.
            default: break
            }
        }
    }

    mutating func evaluatePerks(
        _ subject: UInt32, _ record: UnsafeMutablePointer<Int64>, cause: Cause, _ change: Change, _ reasons: Range<Int>
    ) {
        let before = change.isFirst ? nil : change.before
        let states = record + subjects.layout.perksAt
        for perk in 0..<conditions.perks.count {
            let when = conditions.perks.baseAddress! + perk
            // Its state is that of its last evaluation.
            guard mayDiffer(when.pointee, change, sanctions: change.sanctions, record) else { continue }
            loadPerkInput(when.pointee.input, record, change.after)
            let holds = truth(of: .perk(perk), when.pointee.expression, cause, record) == .yes
            switch (states[perk], holds) {
            case (PerkState.idle, true):
                states[perk] = PerkState.held
                emit(
                    .perkGranted, record, cause: cause, before: before, after: change.after, item: perk,
                    reasons: reasons)
            case (PerkState.held, false):
                let due = PerkState.graceEnd(clock.adding(policy.perks[perk].grace))
                if due <= clock.microseconds {
                    states[perk] = PerkState.idle
                    emit(
                        .perkRevoked, record, cause: cause, before: before, after: change.after, item: perk,
                        reasons: reasons)
                } else {
                    states[perk] = due
                    addDecision(
                        Timer(subject: subject, rank: ranks.ofPerk[perk], item: UInt16(perk), bucket: 0), due: due)
                }
            case (PerkState.idle, false), (PerkState.held, true): break
            case (_, true): states[perk] = PerkState.held
            case (_, false): break
            }
        }
    }

    /// Loads the parts of a standing that a perk names into the evaluation frame.
    @inline(__always) private mutating func loadPerkInput(
        _ input: Conditions.Input, _ record: UnsafeMutablePointer<Int64>, _ level: Fact.Level
    ) {
        load(input, record)
        let slots = standingFrame.slots
        if input.score { standingFrame.set(policy.variables.standing.score, level.score) }
        if input.band { slots[policy.variables.standing.band] = .string(bandTexts[level.band]) }
        if input.sanctioned { slots[policy.variables.standing.sanctioned] = .bool(isSanctioned(record)) }
        for (dimension, slot) in input.dimensions { standingFrame.set(slot, points(dimension, record)) }
    }

    /// Evaluates a condition over a standing. An error is counted, and shown in the subject's explanation.
    @inline(__always) private mutating func truth(
        of part: FoldDiagnostics.Part, _ expression: Unmanaged<Expression>, _ cause: Cause,
        _ record: UnsafeMutablePointer<Int64>
    ) -> Truth {
        let truth = expression._withUnsafeGuaranteedRef { $0.truth(standingFrame) }
        if truth == .error { noteError(of: part, expression, wanted: .bool, standingFrame, cause, record) }
        return truth
    }
}
