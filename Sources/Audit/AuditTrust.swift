public import Events
public import Ledger

/// The topic that a record is written to. A signature covers it, so that a record signed for one topic proves nothing in
/// another one.
public struct AuditOrigin: Sendable, Hashable {
    /// The topic's name, with its prefix.
    public let topic: String
    /// The cluster's id; empty if the cluster has none.
    public let cluster: String

    public init(topic: String, cluster: String) { (self.topic, self.cluster) = (topic, cluster) }

    /// The lines that are signed before a record's value.
    var signedLines: [UInt8] { Array("standing audit record 1\n\(topic)\n\(cluster)\n".utf8) }
}

/// What `AuditChain` accepts as signed.
public struct AuditTrust: Sendable {
    /// The keys whose signatures are trusted.
    let keyring: Keyring
    /// Where the records may have been written: the topic itself, and those that it is a copy of.
    let origins: [AuditOrigin]
    /// Records of a time before this one need no signature; nil if all need one.
    let unsignedBefore: Timestamp?

    /// Nil if no key is trusted: then signatures are not checked.
    public init?(_ keyring: Keyring, of origins: [AuditOrigin], unsignedBefore: Timestamp? = nil) {
        guard !keyring.trustedKeys.isEmpty else { return nil }
        (self.keyring, self.origins, self.unsignedBefore) = (keyring, origins, unsignedBefore)
    }

    /// Why the signature of a record is not valid; nil if a trusted key signed it for one of the origins.
    func objection(to entry: AuditEntry, _ value: UnsafeRawBufferPointer) -> String? {
        var objection: String? = "no topic is named that it may be signed for"
        for origin in origins {
            objection = entry.objection(keyring, value, of: origin)
            if objection == nil { break }
        }
        return objection
    }
}
