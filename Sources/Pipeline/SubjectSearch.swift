public import Events
internal import Policy
public import Scoring

/// The conditions of a list of subjects, with names as in requests. A condition that is nil matches all subjects.
public struct SubjectSearch: Sendable, Equatable {
    /// Why a search is refused. It names no subject.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }
    }

    public static let limits = 1...500
    public static let standardLimit = 100

    /// The beginning of their ids.
    public var prefix: [UInt8]?
    public var kind: SubjectKind?
    public var band: String?
    /// A perk that they hold.
    public var perk: String?
    /// A sanction that they are under, and its state. One of the two is enough.
    public var sanction: String?
    public var state: SanctionState?
    /// The time of their enrolment: from, and before.
    public var enrolledFrom: Timestamp?
    public var enrolledBefore: Timestamp?
    /// The least and the greatest score.
    public var scoreFrom: Int64?
    public var scoreTo: Int64?
    /// Subjects of one page.
    public var limit = standardLimit
    /// The page begins after this id; nil for the first page.
    public var after: [UInt8]?

    public init() {}

    /// The parameters' names, in the order of `text`.
    public static let parameters = [
        "prefix", "kind", "band", "perk", "sanction", "state", "enrolled-from", "enrolled-before", "score-from",
        "score-to",
    ]

    /// From a query's parameters: `parameters`, `limit` and `cursor`. Others are refused, and so is one that comes
    /// twice.
    public init(_ items: [(name: String, value: String)]) throws(Problem) {
        var seen: Set<String> = []
        var cursor: String?
        for (name, value) in items {
            guard seen.insert(name).inserted else { throw Problem("\(name): give it once") }
            if name == "cursor" { cursor = value } else { try take(name, value) }
        }
        if let enrolledFrom, let enrolledBefore, enrolledFrom >= enrolledBefore {
            throw Problem("enrolled-from is not before enrolled-before")
        }
        if let scoreFrom, let scoreTo, scoreFrom > scoreTo { throw Problem("score-from is greater than score-to") }
        if let cursor { after = try SubjectCursor(cursor, of: self).last }
    }

    private mutating func take(_ name: String, _ value: String) throws(Problem) {
        guard !value.isEmpty, value.utf8.count <= EventDecoder.maximumAttributeBytes else {
            throw Problem("\(Self.shown(name)): 1 to \(EventDecoder.maximumAttributeBytes) bytes")
        }
        func time() throws(Problem) -> Timestamp {
            guard let time = Timestamp(value) else { throw Problem("\(name) is a time (RFC 3339)") }
            return time
        }
        func number() throws(Problem) -> Int64 {
            guard let number = Int64(value) else { throw Problem("\(name) is an integer") }
            return number
        }
        switch name {
        case "prefix": prefix = Array(value.utf8)
        case "kind":
            guard let kind = SubjectKind.allCases.first(where: { "\($0)" == value }) else {
                throw Problem("kind is one of \(SubjectKind.allCases.map { "\($0)" }.joined(separator: ", "))")
            }
            self.kind = kind
        case "band": band = value
        case "perk": perk = value
        case "sanction": sanction = value
        case "state":
            guard let state = SanctionState.allCases.first(where: { "\($0.name)" == value }) else {
                throw Problem("state is one of \(SanctionState.allCases.map { "\($0.name)" }.joined(separator: ", "))")
            }
            self.state = state
        case "enrolled-from": enrolledFrom = try time()
        case "enrolled-before": enrolledBefore = try time()
        case "score-from": scoreFrom = try number()
        case "score-to": scoreTo = try number()
        case "limit":
            guard let limit = Int(value), Self.limits.contains(limit) else {
                throw Problem("limit is \(Self.limits.lowerBound) to \(Self.limits.upperBound)")
            }
            self.limit = limit
        default: throw Problem("\(Self.shown(name)): no such parameter")
        }
    }

    private static func shown(_ name: String) -> String { String(name.prefix(32)).debugDescription }

    /// The parameters with conditions, in a fixed order. A cursor belongs to them.
    var restrictions: [(name: String, value: [UInt8])] {
        let values: [[UInt8]?] = [
            prefix, kind.map { Array("\($0)".utf8) }, band.map { Array($0.utf8) }, perk.map { Array($0.utf8) },
            sanction.map { Array($0.utf8) }, state.map { Array("\($0.name)".utf8) },
            enrolledFrom.map { Array("\($0)".utf8) }, enrolledBefore.map { Array("\($0)".utf8) },
            scoreFrom.map { Array("\($0)".utf8) }, scoreTo.map { Array("\($0)".utf8) },
        ]
        return zip(Self.parameters, values).compactMap { name, value in value.map { (name, $0) } }
    }

    /// The query of the same search for another member, without the page's beginning.
    public var items: [(name: String, value: String)] {
        var items = restrictions.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) }
        items.append(("limit", "\(limit)"))
        if let after { items.append(("cursor", SubjectCursor(after: after, of: self).text)) }
        return items
    }

    // MARK: Numbers of a policy

    /// Names that a policy does not have. No subject under this policy matches then.
    func unknownNames(in policy: ScoringPolicy) -> [String] {
        var unknown: [String] = []
        if let band, !policy.bands.contains(where: { $0.name == band }) { unknown.append("band") }
        if let perk, !policy.perks.contains(where: { $0.id == perk }) { unknown.append("perk") }
        if let sanction, !policy.sanctions.contains(where: { $0.id == sanction }) { unknown.append("sanction") }
        return unknown
    }

    /// Only for a policy that has all names.
    func filter(under policy: ScoringPolicy) -> SubjectFilter {
        var filter = SubjectFilter()
        filter.prefix = prefix ?? []
        filter.kind = kind
        filter.band = band.flatMap { band in policy.bands.firstIndex { $0.name == band } }
        filter.perk = perk.flatMap { perk in policy.perks.firstIndex { $0.id == perk } }
        filter.sanction = sanction.flatMap { sanction in policy.sanctions.firstIndex { $0.id == sanction } }
        filter.sanctionState = state
        if enrolledFrom != nil || enrolledBefore != nil {
            let end = enrolledBefore?.adding(microseconds: -1).microseconds ?? .max
            filter.enrolled = (enrolledFrom?.microseconds ?? .min)...end
        }
        if scoreFrom != nil || scoreTo != nil { filter.score = (scoreFrom ?? .min)...(scoreTo ?? .max) }
        return filter
    }
}
