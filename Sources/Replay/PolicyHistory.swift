public import Events
public import Ledger
internal import Policy
internal import Scoring

/// The policies of a ledger partition's past, and the sources that are withdrawn, read frame by frame with the fold's
/// rules.
public struct PolicyHistory {
    /// An entry that activates a policy, or fails to.
    public struct Activation: Sendable, Equatable {
        public let text: String
        /// The ledger offset of the entry's frame.
        public let offset: Int64
        /// The partition's clock at the entry; nil before any event or tick.
        public let clock: Timestamp?
        /// The reason why it changed nothing, if it was approved against another policy; nil otherwise.
        public let conflict: Conflict?
        /// The ledger's fold version, if it is too old for the policy, so that nothing changed; nil otherwise.
        public let olderVersion: Int64?

        public var changedNothing: Bool { conflict != nil || olderVersion != nil }
    }

    /// An activation was approved against a policy other than the one that was active at its entry.
    public struct Conflict: Sendable, Hashable {
        /// The value in the entry, which should be a `PolicyHash`.
        public let replaces: String
        /// `PolicyHash` of the policy that was active.
        public let active: String

        public init(replaces: String, active: String) { (self.replaces, self.active) = (replaces, active) }
    }

    /// The outcome of an event that requests an activation.
    public enum Outcome: Sendable, Hashable {
        /// `replaced`: `PolicyHash` of the policy that was active before; nil if there was none.
        case activated(replaced: String?)
        /// Its policy was active already.
        case repeated
        case conflict(Conflict)
        /// The ledger has this fold version, which is too old for the policy.
        case olderLedger(Int64)
        /// Its time is out of range (`EntryTime`).
        case outOfRange
    }

    /// An entry that counts and has a policy. Its outcome follows from those before it.
    private struct Candidate {
        let identity: [UInt8]
        let text: String
        /// Nil if the fold does not check it.
        let replaces: String?
        /// The ledger's fold version at the entry.
        let version: Int64
        let offset: Int64
        let clock: Timestamp?

        /// Whether the fold ignores it: a policy that needs a newer fold version compiles, but changes nothing.
        var isBeyondLedger: Bool {
            guard version < Int64(FoldVersion.sixth.rawValue), let policy = try? ScoringPolicy(yaml: text, file: "")
            else { return false }
            return Int64(policy.foldVersion.rawValue) > version
        }
    }

    /// The ledger offset of the next frame to read.
    public private(set) var nextOffset: Int64 = 0
    /// The ledger's fold version at the end of what has been read.
    public var foldVersion: Int64 { reader.acceptance.foldVersion }
    /// Whether a policy became active.
    public var hasPolicy: Bool { !candidates.isEmpty }
    /// Source topics that are withdrawn at the end of what has been read, in the order in which they were.
    public private(set) var withdrawnSources: [String] = []
    /// Whether the partition has entries of a source topic, or one about it.
    public func hasSource(_ topic: String) -> Bool { reader.acceptance.has(topic: topic) }
    private var reader = EntryReader()
    private var entry = FrameReader.blank
    private let decoder = EventDecoder()
    private var candidates: [Candidate] = []
    private var known: Set<[UInt8]> = []
    private var outOfRange: Set<[UInt8]> = []

    public init() {}

    /// Reads further frames. `frames` begins at `nextOffset`. Throws `FrameError`, and errors of `frames`.
    public mutating func read(_ frames: any FrameSource) throws {
        while let frame = try frames.next() {
            nextOffset = frame.offset + 1
            guard try reader.openOrPass(frame.bytes) else { continue }
            while try reader.next(&entry) { take(at: frame.offset) }
        }
    }

    private mutating func take(at offset: Int64) {
        if let skipped = SkipSearch.record(namedBy: entry, decoder), skipped < offset {
            // In a record that is passed over a policy that compiles still counts.
            candidates.removeAll { $0.offset == skipped && (try? ScoringPolicy(yaml: $0.text, file: "")) == nil }
            return
        }
        guard entry.kind != .tick, let type = ControlType(entry.event.type) else { return }
        let identity = Self.identity(source: Array(entry.event.source), id: Array(entry.event.id))
        if type == .sourceWithdrawn || type == .sourceRestored {
            takeSource(identity, isWithdrawal: type == .sourceWithdrawn)
            return
        }
        guard type == .policyActivated else { return }
        guard !reader.isOutOfRange else {
            outOfRange.insert(identity)
            return
        }
        guard let text = entry.event.policyText(decoder),
            // If two members began the ledger, the first entry won.
            entry.kind == .system ? candidates.isEmpty : known.insert(identity).inserted
        else { return }
        let version = reader.acceptance.foldVersion
        let isCompared = version >= Int64(FoldVersion.fifth.rawValue) && entry.kind == .event
        let clock = reader.acceptance.clock
        candidates.append(
            Candidate(
                identity: identity, text: text, replaces: isCompared ? entry.event.replacedPolicy(decoder) : nil,
                version: version, offset: offset, clock: clock == .distantPast ? nil : clock))
    }

