internal import Events
internal import CEL
internal import Policy

// Events that come into measures and leave them (SPEC section 3). A measure's value follows from the set of the events
// in its window, whatever their order.
extension Fold {
    @inline(__always) func state(
        _ item: Series, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<MeasureState> { state(at: item.stateAt, record) }

    @inline(__always) func state(
        at word: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<MeasureState> {
        UnsafeMutableRawPointer(record + word).assumingMemoryBound(to: MeasureState.self)
    }

    /// Applies the measures that name the event's type, in policy order.
    mutating func measure(
        _ event: UnsafePointer<EventView>, _ range: Range<Int32>, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32, kind: UInt8, _ identity: UInt64, _ change: inout Change
    ) {
        let kindBit = UInt8(1) << kind
        for number in range {
            let entrance = types.entrances[Int(number)]
            guard entrance.kinds & kindBit != 0, let value = value(entrance, event, record) else { continue }
            change.isMatched = true
            let last = bucket(of: event.pointee.time, Int(entrance.series))
            guard last.due > clock.microseconds else { continue }
            if entrance.isAdverse { change.adverse |= 1 &<< UInt64(entrance.dimension) }
            let state = state(series[Int(entrance.series)], record)
            let before = state.pointee.reading(entrance.form)
            enter(event, value, last, entrance, record, subject, identity)
            if state.pointee.reading(entrance.form) != before {
                change.note(measure: Int(entrance.measure), dimension: Int(entrance.dimension))
            }
        }
    }

    /// The event's value in the measure; nil if it is not in the measure, because the condition is false or an
    /// expression has an error.
    private mutating func value(
        _ entrance: CompiledRules.Entrance, _ event: UnsafePointer<EventView>, _ record: UnsafeMutablePointer<Int64>
    ) -> Int64? {
        if entrance.breaks { return 0 }
        if let when = entrance.when {
            switch when._withUnsafeGuaranteedRef({ $0.truth(eventFrame) }) {
            case .yes: break
            case .no: return nil
            case .error:
                noteError(of: .measure(Int(entrance.measure)), when, wanted: .bool, eventFrame, .event(event), record)
                return nil
            }
        }
        guard let amount = entrance.amount else { return 1 }
        let value = amount._withUnsafeGuaranteedRef { $0.integer(eventFrame) }
        if value == nil {
            noteError(of: .measure(Int(entrance.measure)), amount, wanted: .int, eventFrame, .event(event), record)
        }
        return value
    }

    private mutating func enter(
        _ event: UnsafePointer<EventView>, _ value: Int64, _ last: LastBucket, _ entrance: CompiledRules.Entrance,
        _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32, _ identity: UInt64
    ) {
        let number = Int(entrance.series)
        let (item, bucket) = (series[number], open(last, number, record, subject))
        let state = state(item, record)
        let isFirst = state.pointee.events == 0
        let isFirstOfBucket = bucket.pointee.events == 0
        state.pointee.events += 1
        guard !item.form.isOrdered else {
            bucket.pointee.events &+= 1
            let evidence = UnsafeMutableRawPointer(bucket) + MemoryLayout<Bucket>.offset(of: \.evidence)!
            let time = event.pointee.time.microseconds - last.start
            var later = ordered.add(
                event.pointee, OrderedEvent(identity: identity, time: time, value: value),
                to: evidence.assumingMemoryBound(to: UInt32.self))
            if later == 0 || item.form == .streak { later += events(after: bucket, number, record) }
            if item.form == .latest {
                if later == 0 { state.pointee.value = value }
            } else if later <= state.pointee.value {
                // No later event breaks the streak.
                state.pointee.value = value == 0 ? later : state.pointee.value + 1
            }
            return
        }
        let sum = bucket.pointee.sum
        put(value, in: bucket, identity)
        switch item.form {
        case .sum: state.pointee.sum += Int128(value)
        case .least, .greatest:
            bucket.pointee.sum = isFirstOfBucket ? value : item.furthest(sum, value)
            state.pointee.value = isFirst ? value : item.furthest(state.pointee.value, value)
        default: break
        }
    }

    // MARK: Removal

    /// A bucket leaves the window. It was the earliest one.
    mutating func leave(_ bucket: Bucket, _ number: Int, _ record: UnsafeMutablePointer<Int64>, _ change: inout Change)
    {
        let item = series[number]
        let state = state(item, record)
        let before = state.pointee.reading(item.form)
        state.pointee.events -= bucket.events
        switch item.form {
        case .sum:
            var next = bucket.evidence
            while next != 0 {
                state.pointee.sum -= Int128(evidence[next].pointee.points)
                next = evidence[next].pointee.next
            }
        case .least, .greatest: if bucket.sum == state.pointee.value { findFurthest(number, record) }
        // The remaining events are the newest, so the streak is at most as long as their number.
        case .streak: state.pointee.value = min(state.pointee.value, Int64(state.pointee.events))
        case .latest: if state.pointee.events == 0 { state.pointee.value = 0 }
        default: break
        }
        if item.form.isOrdered { ordered.removeAll(bucket.evidence) } else { forget(bucket) }
        if state.pointee.reading(item.form) != before {
            change.note(measure: number - policy.rules.count, dimension: item.dimension)
        }
    }

    /// Removes an event from a measure. Returns false if the event is not in it.
    mutating func take(
        _ identity: UInt64, fromMeasure number: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> Bool {
        let (item, head) = (series[number], head(number, record))
        guard head.pointee.events > 0 else { return false }
        let state = state(item, record)
        var walk = BucketWalk()
        var bucket = head
        var later: Int64 = 0
        while true {
            if let laterInBucket = take(identity, from: bucket, item, state) {
                later += laterInBucket
                state.pointee.events -= 1
                if bucket.pointee.events == 0 { dropEmpty(bucket, number, record) }
                switch item.form {
                case .least, .greatest: findFurthest(number, record)
                // It is part of the streak, or the event that ended it; then earlier events may join the streak.
                case .streak where later < state.pointee.value: state.pointee.value -= 1
                case .streak where later == state.pointee.value: state.pointee.value = streak(number, record)
                case .latest: state.pointee.value = last(head)
                default: break
                }
                return true
            }
            guard let older = walk.next(bucket) else { return false }
            later += Int64(bucket.pointee.events)
            bucket = buckets[older]
        }
    }

    /// Removes an event from a bucket of a measure. Returns how many events of the bucket come after it if the measure
    /// is ordered. Nil if the event is not in the bucket.
    private mutating func take(
        _ identity: UInt64, from bucket: UnsafeMutablePointer<Bucket>, _ item: Series,
        _ state: UnsafeMutablePointer<MeasureState>
    ) -> Int64? {
        guard !item.form.isOrdered else {
            let evidence = UnsafeMutableRawPointer(bucket) + MemoryLayout<Bucket>.offset(of: \.evidence)!
            let later = ordered.take(identity, from: evidence.assumingMemoryBound(to: UInt32.self))
            if later != nil { bucket.pointee.events -= 1 }
            return later
        }
        guard let value = takeEvidence(identity, from: bucket) else { return nil }
        switch item.form {
        case .sum:
            state.pointee.sum -= Int128(value)
            bucket.pointee.sum &-= value
        case .least, .greatest: bucket.pointee.sum = furthest(of: bucket.pointee, item)
        default: bucket.pointee.sum &-= value
        }
        return 0
    }

    // MARK: Recomputed values

    /// The least or the greatest value in a bucket; 0 if it has no event.
    @inline(__always) borrowing func furthest(of bucket: Bucket, _ item: Series) -> Int64 {
        guard bucket.evidence != 0 else { return 0 }
        var value = evidence[bucket.evidence].pointee.points
        var next = evidence[bucket.evidence].pointee.next
        while next != 0 {
            value = item.furthest(value, evidence[next].pointee.points)
            next = evidence[next].pointee.next
        }
        return value
    }

    @inline(__always) private func findFurthest(_ number: Int, _ record: UnsafeMutablePointer<Int64>) {
        let (item, head) = (series[number], head(number, record))
        var value = head.pointee.events == 0 ? 0 : head.pointee.sum
        var walk = BucketWalk()
        var bucket = head
        while let older = walk.next(bucket) {
            bucket = buckets[older]
            value = item.furthest(value, bucket.pointee.sum)
        }
        state(item, record).pointee.value = value
    }

    /// The value of the last event; 0 if there is none.
    @inline(__always) private func last(_ head: UnsafeMutablePointer<Bucket>) -> Int64 {
        head.pointee.events == 0 ? 0 : ordered[head.pointee.evidence].pointee.value
    }

    /// The number of events in the buckets after one.
    @inline(__always) private func events(
        after bucket: UnsafeMutablePointer<Bucket>, _ number: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> Int64 {
        var walk = BucketWalk()
        var (later, events) = (head(number, record), Int64(0))
        while later != bucket {
            events += Int64(later.pointee.events)
            guard let older = walk.next(later) else { break }
            later = buckets[older]
        }
        return events
    }

    /// The number of events after the last one that breaks the streak.
    @inline(__always) func streak(_ number: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        var bucket = head(number, record)
        guard bucket.pointee.events > 0 else { return 0 }
        var walk = BucketWalk()
        var streak: Int64 = 0
        while true {
            var next = bucket.pointee.evidence
            while next != 0 {
                let event = ordered[next].pointee
                guard event.value != 0 else { return streak }
                streak += 1
                next = event.next
            }
            guard let older = walk.next(bucket) else { return streak }
            bucket = buckets[older]
        }
    }
}

extension Series {
    /// The least or the greatest of two values, depending on the measure.
    @inline(__always) func furthest(_ a: Int64, _ b: Int64) -> Int64 { form == .least ? min(a, b) : max(a, b) }
}
