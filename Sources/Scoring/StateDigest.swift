internal import Events
internal import Policy

/// 128 bits that follow from a fold's state alone: the same for the same subjects, evidence, sanctions, perks and
/// clock, independent of their layout in memory. It detects states that diverged by mistake. It is not a signature.
public struct StateDigest: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// 32 hexadecimal digits.
    public var description: String { Hex.text(high, digits: 16) + Hex.text(low, digits: 16) }
}

extension Fold {
    /// A state with a dangling reference.
    struct Broken: Error {}

    /// The digest of the state, from sums of hashes, so that neither the order of subjects nor that of evidence
    /// matters. The timers that fall due together must all have fired, or none of them.
    public borrowing func digest() -> StateDigest {
        precondition(timers.openDue == nil, "an entry is folded in part")
        do {
            return try checkedDigest(isForeign: false)
        } catch {
            preconditionFailure("a fold's own state refers to what is not there")
        }
    }

    /// The elements of each pool that were visited. Every element belongs to one owner, or is free.
    private struct Seen {
        var buckets: BitSet
        var evidence: BitSet
        var activeSanctions: BitSet
        var ordered: BitSet
        /// The points of the current subject's rules, by dimension.
        var points: [Int64]
    }

    /// The digest, with a check of every reference in the state, so that arbitrary bytes do no harm. For an `isForeign`
    /// state the values that follow from others are checked too, so that an accepted state can be folded on.
    borrowing func checkedDigest(isForeign: Bool) throws(Broken) -> StateDigest {
        var sum = DigestSum()
        guard let buckets = buckets.freeSlots(), let evidence = evidence.freeSlots(),
            let activeSanctions = activeSanctions.freeSlots(),
            let ordered = ordered.events.freeSlots()
        else { throw Broken() }
        var seen = Seen(
            buckets: buckets, evidence: evidence, activeSanctions: activeSanctions, ordered: ordered,
            points: [Int64](repeating: 0, count: policy.dimensions.count))
        for subject in 0..<UInt32(subjects.used) {
            let record = subjects.record(subject)
            guard SubjectTable.header(record).pointee.keyLength > 0 else { continue }
            try add(record, to: &sum, &seen)
            guard isForeign else { continue }
            for dimension in policy.dimensions.indices {
                guard record[SubjectTable.Layout.dimensionsAt + dimension] == seen.points[dimension] else {
                    throw Broken()
                }
            }
        }
        identities.forEach { sum.add(WordHash(5, $0)) }
        voided.forEach { sum.add(WordHash(6, $0)) }
        early.forEach { item, bytes in
            var word = WordHash(8, item.key)
            for part in [item.number, item.identity] { word.add(part) }
            for part in [item.expires, item.time, item.isFrozen ? 1 : 0] { word.add(UInt64(bitPattern: part)) }
            word.add(bytes.fingerprint(seed: 3))
            sum.add(word)
        }
        waitingVoids.forEach { item, _ in
            var word = WordHash(9, item.key)
            word.add(item.number)
            word.add(UInt64(bitPattern: item.expires))
            sum.add(word)
        }
        var whole = WordHash(7, UInt64(bitPattern: clock.microseconds))
        whole.add(UInt64(subjects.count))
        whole.add(UInt64(identities.count))
        whole.add(UInt64(voided.count))
        whole.add(policy.text)
        sum.add(whole)
        return StateDigest(high: sum.high, low: sum.low)
    }

