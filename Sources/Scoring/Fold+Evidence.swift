internal import Events
internal import CEL
internal import CELJSON
internal import Policy

// Points of events in buckets (SPEC section 4). A dimension's points are stored as the sum of its rules' points after
// their caps, so a step adds only what it changes.
extension Fold {
    /// Loads the values that the expressions of an event's type name into the evaluation frame. Texts are borrowed from
    /// the event.
    @inline(__always) mutating func load(
        _ event: UnsafePointer<EventView>, _ input: CompiledRules.Input, _ record: UnsafeMutablePointer<Int64>,
        kind: UInt8
    ) {
        if let fields = input.fields { fields.read(event.pointee.data, into: eventFrame.slots) }
        if input.namesAttributes { loadAttributes(event, input, kind: kind) }
        if !input.ofSubject.isEmpty { load(input.ofSubject, of: record, into: eventFrame) }
    }

    private mutating func loadAttributes(_ event: UnsafePointer<EventView>, _ input: CompiledRules.Input, kind: UInt8) {
        let slots = eventFrame.slots
        let variables = policy.variables.event
        if input.type { slots[variables.type] = .string(Text(borrowing: event.pointee.type)) }
        if input.source { slots[variables.source] = .string(Text(borrowing: event.pointee.source)) }
        if input.subject { slots[variables.subject] = .string(Text(borrowing: event.pointee.subject)) }
        if input.id { slots[variables.id] = .string(Text(borrowing: event.pointee.id)) }
        if input.kind { slots[variables.kind] = .string(kindTexts[Int(kind)]) }
        if input.time { slots[variables.time] = .timestamp(Moment(event.pointee.time)) }
    }

    /// Applies the rules that name the event's type, in policy order.
    @inline(__always) mutating func contribute(
        _ event: UnsafePointer<EventView>, _ range: Range<Int32>, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32, kind: UInt8, _ identity: UInt64
    ) -> Change {
        let time = event.pointee.time
        var change = Change()
        let dimensions = record + SubjectTable.Layout.dimensionsAt
        let kindBit = UInt8(1) << kind
        var spent = eventFrame.spent
        for number in range {
            let step = types.steps[Int(number)]
            guard step.kinds & kindBit != 0 else { continue }
            let points = points(step, event, record)
            let spentNow = eventFrame.spent
            countsByRule[Int(step.rule)].cost &+= Int64(spentNow &- spent)
            spent = spentNow
            guard let points else { continue }
            let last = bucket(of: time, Int(step.rule))
            change.isMatched = true
            countsByRule[Int(step.rule)].events &+= 1
            // A bucket that has ended never counts.
            guard last.due > clock.microseconds else { continue }
            if points < 0 { change.adverse |= 1 &<< UInt64(step.dimension) }
            let added = add(points, to: last, step, record, subject, identity)
            guard added != 0 else { continue }
            change.points = true
            dimensions[Int(step.dimension)] &+= added
            output.reasons.append(Reason(rule: Int(step.rule), points: added))
        }
        return change
    }

    /// The event's points under this rule; nil if the condition is false or cannot be evaluated.
    @inline(__always) private mutating func points(
        _ step: CompiledRules.Step, _ event: UnsafePointer<EventView>, _ record: UnsafeMutablePointer<Int64>
    ) -> Int64? {
        if let when = step.when {
            switch when._withUnsafeGuaranteedRef({ $0.truth(eventFrame) }) {
            case .yes: break
            case .no: return nil
            case .error:
                noteError(of: .rule(Int(step.rule)), when, wanted: .bool, eventFrame, .event(event), record)
                return nil
            }
        }
        guard let expression = step.pointsExpression else { return step.points }
        guard let points = expression._withUnsafeGuaranteedRef({ $0.integer(eventFrame) }) else {
            noteError(of: .rule(Int(step.rule)), expression, wanted: .int, eventFrame, .event(event), record)
            return nil
        }
        return max(-ScoringPolicy.saturation, min(ScoringPolicy.saturation, points))
    }

    /// Adds an event's points to a live bucket. Returns the change of the rule's points.
    @inline(__always) private mutating func add(
        _ points: Int64, to last: LastBucket, _ step: CompiledRules.Step, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32, _ identity: UInt64
    ) -> Int64 {
        let bucket = open(last, Int(step.rule), record, subject)
        let before = bucket.pointee.sum
        put(points, in: bucket, identity)
        let after = bucket.pointee.sum
        guard step.isPlain else {
            return change(of: Int(step.rule), last.number, from: before, to: after, record, subject)
        }
        return Self.clamp(after, cap: step.cap) &- Self.clamp(before, cap: step.cap)
    }

    /// Adds one event to a bucket.
    @inline(__always) mutating func put(_ points: Int64, in bucket: UnsafeMutablePointer<Bucket>, _ identity: UInt64) {
        bucket.pointee.sum &+= points
        bucket.pointee.events &+= 1
        bucket.pointee.evidence = evidence.add(
            Evidence(identity: identity, points: points, next: bucket.pointee.evidence))
    }
}

extension Moment {
    init(_ time: Timestamp) {
        let (seconds, rest) = time.microseconds.quotientAndRemainder(dividingBy: Timestamp.microsecondsPerSecond)
        let isBefore = rest < 0
        self.init(
            seconds: isBefore ? seconds - 1 : seconds,
            nanoseconds: Int32(isBefore ? rest + Timestamp.microsecondsPerSecond : rest) * 1000)
    }
}
