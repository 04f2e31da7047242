public import Events
internal import Ledger

/// The heads of the audit that trusted keys have signed, from the topic of checkpoints.
public struct AuditHeads {
    /// The limit of heads in memory. The oldest are dropped first.
    static let maximum = 100_000

    private let trust: AuditTrust
    private let since: Timestamp?
    private let decoder = EventDecoder()
    private var heads: [AuditHead] = []
    public private(set) var count = 0

    /// `trust`: its origins are those of the audit topic. `since`: heads of a time before it do not count; nil if all
    /// count.
    public init(_ trust: AuditTrust, since: Timestamp? = nil) { (self.trust, self.since) = (trust, since) }

    /// Takes a record of the topic of checkpoints, in its order. What is no head, or not signed for the audit by a
    /// trusted key, is passed over: it proves nothing.
    public mutating func note(_ value: UnsafeRawBufferPointer?) {
        guard let signed = value.flatMap({ SignedAuditHead(json: $0, decoder) }) else { return }
        if let since, signed.head.time < since { return }
        let origin = AuditOrigin(topic: signed.head.topic, cluster: signed.head.cluster)
        guard trust.origins.contains(origin), signed.objection(trust.keyring) == nil else { return }
        count += 1
        heads.append(signed.head)
        // Half of them at once, so that few records move the others.
        if heads.count >= 2 * Self.maximum { heads.removeFirst(heads.count - Self.maximum) }
    }

    /// The number of partitions that heads are of.
    var partitions: Int32 { heads.map { $0.partition + 1 }.max() ?? 0 }

    func of(_ partition: Int32) -> [AuditHead] { heads.filter { $0.partition == partition } }
}
