public import Events
internal import Foundation
public import Ledger
public import Policy
public import Scoring
internal import Synchronization

/// Folds the partitions of a ledger again, from any source of frames. It publishes nothing.
///
/// Every thread folds one partition at a time. Memory is that of the states of these partitions.
public struct LedgerReplay: Sendable {
    /// A partition's frames from `start` on, before `end`.
    public typealias Source = @Sendable (_ partition: Int32, _ start: Int64, _ end: Int64) throws -> any FrameSource

    /// The result of one partition.
    public struct Result: Sendable, Equatable {
        public var partition: Int32
        public var nextOffset: Int64 = 0
        public var clock: Timestamp = .distantPast
        /// The partition's clock, if `asOf` is beyond it, before it was moved to `asOf`. Nil if the clock reaches
        /// `asOf`, or if `asOf` is nil.
        public var knownUntil: Timestamp?
        public var entries: Int64 = 0
        public var subjects = 0
        public var digest = StateDigest(high: 0, low: 0)
        /// The last sequence number of each fact topic, by `FactTopic.rawValue`.
        public var sequences: [Int64] = []
    }

    /// This policy, regardless of the ledger's policies; nil for those that the ledger activates.
    public var policy: ScoringPolicy?
    /// Frames from this ledger offset on are left out.
    public var until = Int64.max
    /// The time of the standings. A partition ends before the first entry that would move its clock further, and its
    /// clock is then moved to this time.
    public var asOf: Timestamp?
    public var threads = ProcessInfo.processInfo.activeProcessorCount
    public var computesDigests = true
    /// A partition's state to continue from, instead of its first frame; nil if there is none. Used only without
    /// `policy`, `until` and `asOf`, because a state may be beyond them.
    public var restore:
        (@Sendable (_ partition: Int32, _ history: @escaping PartitionFold.History) throws -> PartitionFold?)?
    /// Called with every fact of `run`, encoded as it was published. Those of a partition are in order, and several
    /// partitions call it concurrently.
    public var fact:
        (@Sendable (_ partition: Int32, _ topic: FactTopic, _ json: UnsafeRawBufferPointer) throws -> Void)?

    public init() {}

