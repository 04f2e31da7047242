public import Events
internal import Policy

/// An appeal that is not decided yet.
public struct OpenAppeal: Sendable, Hashable, Codable {
    /// The subject's id, UTF-8.
    public let subject: [UInt8]
    /// The sanction's id.
    public let sanction: String
    /// `stayed`, unless the policy has `stay: false`.
    public let state: SanctionState
    /// The sanction's dates.
    public let since: Timestamp
    public let until: Timestamp
    /// Without a decision by this time the sanction is lifted.
    public let decideBy: Timestamp

    public init(
        subject: [UInt8], sanction: String, state: SanctionState, since: Timestamp, until: Timestamp,
        decideBy: Timestamp
    ) {
        (self.subject, self.sanction, self.state) = (subject, sanction, state)
        (self.since, self.until, self.decideBy) = (since, until, decideBy)
    }
}

extension Fold {
    /// The number of open appeals in the folded state. It reads each sanction once, which takes some nanoseconds.
    public borrowing func openAppealCount() -> Int {
        var count = 0
        guard var free = activeSanctions.freeSlots() else { preconditionFailure("a sanction is free twice") }
        for index in 0..<activeSanctions.used {
            let number = UInt32(index + 1)
            if free.insert(number), activeSanctions[number].pointee.appeal == .pending { count += 1 }
        }
        return count
    }

    /// The open appeals of the subjects in `records` records of the table, from record `first` on. Returns the record
    /// to continue with; nil if there is none. A subject has the same record until it withdraws or the policy changes.
    public borrowing func openAppeals(
        from first: Int, records: Int, _ body: (OpenAppeal) -> Void
    ) -> Int? {
        let end = min(subjects.used, first + records)
        guard first < end else { return nil }
        let sanctionsAt = subjects.layout.sanctionsAt
        for number in first..<end {
            let record = subjects.record(UInt32(number))
            guard SubjectTable.header(record).pointee.keyLength > 0 else { continue }
            for sanction in policy.sanctions.indices where record[sanctionsAt + sanction] != 0 {
                guard let activeSanction = activeSanction(sanction, record)?.pointee, activeSanction.appeal == .pending
                else {
                    continue
                }
                body(
                    OpenAppeal(
                        subject: Array(SubjectTable.key(record)), sanction: policy.sanctions[sanction].id,
                        state: activeSanction.state, since: Timestamp(microseconds: activeSanction.since),
                        until: Timestamp(microseconds: activeSanction.until),
                        decideBy: Timestamp(microseconds: activeSanction.deadline)))
            }
        }
        return end < subjects.used ? end : nil
    }
}
