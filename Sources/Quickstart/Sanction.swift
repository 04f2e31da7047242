/// A sanction that a citizen can expect. The raw value is the id in the town's policy.
///
/// The town does not see the policy or a fact. Like its citizens it only knows what usually follows a deed. So now and
/// then a citizen appeals in vain, against a sanction that was never imposed.
enum Sanction: String, Sendable {
    case railBan = "rail-ban"
    case noGatherings = "no-gatherings"
    case delisted
    case officeSuspension = "office-suspension"
    case judgmentDefaulter = "judgment-defaulter"

    /// Statements against the sanction. Of each such list one entry is drawn.
    var statements: [String] {
        switch self {
        case .railBan: ["My ticket would not open.", "I was at home that day.", "The inspector took the wrong name."]
        case .noGatherings: ["I came when it was over.", "We were invited.", "It was a wedding."]
        case .delisted: ["The courier lost the parcels.", "A rival wrote those reviews."]
        case .officeSuspension: ["The file was complete.", "I acted on instructions."]
        case .judgmentDefaulter:
            ["The letter never reached me.", "It is paid: see the receipt.", "I pay by instalments."]
        }
    }

    static func decisionReasons(isUpheld: Bool) -> [String] {
        isUpheld
            ? ["The evidence does not show who it was.", "The statement is proved.", "The report came too late."]
            : ["The evidence stands.", "Nothing supports the statement.", "The statement is about something else."]
    }

    static let correctionReasons = [
        "mistaken identity", "entered twice", "a reader was out of order", "withdrawn by its author",
    ]
}
