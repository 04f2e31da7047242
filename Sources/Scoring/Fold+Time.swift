internal import CIntrinsics
internal import Events
internal import Policy

/// The order of a subject's timers that fall due together: bucket ends, perks by id, sanctions by id.
struct TimerRanks {
    static let bucketEnd: UInt16 = 0
    let ofPerk: [UInt16]
    let ofSanction: [UInt16]

    init(_ policy: ScoringPolicy) {
        ofPerk = Self.ranks(policy.perks.map(\.id), from: 1)
        ofSanction = Self.ranks(policy.sanctions.map(\.id), from: 1 + policy.perks.count)
    }

    private static func ranks(_ ids: [String], from first: Int) -> [UInt16] {
        let order = ids.indices.sorted { ids[$0].utf8.lexicographicallyPrecedes(ids[$1].utf8) }
        var ranks = [UInt16](repeating: 0, count: ids.count)
        for (rank, item) in order.enumerated() { ranks[item] = UInt16(first + rank) }
        return ranks
    }
}

extension Fold {
    /// Fires every timer that is due by `time`, each with the clock at its due time. Then moves the clock, and removes
    /// events and voids whose wait has expired. Returns false if the allowance is used up first: the clock is then that
    /// of the last timer that fired, or already moved.
    @inline(__always) mutating func advance(to time: Timestamp) -> Bool {
        let target = max(clock, time)
        let isDue = min(timers.nextDue, decisionTimers.nextDue) <= target.microseconds
        if isDue, !fireTimers(until: target) { return false }
        clock = target
        return nextExpiry > target.microseconds || expireEarly()
    }

    /// Returns false if the allowance is used up before all have fired.
    private mutating func fireTimers(until target: Timestamp) -> Bool {
        var due = SortedRuns<DueTimer>()
        swap(&due, &dueTimers)
        defer { swap(&due, &dueTimers) }
        while let next = nextTimerDue, next <= target.microseconds {
            guard open(&due) else { return false }
            while let timer = due.first?.timer {
                guard allowance.timers > 0, hasRoomForStep else { return false }
                if timer.rank == TimerRanks.bucketEnd {
                    endBuckets(of: timer.subject, &due)
                } else {
                    removeFirst(&due)
                    fire(timer)
                }
            }
            due.removeAll()
            timers.close()
            decisionTimers.close()
        }
        return true
    }

    /// The due time of the next timers, or of the open ones; nil if there are none.
    private var nextTimerDue: Int64? {
        if let open = openTimerDue { return open }
        return timers.isEmpty && decisionTimers.isEmpty ? nil : min(timers.nextDue, decisionTimers.nextDue)
    }

    /// The due time of the timers that fall due together and have not all fired; nil if there are none.
    var openTimerDue: Int64? { timers.openDue ?? decisionTimers.openDue }

    private mutating func openTimers() {
        let next = min(timers.nextDue, decisionTimers.nextDue)
        if timers.nextDue == next { timers.open() }
        if decisionTimers.nextDue == next { decisionTimers.open() }
    }

    /// Sets a timer of a perk or a sanction.
    mutating func addDecision(_ timer: Timer, due: Int64) {
        if purpose == .shadow { decisionTimers.add(timer, due: due) } else { timers.add(timer, due: due) }
    }

    /// Sorts the timers that are due next, and moves the clock to their due time. Returns false if the allowance is
    /// used up first; what is sorted stays sorted.
    private mutating func open(_ due: inout SortedRuns<DueTimer>) -> Bool {
        guard !due.isMerging else { return true }
        if openTimerDue == nil { openTimers() }
        while allowance.timers > 0 {
            guard let timer = timers.takeTimer() ?? decisionTimers.takeTimer() else {
                due.merge { precedes($0, $1) }
                if let due = openTimerDue { clock = max(clock, Timestamp(microseconds: due)) }
                return true
            }
            allowance.timers -= 1
            // A withdrawn subject has no name to sort by, and nothing that could fall due.
            let record = subjects.record(timer.subject)
            guard SubjectTable.header(record).pointee.keyLength > 0 else { continue }
            due.append(DueTimer(timer: timer, order: SubjectTable.order(of: record))) { precedes($0, $1) }
        }
        return false
    }

