internal import Access
internal import Events

/// A subject in a list. Callers who may not read identities see it masked and without a link.
public struct SubjectID: Hashable, Sendable {
    public let text: String
    /// Whether the source of the data has masked it already.
    public let isMasked: Bool

    public init(_ text: String, isMasked: Bool = false) { (self.text, self.isMasked) = (text, isMasked) }

    /// The first two characters and dots, so that the length is hidden too. A short id shows less.
    var masked: String {
        if isMasked { return text.printable() }
        let shown = text.count >= 6 ? 2 : text.count >= 3 ? 1 : 0
        return String(text.prefix(shown)).printable() + "••••"
    }

    /// The number of characters of an id in a list.
    static let shownLength = 40
}
