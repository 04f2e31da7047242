import Access
import Synchronization

/// An audit in memory, which can be away.
final class RecordedLooks: AuditLog, Sendable {
    struct Away: Error {}
    private let records = Mutex<[AuditRecord]>([])
    let isAway = Mutex(false)

    /// Actor, action, subject, purpose and outcome of each, with `-` for what is not there.
    var all: [String] {
        records.withLock { $0 }.map { record in
            let subject = record.subject.map { String(decoding: $0, as: UTF8.self) } ?? "-"
            return "\(record.actor) \(record.action) \(subject) \(record.purpose ?? "-") \(record.outcome)"
        }
    }

    func append(_ record: AuditRecord) async throws {
        if isAway.withLock({ $0 }) { throw Away() }
        records.withLock { $0.append(record) }
    }
}
