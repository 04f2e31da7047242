internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// A policy that is folded beside the active one: its state, its progress, and the differences.
final class ShadowFold {
    let policy: ScoringPolicy
    private let policyHash: String
    /// Nil after a record that could not be folded.
    private(set) var folding: HistoryFold?
    private var failure: String?
    private(set) var difference: ShadowDifference?
    private var pass: Pass?

    /// A comparison of all subjects in progress.
    private struct Pass {
        var comparison: StateComparison
        let start: (offset: Int64, clock: Timestamp)
    }

    init(
        _ policy: ScoringPolicy, partition: Int32, skipped: Set<Int64>, leftOut: [[UInt8]], maximumSessions: Int,
        history: @escaping PartitionFold.RangeHistory
    ) {
        self.policy = policy
        policyHash = PolicyHash.of(policy.text)
        folding = HistoryFold(
            policy, as: .shadow, partition: partition, skipped: skipped, leftOut: leftOut,
            maximumSessions: maximumSessions, history: history)
    }

    /// Folds the history again without these source topics. Returns the state until now.
    func restart(leavingOut topics: [[UInt8]]) -> HistoryFold? {
        defer { folding = folding?.restarted(leavingOut: topics) }
        forgetComparison()
        return folding
    }

    /// Compares byte for byte, as the text is what is published of a policy.
    func isOf(_ text: String) -> Bool { PolicyHash.areSame(policy.text, text) }

    func stands(at offset: Int64) -> Bool { folding?.stands(at: offset) ?? false }

    func skip(_ offset: Int64) { folding?.skip(offset) }

    func progress(beside offset: Int64) -> ShadowProgress {
        ShadowProgress(
            id: policy.id, version: policy.version, policyHash: policyHash,
            folded: min(folding?.folded ?? 0, offset), total: offset, isLive: stands(at: offset), failure: failure)
    }

    /// As `PartitionFold.catchUpShadow`.
    func catchUp(to end: Int64, horizon: Timestamp?, within slice: PartitionFold.Slice) throws -> Bool {
        guard let folding else { return false }
        folding.past.horizon = horizon
        var left = slice
        do {
            let isDone = try folding.fold(before: end, within: &left)
            return !isDone && !folding.isWaiting
        } catch let problem as PartitionFold.Problem {
            fail(problem)
            return false
        }
    }

    /// Folds a frame that the live state has folded, as far as `left` allows.
    func follow(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, horizon: Timestamp?, within left: inout PartitionFold.Slice
    ) {
        guard let folding else { return }
        folding.past.horizon = horizon
        do {
            _ = try folding.fold(frame, at: offset, within: &left)
        } catch {
            fail(error)
        }
    }

    /// Drops the state and its comparison.
    private func fail(_ error: any Error) {
        failure = "\(error)"
        (folding, pass, difference) = (nil, nil, nil)
    }

    // MARK: Comparison

    /// Another policy is active, so the comparison is not valid any more.
    func forgetComparison() { (pass, difference) = (nil, nil) }

    /// As `PartitionFold.compareShadow`; `live` is the state of this offset.
    func compare(_ live: borrowing Fold, at offset: Int64, records: Int) -> PartitionFold.ComparisonProgress {
        guard let folding, folding.stands(at: offset) else { return .behind }
        var pass =
            self.pass
            ?? Pass(comparison: StateComparison(live: live.policy, shadow: policy), start: (offset, live.clock))
        self.pass = nil
        guard !live.compare(with: folding.past.fold, &pass.comparison, records: records) else {
            self.pass = pass
            return .unfinished
        }
        difference = ShadowDifference(
            pass.comparison, live: live.policy, shadow: policy,
            .init(partition: folding.past.partition, from: pass.start, to: (offset, live.clock)))
        return .finished
    }
}
