internal import Events
internal import Expressions
internal import Policy

// Points into buckets and out of them again (SPEC sections 4 and 6). A dimension's points are kept as the sum of what
// its rules' live buckets come to after their caps, so no step adds up more than it changes.
extension Fold {
    /// Has what the expressions of an event's type name in the frame. The texts are borrowed from the event.
    @inline(__always) func load(_ event: UnsafePointer<EventView>, _ input: EventTypes.Input, kind: UInt8) {
        if let fields = input.fields { fields.read(event.pointee.data, into: eventFrame.slots) }
        if input.namesAttributes { loadAttributes(event, input, kind: kind) }
    }

    private func loadAttributes(_ event: UnsafePointer<EventView>, _ input: EventTypes.Input, kind: UInt8) {
        let slots = eventFrame.slots
        let variables = policy.variables.event
        if input.type { slots[variables.type] = .string(Text(borrowing: event.pointee.type)) }
        if input.source { slots[variables.source] = .string(Text(borrowing: event.pointee.source)) }
        if input.subject { slots[variables.subject] = .string(Text(borrowing: event.pointee.subject)) }
        if input.id { slots[variables.id] = .string(Text(borrowing: event.pointee.id)) }
        if input.kind { slots[variables.kind] = .string(kindTexts[Int(kind)]) }
        if input.time { slots[variables.time] = .timestamp(Moment(event.pointee.time)) }
    }

    /// The rules that name the event's type, in policy order.
    @inline(__always) mutating func contribute(
        _ event: UnsafePointer<EventView>, _ range: Range<Int32>, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32, kind: UInt8, _ identity: UInt64
    ) -> Change {
        let time = event.pointee.time
        var change = Change()
        let dimensions = record + SubjectTable.Layout.dimensionsAt
        let kindBit = UInt8(1) << kind
        types.steps.withUnsafeBufferPointer { steps in
            for number in range {
                let step = steps[Int(number)]
                guard step.kinds & kindBit != 0, let points = points(step, event, record) else { continue }
                let last = bucket(of: time, step)
                change.isMatched = true
                // A bucket that is over counts for nothing, now and for ever.
                guard last.due > clock.microseconds else { continue }
                if points < 0 { change.adverse |= 1 &<< UInt64(step.dimension) }
                let added = add(points, to: last, step, record, subject, identity)
                guard added != 0 else { continue }
                change.points = true
                dimensions[Int(step.dimension)] &+= added
                output.reasons.append(Reason(rule: Int(step.rule), points: added))
            }
        }
        return change
    }

