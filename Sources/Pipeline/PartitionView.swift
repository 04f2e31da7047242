internal import Events
internal import Ledger
internal import Policy
internal import Replay
internal import Scoring

/// The state of a ledger partition after a batch of frames, for metrics and readiness. Its size depends on the policy,
/// never on the number of subjects.
struct PartitionView: Sendable, Equatable {
    struct Band: Sendable, Equatable {
        var name: String
        var subjects: Int
    }

    /// The ledger offset of the next frame.
    let nextOffset: Int64
    let clock: Timestamp
    /// The active policy's id and version; nil before the partition's first entry.
    let policy: String?
    let activePolicy: PipelineService.PartitionProgress.Policy?
    /// Timers that are not due yet.
    let timers: Int
    /// Since the beginning of the ledger.
    let tallies: FoldTallies
    /// Source topics that have lost records, and impose no sanction until that is acknowledged.
    let frozenTopics: [String]
    /// Source topics that are withdrawn.
    let withdrawnSources: [String]
    /// In the active policy's order; empty before the partition's first entry.
    let bands: [Band]
    let diagnosis: Diagnosis

    init(_ state: borrowing PartitionFold) {
        nextOffset = state.nextOffset
        clock = state.fold.clock
        policy = state.policy.map { "\($0.id) version \($0.version)" }
        activePolicy = state.policy.map { .init(id: $0.id, version: Int64($0.version)) }
        timers = state.fold.timerCount
        tallies = FoldTallies(state)
        frozenTopics = state.acceptance.frozenTopics
        withdrawnSources = state.withdrawnSources.map { String(decoding: $0, as: UTF8.self) }
        let counts = state.fold.subjectsByBand
        bands = state.policy.map { zip($0.bands, counts).map { Band(name: $0.name, subjects: $1) } } ?? []
        diagnosis = state.diagnosis
    }
}
