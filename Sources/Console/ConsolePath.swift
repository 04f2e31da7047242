internal import Access
internal import Events

/// The paths of the console's pages, and of the JSON that they link to. Ids are in queries, because an id can be `.` or
/// contain a slash.
enum ConsolePath {
    static let signIn = ConsolePages.root + "/sign-in"
    static let signOut = ConsolePages.root + "/sign-out"
    static let subjects = ConsolePages.root + "/subjects"
    static let subject = ConsolePages.root + "/subject"
    static let mine = ConsolePages.root + "/me"
    static let appeals = ConsolePages.root + "/appeals"
    static let appeal = ConsolePages.root + "/appeal"
    static let policies = ConsolePages.root + "/policies"
    static let backtest = ConsolePages.root + "/backtest"
    static let sources = ConsolePages.root + "/sources"
    static let lag = ConsolePages.root + "/lag"
    static let deadLetters = ConsolePages.root + "/dead-letters"
    static let ledger = ConsolePages.root + "/ledger"
    static let audit = ConsolePages.root + "/audit"
    static let words = ConsolePages.root + "/words"
    static let acts = ConsolePages.root + "/acts/"

    static func subject(_ id: String, purpose: String? = nil) -> String {
        with(subject, [("id", id), ("purpose", purpose)])
    }

    static func subjects(prefix: String) -> String {
        with(subjects, [("prefix", ConsolePages.shortened(prefix, to: 40))])
    }

    static func appeal(_ id: String, _ sanction: String, purpose: String? = nil) -> String {
        with(appeal, [("id", id), ("sanction", sanction), ("purpose", purpose)])
    }

    static func ledger(subject: String) -> String { with(ledger, [("subject", subject)]) }

    static func act(_ kind: ActKind, _ query: [(String, String?)] = []) -> String { with(acts + kind.rawValue, query) }

    /// Whether an untrusted path leads to a page of the console.
    static func isOwn(_ path: String) -> Bool {
        guard
            path == ConsolePages.root || path.hasPrefix(ConsolePages.root + "/")
                || path.hasPrefix(ConsolePages.root + "?")
        else {
            return false
        }
        return path.utf8.allSatisfy { (0x21..<0x7F).contains($0) && $0 != 0x5C } && !path.contains("..")
    }

    // MARK: JSON

    static func json(subject id: String) -> String { "/subjects/" + encoded(id, dots: true) + "/file" }

    /// The entries that a search finds; without a search, the partitions.
    static func json(ledger search: LedgerSearch) -> String {
        if let subject = search.subject {
            let path = jsonStanding(of: subject) + "/entries"
            return with(path, [("purpose", search.purpose), ("after", search.after)])
        }
        guard search.partition != nil || search.from != nil else { return "/ledger" }
        return with(
            "/ledger/\(search.partition ?? 0)/entries",
            [
                ("offset", search.offset.map { String($0) }),
                ("from", search.offset == nil ? search.from?.description : nil), ("after", search.after),
            ])
    }

    /// `PARTITION:OFFSET`.
    static func json(letter key: String) -> String {
        "/dead-letters/" + key.split(separator: ":").map { encoded(String($0), dots: true) }.joined(separator: "/")
    }

    /// The overview every five seconds, and one change per second. The page is loaded again no more often.
    static let changes = "/changes?figures=true&most=1"

    static func jsonStanding(of id: String) -> String { "/subjects/" + encoded(id, dots: true) }

    // MARK: Encoding

    /// Parameters without a value are left out.
    static func with(_ path: String, _ query: [(String, String?)]) -> String {
        var text = path
        var separator = "?"
        for (name, value) in query {
            guard let value else { continue }
            text += separator + name + "=" + encoded(value)
            separator = "&"
        }
        return text
    }

    /// Percent-encoded, except characters that are unreserved in RFC 3986. `dots`: encodes dots too, for a path's
    /// segment.
    static func encoded(_ text: String, dots: Bool = false) -> String {
        PercentEncoding.encoded(text.utf8) { PercentEncoding.isUnreserved($0) && !(dots && $0 == UInt8(ascii: ".")) }
    }
}