    /// What the event is worth by this rule; nil: nothing, because the condition does not hold or cannot be evaluated.
    @inline(__always) private mutating func points(
        _ step: EventTypes.Step, _ event: UnsafePointer<EventView>, _ record: UnsafeMutablePointer<Int64>
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

    /// The bucket of a time, and from when it counts no more. Events of a rule mostly fall in the same one as the last.
    @inline(__always) private mutating func bucket(of time: Timestamp, _ step: EventTypes.Step) -> LastBucket {
        let rule = Int(step.rule)
        let last = lastBuckets[rule]
        if time.microseconds >= last.start, time.microseconds < last.end { return last }
        return findBucket(of: time, rule)
    }

    private mutating func findBucket(of time: Timestamp, _ rule: Int) -> LastBucket {
        let item = policy.rules[rule]
        let number = item.per.bucket(of: time)
        let bucket = LastBucket(
            number: number, start: item.per.start(of: number).microseconds, end: item.per.end(of: number).microseconds,
            due: item.end(of: number).microseconds)
        lastBuckets[rule] = bucket
        return bucket
    }

    @inline(__always) func head(
        _ rule: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<Bucket> {
        UnsafeMutableRawPointer(record + subjects.layout.rulesAt + rule * SubjectTable.Layout.ruleWords)
            .assumingMemoryBound(to: Bucket.self)
    }

    /// Adds an event's points to a live bucket; by how much the rule's points change.
    @inline(__always) private mutating func add(
        _ points: Int64, to last: LastBucket, _ step: EventTypes.Step, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32, _ identity: UInt64
    ) -> Int64 {
        let head = head(Int(step.rule), record)
        let bucket =
            head.pointee.events > 0 && head.pointee.number == last.number
            ? head : findOrMake(last, head, Int(step.rule), subject)
        let before = Self.clamp(bucket.pointee.sum, cap: step.cap)
        bucket.pointee.sum &+= points
        bucket.pointee.events &+= 1
        bucket.pointee.evidence = evidence.add(
            Evidence(identity: identity, points: points, next: bucket.pointee.evidence))
        return Self.clamp(bucket.pointee.sum, cap: step.cap) &- before
    }

    /// A bucket that is not the one in the record: another that is there, or a new one in its place of the order.
    private mutating func findOrMake(
        _ last: LastBucket, _ head: UnsafeMutablePointer<Bucket>, _ rule: Int, _ subject: UInt32
    ) -> UnsafeMutablePointer<Bucket> {
        var new = Bucket(sum: 0, events: 0, evidence: 0, number: last.number, next: 0)
        var made = head
        if head.pointee.events == 0 {
            head.pointee = new
        } else if last.number > head.pointee.number {
            new.next = buckets.add(head.pointee)
            head.pointee = new
        } else {
            var place = Self.next(head)
            while place.pointee != 0, buckets[place.pointee].pointee.number > last.number {
                place = Self.next(buckets[place.pointee])
            }
            if place.pointee != 0, buckets[place.pointee].pointee.number == last.number {
                return buckets[place.pointee]
            }
            new.next = place.pointee
            place.pointee = buckets.add(new)
            made = buckets[place.pointee]
        }
        timers.add(
            Timer(subject: subject, rank: TimerRanks.bucketEnd, item: UInt16(rule), bucket: last.number), due: last.due)
        return made
    }

    /// Takes out the bucket in the record, whose place the next one takes, or one of the list.
    private mutating func remove(_ head: UnsafeMutablePointer<Bucket>, _ number: Int32) -> Bucket? {
        if head.pointee.events > 0, head.pointee.number == number {
            let removed = head.pointee
            if removed.next == 0 {
                head.pointee = Bucket(sum: 0, events: 0, evidence: 0, number: 0, next: 0)
            } else {
                head.pointee = buckets[removed.next].pointee
                buckets.remove(removed.next)
            }
            return removed
        }
        var place = Self.next(head)
        while place.pointee != 0, buckets[place.pointee].pointee.number > number {
            place = Self.next(buckets[place.pointee])
        }
        guard place.pointee != 0, case let removed = buckets[place.pointee].pointee, removed.number == number else {
            return nil
        }
        buckets.remove(place.pointee)
        place.pointee = removed.next
        return removed
    }

    @inline(__always) static func clamp(_ sum: Int64, cap: Int64) -> Int64 { max(-cap, min(cap, sum)) }

    func cap(_ rule: Int) -> Int64 { min(policy.rules[rule].cap, ScoringPolicy.saturation) }

    /// Every bucket of a rule.
    func forEachBucket(
        _ rule: Int, _ record: UnsafeMutablePointer<Int64>, _ body: (UnsafeMutablePointer<Bucket>) -> Void
    ) {
        let head = head(rule, record)
        if head.pointee.events > 0 { body(head) }
        var number = head.pointee.next
        while number != 0 {
            let bucket = buckets[number]
            number = bucket.pointee.next
            body(bucket)
        }
    }

    /// R(r): a rule's points after its caps.
    func total(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 { tally(rule, record).points }

    /// The same, and the events in the rule's buckets.
    func tally(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> (points: Int64, events: Int64) {
        var (sum, events) = (Int64(0), Int64(0))
        let cap = cap(rule)
        forEachBucket(rule, record) { bucket in
            sum += Self.clamp(bucket.pointee.sum, cap: cap)
            events += Int64(bucket.pointee.events)
        }
        return (max(-ScoringPolicy.saturation, min(ScoringPolicy.saturation, sum)), events)
    }

    /// Whether a subject has more buckets than `maximum`, of which no more are counted.
    func hasMoreBuckets(than maximum: Int, _ record: UnsafeMutablePointer<Int64>) -> Bool {
        var left = maximum
        for rule in policy.rules.indices {
            let head = head(rule, record)
            guard head.pointee.events > 0 else { continue }
            left -= 1
            var next = head.pointee.next
            while next != 0, left >= 0 {
                left -= 1
                next = buckets[next].pointee.next
            }
            if left < 0 { return true }
        }
        return false
    }

    // MARK: Out again

    /// A bucket has ended: its points and its evidence go. By how much the rule's points change.
    mutating func endBucket(_ timer: Timer, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        let rule = Int(timer.item)
        guard let ended = remove(head(rule, record), timer.bucket) else { return 0 }
        forget(ended)
        return -Self.clamp(ended.sum, cap: cap(rule))
    }

    private static func next(_ bucket: UnsafeMutablePointer<Bucket>) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(bucket) + MemoryLayout<Bucket>.offset(of: \.next)!).assumingMemoryBound(
            to: UInt32.self)
    }

    private mutating func forget(_ bucket: Bucket) {
        var number = bucket.evidence
        while number != 0 {
            let next = evidence[number].pointee.next
            evidence.remove(number)
            number = next
        }
    }

    /// Everything of a subject that lies outside its record.
    mutating func forgetEvidence(_ record: UnsafeMutablePointer<Int64>) {
        for rule in policy.rules.indices {
            forget(head(rule, record).pointee)
            var number = head(rule, record).pointee.next
            while number != 0 {
                let bucket = buckets[number].pointee
                forget(bucket)
                buckets.remove(number)
                number = bucket.next
            }
        }
    }

    /// `standing.event.voided`: takes back exactly what the event contributed, lifts the sanctions that it imposed, and
    /// evaluates. An event that no longer counts stays voided all the same; one that has not come yet is waited for.
    /// `subject`: nil if it is not enrolled.
    mutating func void(_ event: UnsafePointer<EventView>, of subject: UInt32?, _ hash: UInt64) {
        guard let source = decoder.string("source", of: event.pointee.data)?.fingerprint(seed: hash),
            let identity = decoder.string("id", of: event.pointee.data)?.fingerprint(seed: source)
        else {
            counters.voidsIgnored += 1
            return
        }
        guard let subject, case let record = subjects.record(subject),
            identities.contains(identity, life: SubjectTable.life(record).pointee)
        else {
            voidEarly(event, identity, hash)
            return
        }
        counters.voids += 1
        _ = voided.insert(identity, life: 0)
        let firstReason = output.reasons.count
        var change = Change()
        for rule in policy.rules.indices {
            let (found, removed) = take(identity, fromRule: rule, record)
            guard found, removed != 0 else { continue }
            change.points = true
            record[SubjectTable.Layout.dimensionsAt + policy.rules[rule].dimension] += removed
            output.reasons.append(Reason(rule: rule, points: removed))
        }
        output.sortReasons(from: firstReason)
        let reasons = firstReason..<output.reasons.count
        weigh(record, &change)
        for sanction in policy.sanctions.indices where imposition(sanction, record)?.pointee.cause == identity {
            lift(sanction, record, .voided, cause: .event(event), change)
            change.sanctions = true
        }
        evaluate(subject, cause: .event(event), reasons: reasons, change)
    }

    /// Takes an event's evidence out of a rule's buckets; by how much the rule's points change.
    private mutating func take(
        _ identity: UInt64, fromRule rule: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> (found: Bool, points: Int64) {
        let head = head(rule, record)
        guard head.pointee.events > 0 else { return (false, 0) }
        var bucket = head
        while true {
            if let points = take(identity, from: bucket, cap: cap(rule)) {
                if bucket.pointee.events == 0 { dropEmpty(bucket, head) }
                return (true, points)
            }
            guard bucket.pointee.next != 0 else { return (false, 0) }
            bucket = buckets[bucket.pointee.next]
        }
    }

    /// A bucket without events is none. The one in the record must not look like none while it is being removed.
    private mutating func dropEmpty(_ bucket: UnsafeMutablePointer<Bucket>, _ head: UnsafeMutablePointer<Bucket>) {
        bucket.pointee.events = 1
        _ = remove(head, bucket.pointee.number)
    }

    private mutating func take(
        _ identity: UInt64, from bucket: UnsafeMutablePointer<Bucket>, cap: Int64
    ) -> Int64? {
        var previous: UInt32 = 0
        var number = bucket.pointee.evidence
        while number != 0, evidence[number].pointee.identity != identity {
            previous = number
            number = evidence[number].pointee.next
        }
        guard number != 0 else { return nil }
        let item = evidence[number].pointee
        if previous == 0 { bucket.pointee.evidence = item.next } else { evidence[previous].pointee.next = item.next }
        evidence.remove(number)
        let before = Self.clamp(bucket.pointee.sum, cap: cap)
        bucket.pointee.sum -= item.points
        bucket.pointee.events -= 1
        return Self.clamp(bucket.pointee.sum, cap: cap) - before
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