    /// Folds the partitions and calls `finished` with each one's final state, one at a time, in no particular order.
    /// Ends with the first error: the results so far are then incomplete.
    public func run(
        partitions: [Int32], source: @escaping Source, progress: ReplayProgress = ReplayProgress(),
        finished: @escaping @Sendable (borrowing PartitionFold) throws -> Void = { _ in }
    ) throws -> [Result] {
        let state = Mutex((next: 0, results: [Result](), failure: (any Error)?.none))
        let folding = Mutex(())
        let work: @Sendable () -> Void = {
            while let partition = state.withLock({ state -> Int32? in
                guard state.failure == nil, state.next < partitions.count else { return nil }
                state.next += 1
                return partitions[state.next - 1]
            }) {
                do {
                    let result = try fold(partition, source, progress) { fold in
                        try folding.withLock { _ in try finished(fold) }
                    }
                    state.withLock { $0.results.append(result) }
                } catch {
                    state.withLock { if $0.failure == nil { $0.failure = error } }
                    progress.stop()
                }
            }
        }
        let count = max(1, min(threads, partitions.count))
        let done = DispatchSemaphore(value: 0)
        for _ in 1..<count {
            let thread = Thread {
                work()
                done.signal()
            }
            thread.stackSize = Self.stackBytes
            thread.start()
        }
        work()
        for _ in 1..<count { done.wait() }
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.results.sorted { $0.partition < $1.partition }
        }
    }

    private static let stackBytes = 4 << 20

    private func fold(
        _ partition: Int32, _ source: @escaping Source, _ progress: ReplayProgress,
        _ finished: (borrowing PartitionFold) throws -> Void
    ) throws -> Result {
        var facts = EncodedFacts()
        // Facts that were passed on are not passed on again if the folding begins anew.
        var emitted = [Int64](repeating: 0, count: FactTopic.allCases.count)
        var fold = try SkipSearch.passingOver(in: { try source(partition, $0, .max) }) { skipped in
            var fold = try start(partition, source, skipped, storesFacts: fact != nil)
            try apply(&fold, source, progress) { fold, frame in
                facts.removeAll()
                try fold.apply(frame: frame.bytes, at: frame.offset, above: emitted, into: &facts)
                try emit(facts, of: partition, &emitted)
            }
            return fold
        }
        var knownUntil: Timestamp?
        if let asOf {
            if !fold.hasReachedHorizon, fold.fold.clock < asOf { knownUntil = fold.fold.clock }
            facts.removeAll()
            fold.finish(at: asOf, above: emitted, into: &facts)
            try emit(facts, of: partition, &emitted)
        }
        var result = Result(partition: partition)
        result.knownUntil = knownUntil
        result.nextOffset = fold.nextOffset
        result.clock = fold.fold.clock
        result.entries = fold.fold.counters.entries
        result.subjects = fold.fold.subjectCount
        result.sequences = fold.sequences
        if computesDigests { result.digest = fold.fold.digest() }
        try finished(fold)
        return result
    }

    private func emit(_ facts: borrowing EncodedFacts, of partition: Int32, _ emitted: inout [Int64]) throws {
        for item in facts.items {
            try fact?(partition, item.topic, facts.value(item))
            emitted[item.topic.rawValue] = item.sequence
        }
    }

    private func start(
        _ partition: Int32, _ source: @escaping Source, _ skipped: Set<Int64>, storesFacts: Bool
    ) throws -> PartitionFold {
        let history: PartitionFold.History = { try source(partition, 0, $0) }
        if let restore, var fold = try restore(partition, history) {
            fold.fold.storesFacts = storesFacts
            fold.skipped = skipped
            return fold
        }
        var fold =
            policy.map {
                PartitionFold(partition: partition, fixedPolicy: $0, history: history, storesFacts: storesFacts)
            } ?? PartitionFold(partition: partition, history: history, storesFacts: storesFacts)
        fold.horizon = asOf
        fold.skipped = skipped
        return fold
    }

    private func apply(
        _ fold: inout PartitionFold, _ source: Source, _ progress: ReplayProgress,
        _ body: (inout PartitionFold, LedgerFrame) throws -> Void
    ) throws {
        let frames = try source(fold.partition, fold.nextOffset, until)
        var entries = fold.fold.counters.entries
        while !progress.isStopped, !fold.hasReachedHorizon, let frame = try frames.next(), frame.offset < until {
            let before = fold.nextOffset
            try body(&fold, frame)
            progress.add(offsets: fold.nextOffset - before, entries: fold.fold.counters.entries - entries)
            entries = fold.fold.counters.entries
        }
    }

    /// Folds one partition and passes on its facts, encoded as they were published, from ledger offset `from` on.
    public func facts(
        partition: Int32, from: Int64 = 0, source: @escaping Source, progress: ReplayProgress = ReplayProgress(),
        fact: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var batch = EncodedFacts()
        let everything = [Int64](repeating: 0, count: FactTopic.allCases.count)
        let nothing = [Int64](repeating: .max, count: FactTopic.allCases.count)
        // No facts were passed on of a frame in which the folding ends.
        var from = from
        var fold = try SkipSearch.passingOver(in: { try source(partition, $0, .max) }) { skipped in
            var fold = try start(partition, source, skipped, storesFacts: true)
            try apply(&fold, source, progress) { fold, frame in
                batch.removeAll()
                try fold.apply(
                    frame: frame.bytes, at: frame.offset, above: frame.offset >= from ? everything : nothing,
                    into: &batch)
                for item in batch.items { try fact(batch.value(item)) }
                from = max(from, frame.offset + 1)
            }
            return fold
        }
        guard let asOf else { return }
        batch.removeAll()
        fold.finish(at: asOf, above: everything, into: &batch)
        for item in batch.items { try fact(batch.value(item)) }
    }
}
