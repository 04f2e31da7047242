public import Events
internal import Ledger
internal import Policy
internal import Scoring

/// The reasons why a subject's score has changed: the difference of two moments in parts, each with causes of one sort.
/// The parts add up to the difference exactly, in the score and in each dimension.
///
/// The subject's entries are folded from the first moment to the second, in the ledger's order. Every step is of one
/// sort, and its change of the clamped score is attributed to that sort, so the sum of all steps is the difference. A
/// step is an entry, or the time that passes before one: timers that fall due by an entry's time are attributed to
/// time, not to the entry. A subject that is not enrolled counts as 0, so an enrolment adds the base score, and a
/// withdrawal subtracts everything.
///
/// The attribution follows the ledger's order, which is the same for all subjects. If no cap and no clamp applies, and
/// neither an activation of a policy nor the end of a window is in between, each event would add the same at any other
/// position. Then the parts do not depend on the order.
public struct SubjectDifference: Sendable {
    public enum Sort: String, CaseIterable, Sendable {
        /// Behaviour events, including early ones that an enrolment made count.
        case behaviour
        /// Periods and windows that ended, and points that faded.
        case time
        /// Policies that were activated.
        case policy
        /// Voids, and outcomes of appeals.
        case correction
        /// Enrolments, withdrawals and attributes.
        case identity
    }

    /// A subject's values at a moment.
    public struct Moment: Sendable, Equatable {
        public var clock: Timestamp
        /// Nil if the subject was not enrolled.
        public var score: Int64?
        public var band: String?
        /// In the policy's order; empty if the subject was not enrolled.
        public var dimensions: [(name: String, points: Int64)]
        /// Id and version; nil before the ledger's beginning.
        public var policy: (id: String, version: Int64)?

        public static func == (a: Self, b: Self) -> Bool {
            a.clock == b.clock && a.score == b.score && a.band == b.band && a.policy?.id == b.policy?.id
                && a.policy?.version == b.policy?.version
                && a.dimensions.elementsEqual(b.dimensions) { $0 == $1 }
        }
    }

    /// The change of a rule's points.
    public struct Reason: Sendable, Equatable {
        public var rule: String
        public var dimension: String
        /// After the rule's caps, before the clamps of the dimension and of the score.
        public var points: Int64
        /// The number of the entry in the history; nil if the passage of time is the cause.
        var entry: Int?
    }

    public struct Part: Sendable {
        public let sort: Sort
        public internal(set) var score: Int64 = 0
        /// By the names of both policies' dimensions, in the order of `SubjectDifference.dimensions`.
        public internal(set) var dimensions: [Int64] = []
        /// The number of entries, or stretches of time, that changed a rule's points, a dimension or the score.
        public internal(set) var steps = 0
        /// The largest reasons, largest first.
        public internal(set) var reasons: [Reason] = []
    }

    /// The limit of a part's reasons.
    public static let maximumReasons = 20
    /// The limit of enrolments whose early events are attributed to behaviour. Beyond it they are part of the
    /// enrolment.
    static let maximumEnrolments = 16

    public let from: Moment
    public let to: Moment
    /// The names of all dimensions between the two moments, in the order in which they came.
    public private(set) var dimensions: [String] = []
    /// One of each sort, in their order.
    public private(set) var parts: [Part]
    private let history: SubjectEntries

    /// A point in a subject's history: the number of its entries, and the clock after them.
    public struct Point: Sendable, Equatable {
        let entries: Int
        let clock: Timestamp

        /// As `SubjectReplay` takes it: before the first entry that came when the clock was beyond the time, or that
        /// moved it beyond.
        public init(_ time: Timestamp, in history: SubjectEntries) {
            entries = history.entries.firstIndex { $0.clock > time || $0.time > time } ?? history.entries.count
            clock = time
        }

        /// Before the frame at a ledger offset, where the partition's clock is at `clock`.
        public init(offset: Int64, clock: Timestamp, in history: SubjectEntries) {
            entries = history.entries.firstIndex { $0.offset >= offset } ?? history.entries.count
            self.clock = clock
        }

        public func isAfter(_ other: Point) -> Bool { entries > other.entries || clock > other.clock }
    }

    /// `from` must not be after `to`. Throws errors of a replay.
    public init(_ history: SubjectEntries, from start: Point, to end: Point) throws {
        precondition(!start.isAfter(end), "the first moment is after the second")
        self.history = history
        var walk = Walk(SubjectReplay(before: history), history)
        while walk.replay.next < start.entries { try walk.replay.takeNext() }
        walk.replay.advance(to: start.clock)
        walk.begin()
        from = Moment(walk.replay)
        while walk.replay.next < end.entries { try walk.step() }
        walk.advance(to: end.clock)
        to = Moment(walk.replay)
        dimensions = walk.dimensions
        parts = walk.parts
        for index in parts.indices {
            parts[index].dimensions += [Int64](repeating: 0, count: dimensions.count - parts[index].dimensions.count)
            parts[index].trim(to: Self.maximumReasons)
        }
    }

    public var score: Int64 { (to.score ?? 0) - (from.score ?? 0) }

    /// The difference in a dimension. A dimension that a policy lacks is 0 there.
    public func points(in dimension: String) -> Int64 {
        func points(_ moment: Moment) -> Int64 { moment.dimensions.first { $0.name == dimension }?.points ?? 0 }
        return points(to) - points(from)
    }

    /// The entry of a reason; nil if the passage of time is the cause.
    func entry(_ reason: Reason) -> SubjectEntries.Entry? { reason.entry.map { history.entries[$0] } }

    var subject: [UInt8] { history.subject }
}