    /// Adds everything of a subject that can affect a later entry.
    private borrowing func add(
        _ record: UnsafeMutablePointer<Int64>, to sum: inout DigestSum, _ seen: inout Seen
    ) throws(Broken) {
        let header = SubjectTable.header(record).pointee
        let key = SubjectTable.key(record).fingerprint(seed: 3)
        let number = Int(SubjectTable.terms(record).pointee)
        guard number < terms.texts.count else { throw Broken() }
        var subject = WordHash(1, key)
        subject.add(UInt64(header.kind) | UInt64(header.band) << 8 | UInt64(header.errors) << 32)
        subject.add(terms.texts[number].withUnsafeBytes { $0.fingerprint(seed: 3) })
        subject.add(UInt64(bitPattern: record[SubjectTable.Layout.scoreAt]))
        subject.add(UInt64(SubjectTable.enrolment(record).pointee))
        let events = SubjectTable.events(record).pointee
        subject.add(UInt64(events.known) | UInt64(events.beyond) << 32)
        for perk in policy.perks.indices { subject.add(UInt64(bitPattern: record[subjects.layout.perksAt + perk])) }
        for sanction in policy.sanctions.indices {
            let number = record[subjects.layout.sanctionsAt + sanction]
            guard number != 0 else { continue }
            guard let number = UInt32(exactly: number), seen.activeSanctions.insert(number) else { throw Broken() }
            let item = activeSanctions[number].pointee
            subject.add(UInt64(sanction) << 16 | UInt64(item.state.rawValue) << 8 | UInt64(item.appeal.rawValue))
            for date in [item.since, item.noticeEnd, item.until, item.deadline] {
                subject.add(UInt64(bitPattern: date))
            }
            subject.add(item.cause)
        }
        if !attributes.isEmpty {
            guard attributes.isUsed(attributesNumber(record)) else { throw Broken() }
            let set = attributes.bytes(of: attributesNumber(record))
            subject.add(set.withUnsafeBytes { $0.fingerprint(seed: 3) })
        }
        sum.add(subject)
        for dimension in seen.points.indices { seen.points[dimension] = 0 }
        for number in series.indices {
            switch series[number].form {
            case .plain, .fading, .rolling: try add(head(number, record), of: number, record, key, to: &sum, &seen)
            case .overMeasures: try add(points: head(number, record).pointee, of: number, key, to: &sum, &seen)
            case .count, .sum, .least, .greatest, .latest, .streak:
                try add(measure: number, record, key, to: &sum, &seen)
            }
        }
    }

    /// Adds a rule's buckets and their evidence.
    @inline(__always) private borrowing func add(
        _ head: UnsafeMutablePointer<Bucket>, of rule: Int, _ record: UnsafeMutablePointer<Int64>, _ key: UInt64,
        to sum: inout DigestSum, _ seen: inout Seen
    ) throws(Broken) {
        let item = series[rule]
        var all: Int64 = 0
        let last = try forEachBucket(from: head, &seen) { bucket, seen throws(Broken) in
            all &+= item.form == .rolling ? bucket.sum : points(of: bucket, item, at: clock)
            let items = try digest(ofEvidence: bucket, &seen)
            sum.add(Self.hash(bucket, of: rule, key, items))
        }
        if item.oldestAt > 0, oldest(item, record).pointee != last { throw Broken() }
        if item.hasSum {
            guard record[item.stateAt] == all else { throw Broken() }
            all = item.form == .rolling ? Self.clamp(all, cap: item.cap) : Self.saturated(all)
        }
        seen.points[item.dimension] &+= all
    }

    /// Adds the points of a rule over measures.
    private borrowing func add(
        points head: Bucket, of rule: Int, _ key: UInt64, to sum: inout DigestSum, _ seen: inout Seen
    ) throws(Broken) {
        guard head.events == 0, head.link == 0, head.evidence == 0, head.sum.magnitude <= UInt64(series[rule].cap)
        else {
            throw Broken()
        }
        seen.points[series[rule].dimension] &+= head.sum
        guard head.sum != 0 else { return }
        var hash = WordHash(10, key)
        hash.add(UInt64(rule))
        hash.add(UInt64(bitPattern: head.sum))
        sum.add(hash)
    }

    /// Adds a measure's buckets and their content. Its state must follow from them.
    private borrowing func add(
        measure number: Int, _ record: UnsafeMutablePointer<Int64>, _ key: UInt64, to sum: inout DigestSum,
        _ seen: inout Seen
    ) throws(Broken) {
        let item = series[number]
        var found = MeasureState(events: 0, oldest: 0, low: 0, high: 0)
        var last = Int64.max
        // Without a window the order runs through all days.
        let isOneOrder = item.form.isOrdered && item.lasts == nil
        var all = (items: DigestSum(), bucket: Bucket(sum: 0, events: 0, evidence: 0, number: 0, link: 0))
        let oldest = try forEachBucket(from: head(number, record), &seen) { bucket, seen throws(Broken) in
            var items = DigestSum()
            if isOneOrder {
                try add(ordered: bucket, to: &all.items, &last, &seen)
                all.bucket.events &+= bucket.events
            } else if item.form.isOrdered {
                try add(ordered: bucket, to: &items, &last, &seen)
            } else {
                items = try digest(ofEvidence: bucket, &seen)
                switch item.form {
                case .sum: found.sum += total(of: bucket)
                case .least, .greatest:
                    guard bucket.sum == furthest(of: bucket, item) else { throw Broken() }
                    found.value = found.events == 0 ? bucket.sum : item.furthest(found.value, bucket.sum)
                default: break
                }
            }
            found.events &+= bucket.events
            if !isOneOrder { sum.add(Self.hash(bucket, of: number, key, items)) }
        }
        if isOneOrder, found.events > 0 { sum.add(Self.hash(all.bucket, of: number, key, all.items)) }
        let head = head(number, record)
        if item.form == .streak { found.value = streak(number, record) }
        if item.form == .latest, found.events > 0 { found.value = ordered[head.pointee.evidence].pointee.value }
        let state = state(item, record).pointee
        guard state.events == found.events, state.oldest == (item.oldestAt > 0 ? oldest : 0), state.low == found.low,
            state.high == found.high
        else { throw Broken() }
    }

