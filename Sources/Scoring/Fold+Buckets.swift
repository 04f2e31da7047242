internal import Events
internal import Policy

// The buckets of rules and measures: found, made, faded, ended (SPEC section 4).
extension Fold {
    /// The bucket of a time, and from when it counts no more. Events of a rule mostly fall in the same one as the last.
    @inline(__always) mutating func bucket(of time: Timestamp, _ number: Int) -> LastBucket {
        let last = lastBuckets[number]
        if time.microseconds >= last.start, time.microseconds < last.end { return last }
        return findBucket(of: time, in: number)
    }

    private mutating func findBucket(of time: Timestamp, in number: Int) -> LastBucket {
        let item = series[number]
        let bucket = item.per.bucket(of: time)
        let found = LastBucket(
            number: bucket, start: item.per.start(of: bucket).microseconds, end: item.per.end(of: bucket).microseconds,
            due: item.end(of: bucket))
        lastBuckets[number] = found
        return found
    }

    @inline(__always) func head(
        _ series: Int, _ record: UnsafeMutablePointer<Int64>
    ) -> UnsafeMutablePointer<Bucket> {
        UnsafeMutableRawPointer(record + subjects.layout.seriesAt + series * SubjectTable.Layout.bucketWords)
            .assumingMemoryBound(to: Bucket.self)
    }

    /// The bucket that `last` describes, which may have no event yet: then it is to have one.
    @inline(__always) mutating func open(
        _ last: LastBucket, _ series: Int, _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32
    ) -> UnsafeMutablePointer<Bucket> {
        let head = head(series, record)
        return head.pointee.events > 0 && head.pointee.number == last.number
            ? head : findOrMake(last, head, series, subject)
    }

    /// A bucket that is not the one in the record: another that is there, or a new one in its place of the order.
    private mutating func findOrMake(
        _ last: LastBucket, _ head: UnsafeMutablePointer<Bucket>, _ number: Int, _ subject: UInt32
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
        setTimer(ofBucket: last.number, number, subject, due: last.due)
        return made
    }

    private mutating func setTimer(ofBucket bucket: Int32, _ number: Int, _ subject: UInt32, due end: Int64) {
        let item = series[number]
        let due = item.form == .fading ? item.start(ofStep: steps(of: bucket, number) + 1, of: bucket) : end
        timers.add(
            Timer(subject: subject, rank: TimerRanks.bucketEnd, item: UInt16(number), bucket: bucket), due: due)
    }