extension SubjectDifference.Moment {
    fileprivate init(_ replay: borrowing SubjectReplay) {
        let (policy, standing) = (replay.fold.policy, replay.standing)
        self.init(
            clock: replay.fold.clock, score: standing?.level.score,
            band: standing.map { policy.bands[$0.level.band].name },
            dimensions: standing.map { Array(zip(policy.dimensions.map(\.name), $0.dimensions)) } ?? [],
            policy: replay.next > 0 ? (policy.id, Int64(policy.version)) : nil)
    }
}

extension SubjectDifference.Part {
    fileprivate init(_ sort: SubjectDifference.Sort) { self.sort = sort }

    /// Retains the largest reasons; of equal ones those that came first.
    fileprivate mutating func trim(to maximum: Int) {
        let ordered = reasons.enumerated().sorted {
            ($1.element.points.magnitude, $0.offset) < ($0.element.points.magnitude, $1.offset)
        }
        reasons = ordered.prefix(maximum).map(\.element)
    }
}

/// The walk from one moment to the other.
private struct Walk: ~Copyable {
    /// The parts of the score at a moment.
    private struct State {
        var score: Int64 = 0
        /// By the index in `dimensions`.
        var points: [Int64] = []
        /// By the rule's id.
        var rules: [String: (dimension: String, points: Int64)] = [:]
    }

    var replay: SubjectReplay
    private(set) var dimensions: [String] = []
    private(set) var parts = SubjectDifference.Sort.allCases.map { SubjectDifference.Part($0) }
    private let history: SubjectEntries
    private var state = State()
    private var enrolments = 0

    init(_ replay: consuming SubjectReplay, _ history: SubjectEntries) {
        self.replay = replay
        self.history = history
    }

    mutating func begin() { state = readState() }

    /// Walks the time that passes before the next entry, then the entry.
    mutating func step() throws {
        let number = replay.next
        let entry = history.entries[number]
        advance(to: entry.clock)
        if entry.kind == .event, !EntryTime.isOutOfRange(entry.time, clock: replay.fold.clock) {
            advance(to: entry.time)
        }
        try replay.takeNext()
        let sort = SubjectDifference.Sort(of: entry)
        if let step = replay.steps.last, step.entry == number, !step.letCount.isEmpty,
            enrolments < SubjectDifference.maximumEnrolments
        {
            enrolments += 1
            let identity = Self.read(try standing(after: number, without: step.letCount), &dimensions)
            note(.identity, number, identity)
            note(.behaviour, number, readState())
            return
        }
        note(sort, number, readState())
    }

    mutating func advance(to time: Timestamp) {
        guard time > replay.fold.clock else { return }
        replay.advance(to: time)
        note(.time, nil, readState())
    }

    /// The standing after an enrolment without the early events that it made count.
    private func standing(after number: Int, without early: [Int]) throws -> SubjectReplay {
        var other = SubjectReplay(before: history.filtered { $0 <= number && !early.contains($0) })
        while other.next <= number - early.count { try other.takeNext() }
        return other
    }

    private mutating func readState() -> State { Self.read(replay, &dimensions) }

    /// Appends names of new dimensions to `dimensions`.
    private static func read(_ replay: borrowing SubjectReplay, _ dimensions: inout [String]) -> State {
        guard let standing = replay.standing else { return State() }
        let policy = replay.fold.policy
        var state = State(score: standing.level.score)
        for (number, points) in standing.dimensions.enumerated() {
            let name = policy.dimensions[number].name
            let index = dimensions.firstIndex(of: name) ?? dimensions.count
            if index == dimensions.count { dimensions.append(name) }
            while state.points.count <= index { state.points.append(0) }
            state.points[index] = points
        }
        for item in standing.contributions {
            let rule = policy.rules[item.rule]
            state.rules[rule.id] = (policy.dimensions[rule.dimension].name, item.points)
        }
        return state
    }

    /// Attributes the changes to the sort.
    private mutating func note(_ sort: SubjectDifference.Sort, _ entry: Int?, _ new: State) {
        let index = SubjectDifference.Sort.allCases.firstIndex(of: sort)!
        func points(_ state: State, _ dimension: Int) -> Int64 {
            state.points.indices.contains(dimension) ? state.points[dimension] : 0
        }
        var isChanged = new.score != state.score
        parts[index].score += new.score - state.score
        while parts[index].dimensions.count < dimensions.count { parts[index].dimensions.append(0) }
        for dimension in dimensions.indices {
            let change = points(new, dimension) - points(state, dimension)
            parts[index].dimensions[dimension] += change
            isChanged = isChanged || change != 0
        }
        for rule in Set(state.rules.keys).union(new.rules.keys).sorted() {
            let change = (new.rules[rule]?.points ?? 0) - (state.rules[rule]?.points ?? 0)
            guard change != 0, let dimension = (new.rules[rule] ?? state.rules[rule])?.dimension else { continue }
            isChanged = true
            parts[index].reasons.append(.init(rule: rule, dimension: dimension, points: change, entry: entry))
        }
        if isChanged { parts[index].steps += 1 }
        if parts[index].reasons.count >= SubjectDifference.maximumReasons * 16 {
            parts[index].trim(to: SubjectDifference.maximumReasons)
        }
        state = new
    }
}

extension SubjectDifference.Sort {
    fileprivate init(of entry: SubjectEntries.Entry) {
        switch entry.type.withUnsafeBytes({ ControlType($0) }) {
        case nil: self = .behaviour
        case .enrolled, .withdrawn: self = .identity
        case .eventVoided, .appealFiled, .appealDecided, .sourceWithdrawn, .sourceRestored: self = .correction
        // Of the ledger's own entries only the activation of a policy changes scores.
        case .policyActivated, .sourceReset, .sourceGap, .sourceAcknowledged, .ledgerUpgraded, .ledgerSkipped:
            self = .policy
        }
    }
}
