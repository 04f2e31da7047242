internal import Crypto
internal import Events

/// The topic of acts and looks, `standing.audit`: who looked at a file, who decided, who changed a policy. It names
/// people, so it is personal data. Its topic file determines how long records are stored (400 days).
///
/// Records are only ever appended. A record's value is one JSON object (`AuditEntry`), its key the writer. Two chains
/// make removals and changes detectable (`AuditChain`):
///
/// - `previous` is the SHA-256 of the value of the record before it of the same session, and `number` counts a
///   session's records from 1.
/// - `after` is the offset of any writer's record before it in the partition, and `seen` that record's SHA-256. A
///   session begins with a record that names the last one of the partition, and later ones name the newest that the
///   writer knows.
///
/// A member with a signing key (`Keyring`, the one of the checkpoints) signs each of its records, and so the heads of
/// both chains that the record names. The record then has `key`, the key's id, and as its last member `signature`,
/// Ed25519 in 128 hexadecimal digits. The signature is of the line `standing audit record 1`, a line with the topic's
/// name, a line with the cluster's id (empty if it has none), and the value without the member `signature`. It proves
/// that a trusted key wrote the record, not which member did.
///
/// Without a key nobody can make signed chains anew. Without the signatures they can be made anew, so where
/// keys are trusted, a record without a signature is a finding.
///
/// A removal at the topic's end, after the last record that another one names, shows in the chains only after the next
/// record is written. So a member with a signing key publishes the newest record that it knows to the topic of
/// checkpoints (`AuditHead`): at its start, every few minutes if there are newer ones, and at its end.
public enum AuditTopic {
    public static let name = "standing.audit"

    /// The value instead of a hash if there is no record before.
    static let genesis = hash(of: Array("standing audit".utf8))

    /// 64 lower-case hexadecimal digits.
    static func hash(of value: some Sequence<UInt8>) -> String {
        Hex.text(SHA256.hash(data: Array(value)))
    }
}