    /// Takes out the bucket in the record, whose place the next one takes, or one of the list.
    mutating func remove(_ head: UnsafeMutablePointer<Bucket>, _ number: Int32) -> Bucket? {
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

    /// Every bucket of a rule or measure, the latest first.
    @inline(__always) func forEachBucket(
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

    /// Whether a subject's rules have more buckets than `maximum`, of which no more are counted. Those of a measure are not read
    /// for a standing.
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

    @inline(__always) private func find(
        _ number: Int32, from head: UnsafeMutablePointer<Bucket>
    ) -> UnsafeMutablePointer<Bucket>? {
        guard head.pointee.events > 0 else { return nil }
        var bucket = head
        while bucket.pointee.number > number, bucket.pointee.next != 0 { bucket = buckets[bucket.pointee.next] }
        return bucket.pointee.number == number ? bucket : nil
    }

    // MARK: What a rule's buckets give

    /// R(r): a rule's points after its caps.
    @inline(__always) func total(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        let item = series[rule]
        switch item.form {
        case .rolling: return Self.clamp(record[item.stateAt], cap: item.cap)
        case .overMeasures: return head(rule, record).pointee.sum
        default:
            var sum: Int64 = 0
            forEachBucket(rule, record) { sum += points(of: $0.pointee, item, at: clock) }
            return max(-ScoringPolicy.saturation, min(ScoringPolicy.saturation, sum))
        }
    }

    /// What a bucket gives of a rule whose buckets each give something.
    @inline(__always) func points(of bucket: Bucket, _ item: Series, at time: Timestamp) -> Int64 {
        let sum = Self.clamp(bucket.sum, cap: item.cap)
        guard let fading = item.fading else { return sum }
        return fading.rest(of: sum, after: item.steps(of: bucket.number, at: time.microseconds))
    }

    /// By how much a rule's points change where a bucket's sum does, or the sum of what is in a window.
    mutating func change(
        of rule: Int, _ bucket: Int32, from before: Int64, to after: Int64, _ record: UnsafeMutablePointer<Int64>
    ) -> Int64 {
        let item = series[rule]
        if item.form == .rolling {
            let sum = record[item.stateAt]
            record[item.stateAt] = sum &+ after &- before
            return Self.clamp(record[item.stateAt], cap: item.cap) - Self.clamp(sum, cap: item.cap)
        }
        let (from, to) = (Self.clamp(before, cap: item.cap), Self.clamp(after, cap: item.cap))
        guard let fading = item.fading else { return to - from }
        let steps = steps(of: bucket, rule)
        return fading.rest(of: to, after: steps) - fading.rest(of: from, after: steps)
    }

    /// How many steps a bucket that fades has made by now. Events of a rule mostly fall in the same one as the last.
    private mutating func steps(of bucket: Int32, _ rule: Int) -> Int64 {
        let last = lastSteps[rule]
        let now = clock.microseconds
        if last.number == bucket, now >= last.from, now < last.until { return last.steps }
        let steps = series[rule].steps(of: bucket, at: now)
        lastSteps[rule] = LastSteps(
            number: bucket, steps: steps, from: steps == 0 ? .min : series[rule].start(ofStep: steps, of: bucket),
            until: series[rule].start(ofStep: steps + 1, of: bucket))
        return steps
    }

    // MARK: Out again

    /// A bucket counts no more, and its evidence goes; one that fades has made a step. By how much the rule's points change.
    mutating func endBucket(_ timer: Timer, _ record: UnsafeMutablePointer<Int64>, _ change: inout Change) -> Int64 {
        let (number, item) = (Int(timer.item), series[Int(timer.item)])
        if item.form == .fading { return fade(timer, item, record) }
        guard let ended = remove(head(number, record), timer.bucket) else { return 0 }
        guard !item.form.isMeasure else {
            leave(ended, number, record, &change)
            return 0
        }
        forget(ended)
        return self.change(of: number, ended.number, from: ended.sum, to: 0, record)
    }

    /// A bucket makes one step, at the clock.
    private mutating func fade(_ timer: Timer, _ item: Series, _ record: UnsafeMutablePointer<Int64>) -> Int64 {
        let head = head(Int(timer.item), record)
        guard let fading = item.fading, let bucket = find(timer.bucket, from: head)?.pointee else { return 0 }
        let steps = steps(of: bucket.number, Int(timer.item))
        let sum = Self.clamp(bucket.sum, cap: item.cap)
        if steps < fading.steps {
            setTimer(ofBucket: bucket.number, Int(timer.item), timer.subject, due: .max)
        } else if let ended = remove(head, bucket.number) {
            forget(ended)
        }
        return fading.rest(of: sum, after: steps) - fading.rest(of: sum, after: steps - 1)
    }

    static func next(_ bucket: UnsafeMutablePointer<Bucket>) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(bucket) + MemoryLayout<Bucket>.offset(of: \.next)!).assumingMemoryBound(
            to: UInt32.self)
    }

    mutating func forget(_ bucket: Bucket) {
        var number = bucket.evidence
        while number != 0 {
            let next = evidence[number].pointee.next
            evidence.remove(number)
            number = next
        }
    }

    /// Everything of a subject that lies outside its record.
    mutating func forgetEvidence(_ record: UnsafeMutablePointer<Int64>) {
        for number in series.indices {
            let isOrdered = series[number].form.isOrdered
            var bucket = head(number, record).pointee
            while true {
                if isOrdered { ordered.removeAll(bucket.evidence) } else { forget(bucket) }
                guard bucket.next != 0 else { break }
                let next = bucket.next
                bucket = buckets[next].pointee
                buckets.remove(next)
            }
        }
    }
}