    private mutating func takeSource(_ identity: [UInt8], isWithdrawal: Bool) {
        guard !reader.isOutOfRange, foldVersion >= Self.sourcesVersion, known.insert(identity).inserted,
            let topic = decoder.string("topic", of: entry.event.data).map({ String(decoding: $0, as: UTF8.self) })
        else { return }
        withdrawnSources.removeAll { $0 == topic }
        if isWithdrawal { withdrawnSources.append(topic) }
    }

    /// The first fold version under which a source can be withdrawn and restored.
    public static let sourcesVersion = Int64(FoldVersion.eighth.rawValue)

    /// Neither attribute has a control character, so the separator is unique.
    private static func identity(source: [UInt8], id: [UInt8]) -> [UInt8] { source + [0] + id }

    /// Calls the body with each candidate, in the ledger's order, and its outcome.
    private func judge(_ body: (Candidate, Outcome) -> Void) {
        var active: String?
        for candidate in candidates {
            if let replaces = candidate.replaces, let hash = active.map(PolicyHash.of), replaces != hash {
                body(candidate, .conflict(Conflict(replaces: replaces, active: hash)))
            } else if candidate.text == active {
                body(candidate, .repeated)
            } else if active != nil, candidate.isBeyondLedger {
                body(candidate, .olderLedger(candidate.version))
            } else {
                body(candidate, .activated(replaced: active.map(PolicyHash.of)))
                active = candidate.text
            }
        }
    }

    /// The activations in the ledger's order, including those that changed nothing because of a conflict or the
    /// ledger's fold version. Activations of the active policy, repeats, and activations whose policy does not compile
    /// are omitted.
    public var activations: [Activation] {
        var activations: [Activation] = []
        judge { candidate, outcome in
            var conflict: Conflict?
            var olderVersion: Int64?
            switch outcome {
            case .activated: break
            case .conflict(let found): conflict = found
            case .olderLedger(let version): olderVersion = version
            case .repeated, .outOfRange: return
            }
            activations.append(
                Activation(
                    text: candidate.text, offset: candidate.offset, clock: candidate.clock, conflict: conflict,
                    olderVersion: olderVersion))
        }
        return activations
    }

    /// The texts of the policies that became active; the last one is active. No two successive ones are equal.
    public var texts: [String] { activations.filter { !$0.changedNothing }.map(\.text) }

    /// The outcome of the event of this source and id; nil if it has not been read.
    public func outcome(source: String, id: String) -> Outcome? {
        let identity = Self.identity(source: Array(source.utf8), id: Array(id.utf8))
        var found: Outcome?
        judge { candidate, outcome in
            if candidate.identity == identity { found = outcome }
        }
        return found ?? (outOfRange.contains(identity) ? .outOfRange : nil)
    }

    /// Whether the act about a source whose event has this source and id counts.
    public func takesSourceAct(source: String, id: String) -> Bool {
        known.contains(Self.identity(source: Array(source.utf8), id: Array(id.utf8)))
    }

    /// `activations` of a partition's frames from its first.
    public static func activations(of frames: any FrameSource) throws -> [Activation] {
        var history = Self()
        try history.read(frames)
        return history.activations
    }

    /// `texts` of a partition's frames from its first.
    public static func texts(of frames: any FrameSource) throws -> [String] {
        var history = Self()
        try history.read(frames)
        return history.texts
    }

    /// The active policy, last, and before it the policies that led to it, each once. A return to a policy drops those
    /// that came after it. `texts` is the whole history.
    public static func lineage(of texts: [String]) -> [String] {
        var lineage: [String] = []
        for text in texts {
            if let index = lineage.firstIndex(of: text) {
                lineage.removeSubrange((index + 1)...)
            } else {
                lineage.append(text)
            }
        }
        return lineage
    }
}
