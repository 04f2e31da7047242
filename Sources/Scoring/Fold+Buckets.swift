internal import Events
internal import Policy

// Buckets of rules and measures: search, creation, fading and end (SPEC section 4).
extension Fold {
    /// The bucket of a time, and the time from which it does not count. In most cases a rule's event is in the bucket
    /// of its last event.
    @inline(__always) mutating func bucket(of time: Timestamp, _ number: Int) -> LastBucket {
        let last = lastBuckets[number]
        if time.microseconds >= last.start, time.microseconds < last.end { return last }
        return findBucket(of: time, in: number)
    }

    private mutating func findBucket(of time: Timestamp, in number: Int) -> LastBucket {
        let found = calendar.bucket(of: time, series[number], number)
        lastBuckets[number] = found
        return found
    }

    @inline(__always) func head(
        _ series: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<Bucket> {
        UnsafeMutableRawPointer(record + subjects.layout.seriesAt + series * SubjectTable.Layout.bucketWords)
            .assumingMemoryBound(to: Bucket.self)
    }

    /// The bucket that `last` describes. A new one has no event yet: the caller adds it.
    @inline(__always) mutating func open(
        _ last: LastBucket, _ series: Int, _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32
    ) -> UnsafeMutablePointer<Bucket> {
        let head = head(series, record)
        return head.pointee.events > 0 && head.pointee.number == last.number
            ? head : findOrMake(last, head, series, record, subject)
    }

    /// A bucket that is not in the record: an existing one, or a new one at its position in the order.
    private mutating func findOrMake(
        _ last: LastBucket, _ head: UnsafeMutablePointer<Bucket>, _ number: Int, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32
    ) -> UnsafeMutablePointer<Bucket> {
        let new = Bucket(sum: 0, events: 0, evidence: 0, number: last.number, link: 0)
        var made = head
        if head.pointee.events == 0 {
            head.pointee = new
        } else if last.number > head.pointee.number {
            // The new bucket is now the one in the record. The old one becomes the second latest, and its neighbour
            // must have its number.
            let moved = buckets.add(head.pointee)
            let second = head.pointee.link
            link(second, from: 0, to: moved, series[number], record)
            head.pointee = new
            head.pointee.link = moved
        } else {
            var walk = BucketWalk()
            var bucket = head
            while bucket.pointee.number > last.number, let older = walk.next(bucket) { bucket = buckets[older] }
            if bucket.pointee.number == last.number { return bucket }
            // It is older than all others, or precedes the one at which the walk ended.
            let (newer, older) =
                bucket.pointee.number > last.number ? (walk.number, 0) : (walk.newer, walk.number)
            let added = buckets.add(new)
            made = buckets[added]
            made.pointee.link = newer ^ older
            let before = newer == 0 ? head : buckets[newer]
            before.pointee.link ^= older ^ added
            link(older, from: newer, to: added, series[number], record)
        }
        let item = series[number]
        let due = item.form == .fading ? calendar.steps(of: last.number, item, number, at: clock).until : last.due
        setTimer(ofBucket: last.number, number, subject, due: due)
        return made
    }

    private mutating func setTimer(ofBucket bucket: Int32, _ number: Int, _ subject: UInt32, due: Int64) {
        timers.add(
            Timer(subject: subject, rank: TimerRanks.bucketEnd, item: UInt16(number), bucket: bucket), due: due)
    }

    /// Replaces a bucket's newer neighbour. If `number` is 0 there is no bucket, and `to` is the oldest one.
    @inline(__always) private func link(
        _ number: UInt32, from: UInt32, to: UInt32, _ item: Series, _ record: UnsafeMutablePointer<Int64>
    ) {
        if number != 0 {
            buckets[number].pointee.link ^= from ^ to
        } else if item.oldestAt > 0 {
            oldest(item, record).pointee = to
        }
    }

    /// The number of the oldest bucket that is not in the record; 0 if there is none. Only for a series with
    /// `oldestAt`.
    @inline(__always) func oldest(_ item: Series, _ record: UnsafeMutablePointer<Int64>) -> UnsafeMutablePointer<UInt32>
    {
        UnsafeMutableRawPointer(record).assumingMemoryBound(to: UInt32.self) + item.oldestAt
    }

    /// Removes a bucket; nil if there is none. In most cases it is the oldest.
    mutating func remove(
        _ number: Int32, of seriesIndex: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> Bucket? {
        let (item, head) = (series[seriesIndex], head(seriesIndex, record))
        if head.pointee.events > 0, head.pointee.number == number {
            let removed = head.pointee
            guard removed.link != 0 else {
                head.pointee = Bucket(sum: 0, events: 0, evidence: 0, number: 0, link: 0)
                return removed
            }
            head.pointee = buckets[removed.link].pointee
            link(head.pointee.link, from: removed.link, to: 0, item, record)
            buckets.remove(removed.link)
            return removed
        }
        if item.oldestAt > 0 {
            let last = oldest(item, record).pointee
            guard last != 0, case let bucket = buckets[last].pointee, bucket.number <= number else { return nil }
            if bucket.number == number { return unlink(last, newer: bucket.link, head, item, record) }
        }
        var walk = BucketWalk()
        var bucket = head
        while bucket.pointee.number > number, let older = walk.next(bucket) { bucket = buckets[older] }
        guard walk.number != 0, bucket.pointee.number == number else { return nil }
        return unlink(walk.number, newer: walk.newer, head, item, record)
    }

    /// Removes a bucket that is not in the record. `newer` is the number of the one after it in time.
    private mutating func unlink(
        _ number: UInt32, newer: UInt32, _ head: UnsafeMutablePointer<Bucket>, _ item: Series,
        _ record: UnsafeMutablePointer<Int64>
    ) -> Bucket {
        let removed = buckets[number].pointee
        let older = removed.link ^ newer
        let after = newer == 0 ? head : buckets[newer]
        after.pointee.link ^= number ^ older
        link(older, from: number, to: newer, item, record)
        buckets.remove(number)
        return removed
    }

    @inline(__always) static func clamp(_ sum: Int64, cap: Int64) -> Int64 { max(-cap, min(cap, sum)) }

    /// Calls the body with every bucket of a rule or measure, the latest first.
    @inline(__always) func forEachBucket(
        _ rule: Int, _ record: UnsafeMutablePointer<Int64>, _ body: (UnsafeMutablePointer<Bucket>) -> Void
    ) {
        let head = head(rule, record)
        guard head.pointee.events > 0 else { return }
        var walk = BucketWalk()
        var bucket = head
        while true {
            let older = walk.next(bucket)
            body(bucket)
            guard let older else { return }
            bucket = buckets[older]
        }
    }

    /// Whether a subject's rules have more than `maximum` buckets. Stops counting there. Buckets of measures are not
    /// counted, because a standing does not read them.
    func hasMoreBuckets(than maximum: Int, _ record: UnsafeMutablePointer<Int64>) -> Bool {
        var left = maximum
        for rule in policy.rules.indices {
            let head = head(rule, record)
            guard head.pointee.events > 0 else { continue }
            left -= 1
            var walk = BucketWalk()
            var bucket = head
            while left >= 0, let older = walk.next(bucket) {
                left -= 1
                bucket = buckets[older]
            }
            if left < 0 { return true }
        }
        return false
    }

    /// A subject's bucket of a series; nil if there is none.
    func bucket(
        _ number: Int32, of series: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<Bucket>? { find(number, from: head(series, record)) }

    @inline(__always) private func find(
        _ number: Int32, from head: UnsafeMutablePointer<Bucket>
    ) -> UnsafeMutablePointer<Bucket>? {
        guard head.pointee.events > 0 else { return nil }
        var walk = BucketWalk()
        var bucket = head
        while bucket.pointee.number > number, let older = walk.next(bucket) { bucket = buckets[older] }
        return bucket.pointee.number == number ? bucket : nil
    }

    // MARK: Points

    /// R(r): a rule's points after its caps.
    @inline(__always) func total(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        let item = series[rule]
        switch item.form {
        case .rolling: return Self.clamp(record[item.stateAt], cap: item.cap)
        case .overMeasures: return head(rule, record).pointee.sum
        default:
            guard !item.hasSum else { return Self.saturated(record[item.stateAt]) }
            var sum: Int64 = 0
            forEachBucket(rule, record) { sum += points(of: $0.pointee, item, at: clock) }
            return Self.saturated(sum)
        }
    }

    @inline(__always) static func saturated(_ sum: Int64) -> Int64 { clamp(sum, cap: ScoringPolicy.saturation) }

    /// `total`, with the cached steps of fading buckets.
    mutating func presentTotal(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        guard let fading = series[rule].fading, !series[rule].hasSum else { return total(rule, record) }
        var (bucket, sum, walk) = (head(rule, record), Int64(0), BucketWalk())
        guard bucket.pointee.events > 0 else { return 0 }
        while true {
            let steps = calendar.steps(of: bucket.pointee.number, series[rule], rule, at: clock).count
            sum += fading.rest(of: Self.clamp(bucket.pointee.sum, cap: series[rule].cap), after: steps)
            guard let older = walk.next(bucket) else { break }
            bucket = buckets[older]
        }
        return Self.saturated(sum)
    }

    /// The points of one bucket, of a rule whose points are the sum over its buckets.
    @inline(__always) func points(of bucket: Bucket, _ item: Series, at time: Timestamp) -> Int64 {
        let sum = Self.clamp(bucket.sum, cap: item.cap)
        guard let fading = item.fading else { return sum }
        return fading.rest(of: sum, after: item.steps(of: bucket.number, at: time.microseconds))
    }

    /// The change of a rule's points when the sum of a bucket or of a window changes.
    mutating func change(
        of rule: Int, _ bucket: Int32, from before: Int64, to after: Int64, _ record: UnsafeMutablePointer<Int64>,
        _ subject: UInt32
    ) -> Int64 {
        let item = series[rule]
        if item.form == .rolling {
            let sum = record[item.stateAt]
            record[item.stateAt] = sum &+ after &- before
            return Self.clamp(record[item.stateAt], cap: item.cap) - Self.clamp(sum, cap: item.cap)
        }
        let (from, to) = (Self.clamp(before, cap: item.cap), Self.clamp(after, cap: item.cap))
        guard let fading = item.fading else { return add(to - from, item, record) }
        let steps = calendar.steps(of: bucket, item, rule, at: clock)
        // The timer was set for the old sum. The points of another sum may change at an earlier step.
        if steps.count > 0, from != to { setTimer(ofBucket: bucket, rule, subject, due: steps.until) }
        return add(fading.rest(of: to, after: steps.count) - fading.rest(of: from, after: steps.count), item, record)
    }

    /// Adds a change of a bucket's points to the sum of the rule, if it has one. Returns the change of the rule's
    /// points.
    @inline(__always) private func add(
        _ added: Int64, _ item: Series, _ record: UnsafeMutablePointer<Int64>
    ) -> Int64 {
        guard item.hasSum else { return added }
        let sum = record[item.stateAt]
        record[item.stateAt] = sum + added
        return Self.saturated(sum + added) - Self.saturated(sum)
    }

    // MARK: Ends

    /// Ends a bucket and removes its evidence, or lets a fading one make a step. Returns the change of the rule's
    /// points.
    mutating func endBucket(_ timer: Timer, _ record: UnsafeMutablePointer<Int64>, _ change: inout Change) -> Int64 {
        let (number, item) = (Int(timer.item), series[Int(timer.item)])
        if item.form == .fading { return fade(timer, item, record) }
        guard let ended = remove(timer.bucket, of: number, record) else { return 0 }
        guard !item.form.isMeasure else {
            leave(ended, number, record, &change)
            return 0
        }
        forget(ended)
        return self.change(of: number, ended.number, from: ended.sum, to: 0, record, timer.subject)
    }

    /// Lets a bucket make a step at the clock, and sets its timer for the next step at which its points change. Steps
    /// that change nothing have no timer.
    private mutating func fade(_ timer: Timer, _ item: Series, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        let head = head(Int(timer.item), record)
        guard let fading = item.fading, let bucket = find(timer.bucket, from: head)?.pointee else { return 0 }
        let steps = calendar.steps(of: bucket.number, item, Int(timer.item), at: clock)
        let sum = Self.clamp(bucket.sum, cap: item.cap)
        let rest = fading.rest(of: sum, after: steps.count)
        if steps.count < fading.steps {
            let next = fading.nextStep(of: sum, after: steps.count, rest: rest)
            setTimer(
                ofBucket: bucket.number, Int(timer.item), timer.subject,
                due: next == steps.count + 1 ? steps.until : item.start(ofStep: next, of: bucket.number))
        } else if let ended = remove(bucket.number, of: Int(timer.item), record) {
            forget(ended)
        }
        return add(rest - fading.rest(of: sum, after: steps.count - 1), item, record)
    }

    mutating func forget(_ bucket: Bucket) {
        var number = bucket.evidence
        while number != 0 {
            let next = evidence[number].pointee.next
            evidence.remove(number)
            number = next
        }
    }

    /// Removes everything of a subject that is outside its record.
    mutating func forgetEvidence(_ record: UnsafeMutablePointer<Int64>) {
        for number in series.indices {
            let isOrdered = series[number].form.isOrdered
            var walk = BucketWalk()
            var bucket = head(number, record).pointee
            while true {
                if isOrdered { ordered.removeAll(bucket.evidence) } else { forget(bucket) }
                guard let older = walk.next(bucket.link) else { break }
                bucket = buckets[older].pointee
                buckets.remove(older)
            }
        }
    }
}

/// A walk through the buckets of a series, which begins with the latest one, in the record.
struct BucketWalk {
    /// The current bucket; 0 if it is the one in the record.
    private(set) var number: UInt32 = 0
    /// The number of the bucket after it in time.
    private(set) var newer: UInt32 = 0

    /// Moves to the bucket before the current one, whose link is given; nil if there is none.
    @inline(__always) mutating func next(_ link: UInt32) -> UInt32? {
        let older = link ^ newer
        guard older != 0 else { return nil }
        (newer, number) = (number, older)
        return older
    }

    @inline(__always) mutating func next(_ bucket: UnsafeMutablePointer<Bucket>) -> UInt32? {
        next(bucket.pointee.link)
    }
}
