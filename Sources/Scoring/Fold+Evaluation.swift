internal import Events
internal import Expressions
internal import Policy

/// Where a dimension's points are clamped.
struct Bounds: BitwiseCopyable {
    let min: Int64
    let max: Int64

    @inline(__always) func clamp(_ points: Int64) -> Int64 { Swift.max(min, Swift.min(max, points)) }
}

/// A perk in a record: not held, held, or (any other value) held until this time unless the condition returns.
enum PerkState {
    static let idle: Int64 = 0
    static let held: Int64 = .max
}

// What follows from a subject's points (SPEC section 5): score and band, then level sanctions, then perks.
extension Fold {
    /// D(d): a dimension's points, clamped.
    @inline(__always) func points(_ dimension: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        bounds[dimension].clamp(record[SubjectTable.Layout.dimensionsAt + dimension])
    }

    private func score(_ record: UnsafeMutablePointer<Int64>) -> Int64 {
        var sum = policy.score.base
        for dimension in 0..<bounds.count { sum += points(dimension, record) }
        return max(policy.score.min, min(policy.score.max, sum))
    }

    /// The score and band as last told.
    func level(_ record: UnsafeMutablePointer<Int64>) -> Fact.Level {
        Fact.Level(score: record[SubjectTable.Layout.scoreAt], band: Int(SubjectTable.header(record).pointee.band))
    }

    /// Each change is a fact. A step that changed nothing and brought nothing adverse leaves everything as it is.
    @inline(__always) mutating func evaluate(
        _ subject: UInt32, cause: Cause, reasons: Range<Int>, _ change: Change
    ) {
        guard change.points || change.sanctions || change.adverse != 0 || change.isFirst else { return }
        let record = subjects.record(subject)
        let before = level(record)
        var after = before
        if change.points || change.isFirst {
            after.score = score(record)
            if after.score != before.score || change.isFirst { after.band = policy.band(of: after.score) }
        }
        if change.isFirst || after != before {
            record[SubjectTable.Layout.scoreAt] = after.score
            SubjectTable.header(record).pointee.band = UInt8(after.band)
            emit(
                .scoreChanged, record, cause: cause, before: change.isFirst ? nil : before, after: after,
                reasons: reasons)
        }
        let kind = SubjectTable.header(record).pointee.kind
        if !policy.sanctions.isEmpty, change.points || change.adverse != 0 {
            evaluateLevels(subject, record, kind: kind, cause: cause, adverse: change.adverse)
        }
        guard !policy.perks.isEmpty else { return }
        evaluatePerks(subject, record, kind: kind, cause: cause, before: change.isFirst ? nil : before, after, reasons)
    }

    private mutating func evaluateLevels(
        _ subject: UInt32, _ record: UnsafeMutablePointer<Int64>, kind: UInt8, cause: Cause, adverse: UInt64
    ) {
        let slots = standingFrame.slots
        if conditions.levelsNameKind { slots[policy.variables.standing.kind] = .string(kindTexts[Int(kind)]) }
        for index in 0..<conditions.levels.count {
            let (sanction, dimension) = (conditions.levels[index].sanction, conditions.levels[index].dimension)
            let isActive = imposition(sanction, record) != nil
            guard isActive || adverse & (1 &<< UInt64(dimension)) != 0 else { continue }
            slots[policy.variables.standing.points] = .int(points(dimension, record))
            let holds = truth(conditions.levels[index].when)
            if isActive, !holds {
                lift(sanction, record, .cured, cause: cause)
            } else if !isActive, holds {
                impose(sanction, record, subject, cause: cause, identity: 0)
            }
        }
    }

    private mutating func evaluatePerks(
        _ subject: UInt32, _ record: UnsafeMutablePointer<Int64>, kind: UInt8, cause: Cause, before: Fact.Level?,
        _ after: Fact.Level, _ reasons: Range<Int>
    ) {
        loadPerkInput(record, kind: kind, after)
        let states = record + subjects.layout.perksAt
        for perk in 0..<conditions.perks.count {
            let holds = truth(conditions.perks[perk])
            switch (states[perk], holds) {
            case (PerkState.idle, true):
                states[perk] = PerkState.held
                emit(.perkGranted, record, cause: cause, before: before, after: after, item: perk, reasons: reasons)
            case (PerkState.held, false):
                let due = clock.adding(policy.perks[perk].grace).microseconds
                if due <= clock.microseconds {
                    states[perk] = PerkState.idle
                    emit(.perkRevoked, record, cause: cause, before: before, after: after, item: perk, reasons: reasons)
                } else {
                    states[perk] = due
                    timers.add(
                        Timer(subject: subject, rank: ranks.ofPerk[perk], item: UInt16(perk), bucket: 0), due: due)
                }
            case (PerkState.idle, false), (PerkState.held, true): break
            case (_, true): states[perk] = PerkState.held
            case (_, false): break
            }
        }
    }

    /// Has what perks name in the frame.
    private func loadPerkInput(_ record: UnsafeMutablePointer<Int64>, kind: UInt8, _ level: Fact.Level) {
        let slots = standingFrame.slots
        if conditions.perkInput.score { slots[policy.variables.standing.score] = .int(level.score) }
        if conditions.perkInput.band { slots[policy.variables.standing.band] = .string(bandTexts[level.band]) }
        if conditions.perkInput.kind { slots[policy.variables.standing.kind] = .string(kindTexts[Int(kind)]) }
        if conditions.perkInput.sanctioned {
            slots[policy.variables.standing.sanctioned] = .bool(isSanctioned(record))
        }
        for index in 0..<conditions.perkInput.dimensions.count {
            let (dimension, slot) = conditions.perkInput.dimensions[index]
            slots[slot] = .int(points(dimension, record))
        }
    }

    /// An expression that cannot be evaluated does not hold.
    @inline(__always) private mutating func truth(_ expression: Unmanaged<Expression>) -> Bool {
        switch expression._withUnsafeGuaranteedRef({ $0.truth(standingFrame) }) {
        case .yes: return true
        case .no: return false
        case .error:
            counters.evaluationErrors += 1
            return false
        }
    }
}
