public import Events
public import Ledger

/// Proves for one partition of the audit topic that no record between two others was removed or changed. It gets the
/// records in their order.
///
/// Records that have expired at the topic's beginning are not a finding: if something has expired, a session's first
/// remaining record may have any number.
///
/// With trusted keys it checks the signatures too. A record without a signature is a finding, unless its time is before
/// the one from which all are signed and its member has signed none before it. The writer of a record chooses its
/// time, so of the records before that time nothing is proved but their chains.
///
/// With heads (`AuditHead`) it also proves that the records which members have vouched for are there, at the topic's end
/// too (`close`).
public struct AuditChain: Sendable {
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        public let partition: Int32
        public let offset: Int64
        public let reason: String
        public var description: String { "partition \(partition), offset \(offset): \(reason)" }
    }

    /// The limit of records back to which `after` is compared.
    static let maximumRemembered = 65_536

    private struct Session {
        var number: Int64
        var hash: String
        /// The id of the key of its records; nil if they are not signed.
        let key: String?
    }

    private let partition: Int32
    /// The oldest offset that the topic still has.
    private let beginning: Int64
    private var nextOffset: Int64
    private var sessions: [String: Session] = [:]
    private var hashes: [String] = []
    /// The offset of the hash at the front of the ring.
    private var firstHash: Int64
    public private(set) var records: Int64 = 0
    public private(set) var findings: [Finding] = []
    /// The limit of listed findings. Others are counted.
    public static let maximumFindings = 100
    public private(set) var findingCount: Int64 = 0

    /// Nil if signatures are not checked.
    private let trust: AuditTrust?
    /// By member, the offset of its first record with a valid signature.
    private var signedSince: [String: Int64] = [:]
    /// Records with a signature. It is valid unless there is a finding, if signatures are checked.
    public private(set) var signed: Int64 = 0
    /// Records without a signature.
    public private(set) var unsigned: Int64 = 0
    /// The offset of the last record without a signature; nil if there is none.
    public private(set) var lastUnsigned: Int64?

    /// The heads of this partition, by offset.
    private let heads: [Int64: [AuditHead]]

    /// `trust`: nil if signatures are not checked. `heads`: those of this partition that trusted keys have signed.
    public init(partition: Int32, beginning: Int64, trust: AuditTrust? = nil, heads: [AuditHead] = []) {
        (self.partition, self.beginning, self.trust) = (partition, beginning, trust)
        self.heads = Dictionary(grouping: heads, by: \.offset)
        (nextOffset, firstHash) = (beginning, beginning)
    }

    public mutating func note(_ value: UnsafeRawBufferPointer?, at offset: Int64) {
        let entry = value.flatMap { AuditEntry(json: $0) }
        note(entry, hash: AuditTopic.hash(of: value.map(Array.init) ?? []), at: offset)
        if let entry, let value { checkSignature(entry, value, offset) }
    }

    private mutating func checkSignature(_ entry: AuditEntry, _ value: UnsafeRawBufferPointer, _ offset: Int64) {
        guard entry.signature != nil else {
            unsigned += 1
            lastUnsigned = offset
            if let since = signedSince[entry.member] {
                find(offset, "it is not signed, and \(entry.member) signs its records since offset \(since)")
            } else if let trust, trust.unsignedBefore.map({ entry.time >= $0 }) ?? true {
                find(offset, "it is not signed")
            }
            return
        }
        signed += 1
        guard let trust else { return }
        if let objection = trust.objection(to: entry, value) { return find(offset, objection) }
        if signedSince[entry.member] == nil { signedSince[entry.member] = offset }
    }

    /// Without the signature. `entry`: nil if the value is no record of an audit. `hash`: of the value.
    mutating func note(_ entry: AuditEntry?, hash: String, at offset: Int64) {
        records += 1
        if offset != nextOffset {
            find(offset, "\(offset - nextOffset) records before it are missing")
            (hashes, firstHash) = ([], offset)
        }
        nextOffset = offset + 1
        defer { remember(hash) }
        if let head = heads[offset]?.first(where: { $0.hash != hash }) {
            find(offset, "it is not the record that \(head.member) has vouched for, at \(head.time)")
        }
        guard let entry else { return find(offset, "it is no record of an audit") }
        checkSession(entry, hash, offset)
        checkPosition(entry, offset)
    }

    /// To be called after the last record. `end` is the topic's end. `expired`: records of a time before it may have
    /// expired at the topic's beginning; nil if that is not known.
    public mutating func close(at end: Int64, expired: Timestamp?) {
        let all = heads.values.joined()
        if let head = all.filter({ $0.offset >= end }).max(by: { $0.offset < $1.offset }) {
            find(
                head.offset,
                "it is missing: \(head.member) has vouched for it, at \(head.time), and the topic ends at \(end)")
        }
        guard let expired,
            let head = all.filter({ $0.offset < beginning && $0.time >= expired }).max(by: { $0.offset < $1.offset })
        else { return }
        find(
            head.offset,
            "it is missing: \(head.member) has vouched for it, at \(head.time), and it has not expired since")
    }

    private mutating func checkSession(_ entry: AuditEntry, _ hash: String, _ offset: Int64) {
        let last = sessions[entry.writer]
        sessions[entry.writer] = Session(number: entry.number, hash: hash, key: entry.key)
        guard let last else {
            if entry.number == 1 {
                if entry.previous != AuditTopic.genesis { find(offset, "\(entry.writer) begins with another chain") }
            } else if beginning == 0 {
                find(offset, "\(entry.writer) begins with its record \(entry.number)")
            }
            return
        }
        if entry.key != last.key {
            let (key, before) = (entry.key ?? "no key", last.key ?? "no key")
            find(offset, "\(entry.writer) has \(key), and \(before) before: a session has one key")
        }
        if entry.number != last.number + 1 {
            find(offset, "record \(last.number) of \(entry.writer) is followed by its record \(entry.number)")
        } else if entry.previous != last.hash {
            find(offset, "record \(last.number) of \(entry.writer) is not the one that record \(entry.number) follows")
        }
    }

    private mutating func checkPosition(_ entry: AuditEntry, _ offset: Int64) {
        guard entry.after >= 0 else {
            if entry.seen != AuditTopic.genesis { find(offset, "it names no record, and the hash of one") }
            return
        }
        guard entry.after < offset else {
            return find(offset, "it names the record at \(entry.after), which comes after it")
        }
        guard entry.after >= firstHash else { return }
        if hashes[Int(entry.after % Int64(Self.maximumRemembered))] != entry.seen {
            find(offset, "the record at \(entry.after) is not the one that it was when this one was written")
        }
    }

    private mutating func remember(_ hash: String) {
        let offset = nextOffset - 1
        if hashes.isEmpty { hashes = [String](repeating: "", count: Self.maximumRemembered) }
        hashes[Int(offset % Int64(Self.maximumRemembered))] = hash
        firstHash = max(firstHash, nextOffset - Int64(Self.maximumRemembered))
    }

    private mutating func find(_ offset: Int64, _ reason: String) {
        findingCount += 1
        if findings.count < Self.maximumFindings {
            findings.append(Finding(partition: partition, offset: offset, reason: reason))
        }
    }
}
