internal import Access

/// The pages in the navigation.
enum Tab: String, CaseIterable {
    case overview = "Overview"
    case subjects = "Subjects"
    case appeals = "Appeals"
    case policies = "Policies"
    case sources = "Sources"
    case deadLetters = "Dead letters"
    case lag = "Lag"
    case ledger = "Ledger"
    case audit = "Audit"
    case mine = "My standing"

    var path: String {
        switch self {
        case .overview: ConsolePages.root
        case .subjects: ConsolePath.subjects
        case .appeals: ConsolePath.appeals
        case .policies: ConsolePath.policies
        case .sources: ConsolePath.sources
        case .deadLetters: ConsolePath.deadLetters
        case .lag: ConsolePath.lag
        case .ledger: ConsolePath.ledger
        case .audit: ConsolePath.audit
        case .mine: ConsolePath.mine
        }
    }

    var permission: Permission {
        switch self {
        case .overview, .policies, .sources, .lag, .ledger: .readProgramme
        case .subjects: .searchSubjects
        case .appeals: .readFile
        case .deadLetters: .redriveDeadLetters
        case .audit: .readAudit
        case .mine: .readStanding
        }
    }

    /// The headings of the navigation, with their pages.
    fileprivate static let groups: [(title: String, tabs: [Tab])] = [
        ("You", [.mine]), ("People", [.overview, .subjects, .appeals]), ("Rules", [.policies]),
        ("Flow", [.sources, .deadLetters, .lag]), ("Record", [.ledger, .audit]),
    ]

    func isOpen(to caller: Caller) -> Bool {
        if self == .mine { return caller.roles.contains(.subject) && caller.subject != nil }
        return caller.may(permission)
    }
}

extension ConsolePages {
    static func navigation(for caller: Caller?, at tab: Tab?) -> [Fields] {
        guard let caller else { return [] }
        return Tab.groups.compactMap { group in
            let tabs = group.tabs.filter { $0.isOpen(to: caller) }
            guard !tabs.isEmpty else { return nil }
            return .of([
                "heading": group.title,
                "tabs": tabs.map { Fields.of(["name": $0.rawValue, "path": $0.path, "isCurrent": $0 == tab]) },
            ])
        }
    }
}
