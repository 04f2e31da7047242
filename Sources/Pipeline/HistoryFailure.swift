/// Why a subject's past cannot be told. Names no subject.
public struct HistoryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// What is asked for lies beyond the ledger's end.
        case beyond
        /// What is asked for lies beyond what is folded here so far, or the disk cannot be read now.
        case notNow
        /// The archive is damaged.
        case archive
        /// More entries than are taken into memory.
        case tooMany
    }

    public let kind: Kind
    /// A sentence for who asked.
    public let description: String

    init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