    private static func hash(_ bucket: Bucket, of number: Int, _ key: UInt64, _ items: DigestSum) -> WordHash {
        var hash = WordHash(2, key)
        hash.add(UInt64(number) << 32 | UInt64(UInt32(bitPattern: bucket.number)))
        hash.add(UInt64(bitPattern: bucket.sum))
        hash.add(UInt64(bucket.events))
        hash.add(items.high)
        hash.add(items.low)
        return hash
    }

    /// Calls the body with every bucket of a list, and checks that each belongs to this list alone. Returns the number
    /// of the oldest.
    @inline(__always) private borrowing func forEachBucket(
        from head: UnsafeMutablePointer<Bucket>, _ seen: inout Seen,
        _ body: (Bucket, inout Seen) throws(Broken) -> Void
    ) throws(Broken) -> UInt32 {
        guard head.pointee.events > 0 else {
            guard head.pointee.link == 0, head.pointee.evidence == 0 else { throw Broken() }
            return 0
        }
        var walk = BucketWalk()
        var bucket = head.pointee
        while true {
            try body(bucket, &seen)
            guard let older = walk.next(bucket.link) else { return walk.number }
            guard seen.buckets.insert(older) else { throw Broken() }
            bucket = buckets[older].pointee
        }
    }

    @inline(__always) private borrowing func digest(
        ofEvidence bucket: Bucket, _ seen: inout Seen
    ) throws(Broken) -> DigestSum {
        var items = DigestSum()
        var number = bucket.evidence
        while number != 0 {
            guard seen.evidence.insert(number) else { throw Broken() }
            let item = evidence[number].pointee
            var word = WordHash(4, item.identity)
            word.add(UInt64(bitPattern: item.points))
            items.add(word)
            number = item.next
        }
        return items
    }

    private borrowing func total(of bucket: Bucket) -> Int128 {
        var total: Int128 = 0
        var number = bucket.evidence
        while number != 0 {
            total += Int128(evidence[number].pointee.points)
            number = evidence[number].pointee.next
        }
        return total
    }

    /// Adds events in their order, the last one first; `last` is the time of the event before them. The order of events
    /// of the same time is not checked: it depends on texts, which may not be in memory.
    private borrowing func add(
        ordered bucket: Bucket, to items: inout DigestSum, _ last: inout Int64, _ seen: inout Seen
    ) throws(Broken) {
        let day = Period.day.start(of: bucket.number).microseconds
        var (number, count) = (bucket.evidence, UInt32(0))
        while number != 0 {
            guard seen.ordered.insert(number) else { throw Broken() }
            let item = ordered[number].pointee
            let (time, isBeyond) = day.addingReportingOverflow(item.time)
            guard !isBeyond, time <= last else { throw Broken() }
            var word = WordHash(11, item.mark)
            word.add(UInt64(bitPattern: time))
            word.add(UInt64(bitPattern: item.value))
            items.add(word)
            last = time
            count &+= 1
            number = item.next
        }
        guard count == bucket.events else { throw Broken() }
    }
}

/// 128 bits of a run of words (multiply and fold, after wyhash).
private struct WordHash {
    private(set) var high: UInt64
    private(set) var low: UInt64

    init(_ seed: UInt64, _ word: UInt64) {
        high = seed &* 0xA076_1D64_78BD_642F
        low = seed &* 0xE703_7ED1_A0B4_28DB
        add(word)
    }

    @inline(__always) mutating func add(_ word: UInt64) {
        low = Self.fold(low ^ word ^ 0x8EBC_6AF0_9C88_C6E3, (low &+ 0x5899_65CC_7537_4CC3) | 1)
        high = Self.fold(high ^ word ^ 0x1D8E_4E27_C47D_124F, (high &+ 0xEB44_ACCA_B455_D165) | 1)
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0).fingerprint(seed: 3)) }
    }

    @inline(__always) private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }
}

/// A sum of 128-bit hashes (Bellare and Micciancio's AdHash).
private struct DigestSum {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0

    @inline(__always) mutating func add(_ hash: WordHash) {
        let (sum, carry) = low.addingReportingOverflow(hash.low)
        low = sum
        high = high &+ hash.high &+ (carry ? 1 : 0)
    }
}
