internal import Access
internal import Events

/// A subject in a list. Whoever may not read identities sees it masked and without a link.
public struct SubjectID: Hashable, Sendable {
    public let text: String
    /// Whether the source of the data has masked it already.
    public let isMasked: Bool

    public init(_ text: String, isMasked: Bool = false) { (self.text, self.isMasked) = (text, isMasked) }

    /// The first two characters and dots, so that the length says nothing either. A short id shows less.
    var masked: String {
        if isMasked { return text.printable() }
        let shown = text.count >= 6 ? 2 : text.count >= 3 ? 1 : 0
        return String(text.prefix(shown)).printable() + "••••"
    }

    /// Characters of an id that a list shows.
    static let shownLength = 40
}
