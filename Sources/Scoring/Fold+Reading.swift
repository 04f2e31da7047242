public import Events
internal import CEL
internal import Policy

extension Fold {
    /// A subject's standing now; nil if it is not enrolled.
    public func standing(of subject: UnsafeRawBufferPointer) -> Standing? {
        subjects.find(subject, hash: subject.fingerprint(seed: 0)).map { standing(subjects.record($0)) }
    }

    /// Whether a subject's standing reads more than `maximum` buckets. False if the subject is not enrolled.
    public func hasMoreBuckets(than maximum: Int, of subject: UnsafeRawBufferPointer) -> Bool {
        subjects.find(subject, hash: subject.fingerprint(seed: 0))
            .map { hasMoreBuckets(than: maximum, subjects.record($0)) } ?? false
    }

    /// Calls the body with every subject's standing, in no particular order.
    public func forEachStanding(_ body: (Standing) -> Void) {
        subjects.forEach { _, record in body(standing(record)) }
    }

    /// The fingerprints of the events that are in a subject's measure, and of those that break its streak. Empty if the
    /// subject is not enrolled.
    public func events(inMeasure measure: Int, of subject: UnsafeRawBufferPointer) -> Set<UInt64> {
        var events: Set<UInt64> = []
        guard let number = subjects.find(subject, hash: subject.fingerprint(seed: 0)) else { return events }
        let seriesIndex = policy.rules.count + measure
        forEachBucket(seriesIndex, subjects.record(number)) { bucket in
            var next = bucket.pointee.evidence
            while next != 0 {
                if series[seriesIndex].form.isOrdered {
                    events.insert(ordered[next].pointee.mark)
                    next = ordered[next].pointee.next
                } else {
                    events.insert(OrderedEvent.mark(evidence[next].pointee.identity))
                    next = evidence[next].pointee.next
                }
            }
        }
        return events
    }

    /// The points before any cap of each event that counts under a rule of a subject now, by the event's fingerprint.
    /// Empty if the subject is not enrolled.
    public func points(ofRule rule: Int, of subject: UnsafeRawBufferPointer) -> [UInt64: Int64] {
        var points: [UInt64: Int64] = [:]
        guard series[rule].form != .overMeasures,
            let number = subjects.find(subject, hash: subject.fingerprint(seed: 0))
        else { return points }
        forEachBucket(rule, subjects.record(number)) { bucket in
            var next = bucket.pointee.evidence
            while next != 0 {
                points[OrderedEvent.mark(evidence[next].pointee.identity), default: 0] += evidence[next].pointee.points
                next = evidence[next].pointee.next
            }
        }
        return points
    }

    /// The fingerprint by which `events(inMeasure:of:)` and `points(ofRule:of:)` identify an event.
    public func fingerprint(of event: EventView) -> UInt64 { OrderedEvent.mark(keys(event).identity) }

    private func standing(_ record: UnsafeMutablePointer<Int64>) -> Standing {
        let header = SubjectTable.header(record).pointee
        return Standing(
            subject: Array(SubjectTable.key(record)),
            kind: SubjectKind(rawValue: header.kind) ?? .individual,
            terms: String(decoding: terms[SubjectTable.terms(record).pointee], as: UTF8.self),
            level: level(record),
            dimensions: policy.dimensions.indices.map { points($0, record) },
            contributions: policy.rules.indices.compactMap { contribution($0, record) },
            sanctions: policy.sanctions.indices.compactMap { sanction in
                activeSanction(sanction, record).map { Standing.Sanction(sanction: sanction, $0.pointee) }
            },
            perks: policy.perks.indices.filter { record[subjects.layout.perksAt + $0] != PerkState.idle },
            errors: Int64(header.errors), beyondLimit: Int64(SubjectTable.events(record).pointee.beyond),
            measures: measures(record, kind: header.kind), attributes: attributes(record))
    }

    private func measures(_ record: UnsafeMutablePointer<Int64>, kind: UInt8) -> [Standing.Measure] {
        policy.measures.indices.compactMap { number in
            let item = series[policy.rules.count + number]
            guard item.kinds & (1 << kind) != 0 else { return nil }
            let state = state(item, record).pointee
            return Standing.Measure(measure: number, value: state.reading(item.form), events: Int64(state.events))
        }
    }

    private func attributes(_ record: UnsafeMutablePointer<Int64>) -> [Standing.Attribute] {
        guard !attributes.isEmpty else { return [] }
        let number = attributesNumber(record)
        return policy.attributes.indices.compactMap { attribute in
            attributes.value(attribute, of: number).json.map { Standing.Attribute(attribute: attribute, json: $0) }
        }
    }

    private func contribution(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Standing.Contribution? {
        if series[rule].form == .overMeasures {
            let points = total(rule, record)
            return points == 0 ? nil : Standing.Contribution(rule: rule, points: points, events: 0)
        }
        var events: Int64 = 0
        forEachBucket(rule, record) { events += Int64($0.pointee.events) }
        return events == 0 ? nil : Standing.Contribution(rule: rule, points: total(rule, record), events: events)
    }
}

extension Standing.Sanction {
    init(sanction: Int, _ activeSanction: ActiveSanction) {
        self.sanction = sanction
        state = activeSanction.state
        since = Timestamp(microseconds: activeSanction.since)
        until = Timestamp(microseconds: activeSanction.until)
        inForceFrom = activeSanction.state == .inForce ? nil : Timestamp(microseconds: activeSanction.noticeEnd)
        decideBy = activeSanction.appeal == .pending ? Timestamp(microseconds: activeSanction.deadline) : nil
        mayAppeal = activeSanction.appeal == .none
    }
}

extension Value {
    /// An attribute's value as JSON; nil if it is absent, or if it is a number that JSON cannot represent.
    fileprivate var json: [UInt8]? {
        var writer = ByteWriter()
        switch self {
        case .int(let number): writer.append(decimal: number)
        case .double(let number):
            guard number.isFinite else { return nil }
            writer.append("\(number)")
        case .bool(let isTrue): writer.append(isTrue ? "true" : "false")
        case .string(let text): writer.append(jsonString: text.bytes)
        case .timestamp(let moment): writer.append(jsonString: moment.timestampText)
        default: return nil
        }
        return Array(writer.bytes)
    }
}
