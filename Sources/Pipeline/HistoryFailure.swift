/// Why a subject's past cannot be computed. It names no subject.
public struct HistoryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The point is after the ledger's end.
        case beyond
        /// The point is after the folded part of the ledger, or the disk cannot be read now.
        case notNow
        /// The archive is damaged.
        case archive
        /// There are more entries than may be in memory.
        case tooMany
    }

    public let kind: Kind
    /// A sentence for the caller.
    public let description: String

    init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
