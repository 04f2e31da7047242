internal import Events
internal import Policy

// Removal of an event's contributions (SPEC section 6).
extension Fold {
    /// Applies `standing.event.voided`: removes exactly what the event contributed, lifts the sanctions that it
    /// imposed, and evaluates. An event that does not count any more stays voided too. The void waits for an event that
    /// has not come yet. `subject` is nil if it is not enrolled.
    mutating func void(_ event: UnsafePointer<EventView>, of subject: UInt32?, _ hash: UInt64) {
        // The decoder's memory has room for one text at a time.
        guard let source = decoder.string("source", of: event.pointee.data)?.fingerprint(seed: hash, key: salt),
            let identity = decoder.string("id", of: event.pointee.data)?.fingerprint(seed: source, key: salt)
        else {
            counters.voidsIgnored += 1
            return
        }
        guard let subject, case let record = subjects.record(subject),
            identities.contains(identity, enrolment: SubjectTable.enrolment(record).pointee)
        else {
            voidEarly(event, identity, hash)
            return
        }
        counters.voids += 1
        _ = voided.insert(identity, enrolment: 0)
        allowStep()
        let firstReason = output.reasons.count
        var change = Change()
        for rule in policy.rules.indices {
            let removed = take(identity, fromRule: rule, record, subject)
            guard removed != 0 else { continue }
            change.points = true
            record[SubjectTable.Layout.dimensionsAt + policy.rules[rule].dimension] += removed
            output.reasons.append(Reason(rule: rule, points: removed))
        }
        for number in policy.rules.count..<series.count where take(identity, fromMeasure: number, record) {
            change.note(measure: number - policy.rules.count, dimension: series[number].dimension)
        }
        if change.measures != 0 { weighMeasures(record, cause: .event(event), &change) }
        output.sortReasons(from: firstReason)
        let reasons = firstReason..<output.reasons.count
        weigh(record, &change)
        for sanction in policy.sanctions.indices where activeSanction(sanction, record)?.pointee.cause == identity {
            lift(sanction, record, .voided, cause: .event(event), change)
            change.sanctions = true
        }
        evaluate(subject, cause: .event(event), reasons: reasons, change)
    }

    /// Removes an event's evidence from a rule's buckets. Returns the change of the rule's points.
    private mutating func take(
        _ identity: UInt64, fromRule rule: Int, _ record: UnsafeMutablePointer<Int64>, _ subject: UInt32
    ) -> Int64 {
        let head = head(rule, record)
        guard head.pointee.events > 0 else { return 0 }
        var walk = BucketWalk()
        var bucket = head
        while true {
            if let points = takeEvidence(identity, from: bucket) {
                let (number, before) = (bucket.pointee.number, bucket.pointee.sum)
                bucket.pointee.sum -= points
                if bucket.pointee.events == 0 { dropEmpty(bucket, rule, record) }
                return change(of: rule, number, from: before, to: before - points, record, subject)
            }
            guard let older = walk.next(bucket) else { return 0 }
            bucket = buckets[older]
        }
    }

    /// Removes a bucket that has no events. While it is being removed, the one in the record must not have the form of
    /// a missing bucket.
    mutating func dropEmpty(
        _ bucket: UnsafeMutablePointer<Bucket>, _ series: Int, _ record: UnsafeMutablePointer<Int64>
    ) {
        bucket.pointee.events = 1
        _ = remove(bucket.pointee.number, of: series, record)
    }

    /// Removes an event from a bucket, whose sum is left to the caller. Returns the event's points; nil if it is not in
    /// the bucket.
    mutating func takeEvidence(_ identity: UInt64, from bucket: UnsafeMutablePointer<Bucket>) -> Int64? {
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
        bucket.pointee.events -= 1
        return item.points
    }
}
