internal import Events
internal import Policy

extension Fold {
    /// A subject's standing now; nil if it is not enrolled.
    public func standing(of subject: UnsafeRawBufferPointer) -> Standing? {
        subjects.find(subject, hash: subject.fingerprint(seed: 0)).map { standing(subjects.record($0)) }
    }

    /// Whether a subject's standing is made of more buckets than `maximum`, all of which are read for it. False if the subject is
    /// not enrolled.
    public func hasMoreBuckets(than maximum: Int, of subject: UnsafeRawBufferPointer) -> Bool {
        subjects.find(subject, hash: subject.fingerprint(seed: 0))
            .map { hasMoreBuckets(than: maximum, subjects.record($0)) } ?? false
    }

    /// Every subject's standing, in no particular order.
    public func forEachStanding(_ body: (Standing) -> Void) {
        subjects.forEach { _, record in body(standing(record)) }
    }

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
                imposition(sanction, record).map { Standing.Sanction(sanction: sanction, $0.pointee) }
            },
            perks: policy.perks.indices.filter { record[subjects.layout.perksAt + $0] != PerkState.idle },
            errors: Int64(header.errors), beyondLimit: Int64(SubjectTable.events(record).pointee.beyond))
    }

    private func contribution(_ rule: Int, _ record: UnsafeMutablePointer<Int64>) -> Standing.Contribution? {
        let (points, events) = tally(rule, record)
        return events == 0 ? nil : Standing.Contribution(rule: rule, points: points, events: events)
    }
}

extension Standing.Sanction {
    init(sanction: Int, _ imposition: Imposition) {
        self.sanction = sanction
        state = imposition.state
        since = Timestamp(microseconds: imposition.since)
        until = Timestamp(microseconds: imposition.until)
        inForceFrom = imposition.state == .inForce ? nil : Timestamp(microseconds: imposition.noticeEnd)
        decideBy = imposition.appeal == .pending ? Timestamp(microseconds: imposition.deadline) : nil
        mayAppeal = imposition.appeal == .none
    }
}