    private mutating func removeFirst(_ due: inout SortedRuns<DueTimer>) {
        due.removeFirst { precedes($0, $1) }
        allowance.timers -= 1
        diagnostics.timersFired &+= 1
        prefetch(due)
    }

    /// Prefetches for the next timers, in three stages: a subject's record, then the bucket that ends, then its
    /// evidence.
    @inline(__always) private mutating func prefetch(_ due: borrowing SortedRuns<DueTimer>) {
        if let timer = due.ahead(12)?.timer {
            let record = subjects.record(timer.subject)
            standing_prefetch(record)
            standing_prefetch(record + subjects.layout.perksAt)
            if timer.rank == TimerRanks.bucketEnd {
                standing_prefetch(head(Int(timer.item), record))
                standing_prefetch(record + series[Int(timer.item)].stateAt)
            }
        }
        if let timer = due.ahead(8)?.timer, let number = oldestBucket(timer) { standing_prefetch(buckets[number]) }
        if let timer = due.ahead(4)?.timer, let number = oldestBucket(timer),
            case let first = buckets[number].pointee.evidence, first != 0
        {
            let isOrdered = series[Int(timer.item)].form.isOrdered
            standing_prefetch(isOrdered ? UnsafeRawPointer(ordered[first]) : UnsafeRawPointer(evidence[first]))
        }
    }

    /// The oldest bucket that is not in the record, which is mostly the one that ends; nil if there is none.
    @inline(__always) private mutating func oldestBucket(_ timer: Timer) -> UInt32? {
        guard timer.rank == TimerRanks.bucketEnd, series[Int(timer.item)].oldestAt > 0 else { return nil }
        let number = oldest(series[Int(timer.item)], subjects.record(timer.subject)).pointee
        return number == 0 ? nil : number
    }

    @inline(__always) private func precedes(_ a: DueTimer, _ b: DueTimer) -> Bool {
        if a.order.high != b.order.high { return a.order.high < b.order.high }
        if a.order.low != b.order.low { return a.order.low < b.order.low }
        let (x, y) = (a.timer, b.timer)
        guard x.subject != y.subject else { return (x.rank, x.item, x.bucket) < (y.rank, y.item, y.bucket) }
        return SubjectTable.key(subjects.record(x.subject)).precedes(SubjectTable.key(subjects.record(y.subject)))
    }

    /// A subject's buckets that end together, and those that fade, are one step.
    private mutating func endBuckets(of subject: UInt32, _ due: inout SortedRuns<DueTimer>) {
        let record = subjects.record(subject)
        let firstReason = output.reasons.count
        var change = Change()
        while let first = due.first?.timer, first.subject == subject, first.rank == TimerRanks.bucketEnd {
            // Those of one rule or measure follow each other. There can be two, where a month has no such day.
            let item = first.item
            var points: Int64 = 0
            var last: Int32?
            while let timer = due.first?.timer, timer.subject == subject, timer.rank == TimerRanks.bucketEnd,
                timer.item == item
            {
                // A bucket that was emptied and created again has two timers.
                if timer.bucket != last { points += endBucket(timer, record, &change) }
                last = timer.bucket
                removeFirst(&due)
            }
            guard points != 0 else { continue }
            change.points = true
            record[SubjectTable.Layout.dimensionsAt + policy.rules[Int(item)].dimension] += points
            output.reasons.append(Reason(rule: Int(item), points: points))
        }
        allowStep()
        if change.measures != 0 { weighMeasures(record, cause: .bucketEnd, &change) }
        output.sortReasons(from: firstReason)
        weigh(record, &change)
        evaluate(subject, cause: .bucketEnd, reasons: firstReason..<output.reasons.count, change)
    }

    private mutating func fire(_ timer: Timer) {
        let record = subjects.record(timer.subject)
        let item = Int(timer.item)
        guard Int(timer.rank) <= policy.perks.count else {
            fire(item, record, timer.subject)
            return
        }
        let states = record + subjects.layout.perksAt
        guard states[item] != PerkState.held, states[item] != PerkState.idle, states[item] <= clock.microseconds else {
            return
        }
        states[item] = PerkState.idle
        let level = level(record)
        emit(.perkRevoked, record, cause: .perk(item), before: level, after: level, item: item, reasons: noReasons)
    }
}
