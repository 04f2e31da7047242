public import Events
internal import Ledger
public import Policy
public import Replay
internal import Scoring

/// The effect of another policy on a ledger in use: folds the ledger under its own policies, activates the candidate at
/// its end, and folds it again as if the candidate had always been active. Works on one partition at a time, on the
/// calling thread. Memory is that of three states of one partition.
public struct PolicyChange: Sendable {
    /// The result.
    public struct Difference: Sendable {
        public var active: ScoringPolicy
        public var candidate: ScoringPolicy
        /// By partition: the ledger offset before which everything is folded.
        public var nextOffsets: [Int64]
        /// The least clock of the partitions that have one. An activation with this time moves no clock, and
        /// `activation` assumes that. Nil if no partition has a clock.
        public var clock: Timestamp?
        /// From the present state to the state directly after the activation. It has no `onlyPolicy` sanctions, because
        /// an activation never imposes one.
        public var activation: BacktestReport.Comparison
        /// From the present state to the state that would exist if the candidate had always been active.
        public var wholeHistory: BacktestReport.Comparison
    }

    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// How often a run reads the history: under its own policies, under the candidate, and for the state directly after the
    /// activation. Its progress counts the frames of each time.
    public static let passes: Int64 = 3

    public let candidate: ScoringPolicy
    /// The limit of subjects in each list.
    public var listLimit = 10

    public init(candidate: ScoringPolicy) { self.candidate = candidate }

    /// Calls `person` with a line of JSON for each subject that would change, by partition, and in the order of their
    /// ids' bytes within one. Throws `Failure` if partitions have different policies.
    public func run(
        partitions: [Int32], source: @escaping LedgerReplay.Source, progress: ReplayProgress = ReplayProgress(),
        person: ((UnsafeRawBufferPointer) throws -> Void)? = nil
    ) throws -> Difference {
        var active: ScoringPolicy?
        var activation: BacktestComparison?
        var wholeHistory: BacktestComparison?
        var nextOffsets: [Int64] = []
        var clocks: [Timestamp] = []
        for partition in partitions {
            let history: PartitionFold.History = { try source(partition, 0, $0) }
            var current = try PartitionFold.folded(until: .max, source, progress) {
                PartitionFold(partition: partition, history: history, storesFacts: false)
            }
            guard let policy = current.policy else {
                throw Failure(description: "ledger partition \(partition) has not begun: there is no policy to change")
            }
            if let active, active.text != policy.text {
                throw Failure(
                    description:
                        "ledger partition \(partition) is under \(policy.id) version \(policy.version), others under "
                        + "\(active.id) version \(active.version): an activation is under way, try again")
            }
            active = policy
            let end = current.nextOffset
            nextOffsets.append(end)
            if current.fold.clock != .distantPast { clocks.append(current.fold.clock) }
            let always = try PartitionFold.folded(until: end, source, progress) {
                PartitionFold(partition: partition, fixedPolicy: candidate, history: history, storesFacts: false)
            }
            let switched = try current.preview(
                candidate, history: { try CountedHistory(source(partition, 0, $0), progress) })
            if activation == nil {
                activation = BacktestComparison(policy: candidate, against: policy, listLimit: listLimit)
                wholeHistory = activation
            }
            activation!.add(policy: switched, against: current.fold)
            wholeHistory!.add(policy: always.fold, against: current.fold)
            if let person { try describe(current.fold, switched, always.fold, policy, person) }
        }
        guard let active, let activation, let wholeHistory else { throw Failure(description: "there is no partition") }
        return Difference(
            active: active, candidate: candidate, nextOffsets: nextOffsets, clock: clocks.min(),
            activation: activation.finished(), wholeHistory: wholeHistory.finished())
    }

    // MARK: Per person

    /// `{"subject","before":{"score","band"},"after":{…},"perksWon":[],"perksLost":[],"sanctionsLifted":[],
    /// "sanctionsAlways":[],"sanctionsNever":[]}`. The last two are the additional and the missing sanctions if the
    /// candidate had always been active.
    private func describe(
        _ current: borrowing Fold, _ switched: borrowing Fold, _ always: borrowing Fold, _ active: ScoringPolicy,
        _ person: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var subjects: [[UInt8]] = []
        current.forEachStanding { subjects.append($0.subject) }
        subjects.sort { $0.lexicographicallyPrecedes($1) }
        for subject in subjects {
            let standings = subject.withUnsafeBytes {
                (current.standing(of: $0), switched.standing(of: $0), always.standing(of: $0))
            }
            guard let old = standings.0, let new = standings.1 else { continue }
            func perks(_ standing: Standing, _ policy: ScoringPolicy) -> [String] {
                standing.perks.map { policy.perks[$0].id }
            }
            func sanctions(_ standing: Standing?, _ policy: ScoringPolicy) -> [String] {
                standing?.sanctions.map { policy.sanctions[$0.sanction].id } ?? []
            }
            let (held, holds) = (perks(old, active), perks(new, candidate))
            let (were, are, wouldBe) = (
                sanctions(old, active), sanctions(new, candidate), sanctions(standings.2, candidate)
            )
            let lists: [(String, [String])] = [
                ("perksWon", holds.filter { !held.contains($0) }), ("perksLost", held.filter { !holds.contains($0) }),
                ("sanctionsLifted", were.filter { !are.contains($0) }),
                ("sanctionsAlways", wouldBe.filter { !were.contains($0) }),
                ("sanctionsNever", were.filter { !wouldBe.contains($0) }),
            ]
            let (before, after) = (active.bands[old.level.band].name, candidate.bands[new.level.band].name)
            guard old.level.score != new.level.score || before != after || lists.contains(where: { !$0.1.isEmpty })
            else {
                continue
            }
            var json = JSONWriter()
            json.open()
            json.member("subject", String(decoding: subject, as: UTF8.self))
            json.key("before")
            Self.write(old.level.score, before, to: &json)
            json.key("after")
            Self.write(new.level.score, after, to: &json)
            for (name, ids) in lists { json.member(name, ids) }
            json.close()
            try person(json.bytes)
        }
    }

    private static func write(_ score: Int64, _ band: String, to json: inout JSONWriter) {
        json.open()
        json.member("score", score)
        json.member("band", band)
        json.close()
    }
}
