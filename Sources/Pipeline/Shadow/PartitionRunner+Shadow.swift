internal import Events
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring
internal import Synchronization

// A policy in the shadow: it begins in states that have none, and gets its share of the slices. Nothing of it is
// published.
extension PartitionRunner {
    /// The number of folded events and ticks of the state.
    func entries(of partition: LedgerPartition) -> Int64 {
        partition.withFold { $0.fold.counters.entries + $0.fold.counters.ticks }
    }

    func noteSize(of partition: LedgerPartition) {
        let (bytes, entries) = partition.withFold {
            (Int64($0.fold.byteCount), $0.fold.counters.entries + $0.fold.counters.ticks)
        }
        lastStatus.withLock { ($0.stateBytes, $0.entries) = (bytes, entries) }
    }

    func obeyShadow(_ order: ShadowOrder?) {
        guard order != shadow?.order else { return }
        shadow = order.map { ShadowWork($0) }
    }

    /// A slice's work on the shadow: the share for `folded` entries. Returns true if there is more to do, which can
    /// wait.
    func payShadow(of partition: LedgerPartition, folded: Int64) throws -> Bool {
        defer { noteShadow(of: partition) }
        guard isReadyForShadow(partition) else { return false }
        let isBehind = partition.withFold { $0.shadow?.isLive == false }
        shadow?.owe(for: folded, isBehind: isBehind)
        while let piece = shadow?.takePiece() {
            guard try stepShadow(of: partition, entries: piece) else { return false }
        }
        return true
    }

    /// Work that can wait, in small pieces, up to the greatest work of a slice, or until the partition is wanted.
    /// Returns true if there is more to do.
    func workOnShadow(of partition: LedgerPartition) throws -> Bool {
        defer { noteShadow(of: partition) }
        guard isReadyForShadow(partition) else { return false }
        var left = PartitionFold.Slice.standardHistory
        while left > 0 {
            guard try stepShadow(of: partition, entries: ShadowWork.sparePiece) else { return false }
            left -= ShadowWork.sparePiece
            if environment.slices.isWanted(self) { return true }
        }
        return true
    }

    /// Whether the state has the ordered shadow, and there is work for it.
    private func isReadyForShadow(_ partition: LedgerPartition) -> Bool {
        guard shadow != nil || partition.withFold({ $0.shadow != nil }) else { return false }
        switch partition.phase {
        case .recovering, .restoring, .leaving: return false
        case .standby, .catchingUp, .current, .switching: break
        }
        return settleShadow(of: partition) && hasShadowWork(in: partition)
    }

    /// Gives the state the ordered shadow, and no other, if it is between two frames. Returns true if it has it.
    private func settleShadow(of partition: LedgerPartition) -> Bool {
        let state = partition.withFold {
            (
                hash: $0.shadow?.policyHash, hasFailed: $0.shadow?.failure != nil, text: $0.policy?.text,
                isBetweenFrames: !$0.isWithinFrame && !$0.isSpoiled
            )
        }
        guard state.isBetweenFrames else { return false }
        let isWanted =
            shadow.map { $0.refusal == nil && !PolicyHash.areSame($0.order.text, state.text ?? "") } ?? false
        if let hash = state.hash {
            // After a failure only a new order begins it again.
            if isWanted, hash == shadow?.order.hash, !state.hasFailed || shadow?.hasBegun == true {
                guard environment.memory.isTight else {
                    shadow?.hasBegun = true
                    return true
                }
                shadow?.refusal = "there is no room for a second state within --memory-limit any more"
            }
            endShadow(of: partition)
        }
        guard isWanted, state.text != nil, let work = shadow, work.refusal == nil else { return false }
        return beginShadow(work.order, of: partition)
    }

    /// Whether there is history to fold or a comparison to do, and the history can be read.
    private func hasShadowWork(in partition: LedgerPartition) -> Bool {
        let now = environment.runtime.now
        let (state, next) = partition.withFold { ($0.shadow, $0.nextOffset) }
        guard let work = shadow, let state, state.failure == nil, work.trouble.map({ $0.until <= now }) ?? true else {
            return false
        }
        return !state.isLive || work.compares(at: next, now)
    }

    /// Ends the state's shadow, whatever policy it has.
    private func endShadow(of partition: LedgerPartition) {
        let (bytes, retired) = partition.withFold { ($0.withShadow { Int64($0.byteCount) } ?? 0, $0.endShadow()) }
        shadow?.restart()
        let (memory, leaving) = (environment.memory, Leaving(retired))
        memory.note(nil, of: number)
        memory.noteEnd(of: bytes)
        // Freeing a large state takes long.
        environment.runtime.background(.storage) {
            leaving.free()
            memory.noteFreed(bytes)
        }
    }

    /// A state that is freed when this is emptied, and not with its last reference.
    private final class Leaving: Sendable {
        private let state: Mutex<PartitionFold.Retired?>
        init(_ state: PartitionFold.Retired?) { self.state = Mutex(state) }
        func free() { state.withLock { $0 = nil } }
    }

    /// Returns false if this member does not fold it.
    private func beginShadow(_ order: ShadowOrder, of partition: LedgerPartition) -> Bool {
        shadow?.restart()
        guard let policy = order.policy else {
            return refuseShadow("the policy does not compile on this member: \(order.mistakes ?? "")")
        }
        guard let directory = partition.store.directory else {
            return refuseShadow("there is no archive to fold it from: this member has no --data")
        }
        let bytes = partition.withFold { Int64($0.fold.byteCount) }
        let (isReserved, room) = environment.memory.reserve(bytes, for: number)
        guard isReserved else {
            return refuseShadow(
                "there is no room for a second state within --memory-limit: it takes \(bytes) bytes, and there are \(room)"
            )
        }
        let past = frames(directory)
        partition.withFold { $0.beginShadow(of: policy) { past($0) } }
        shadow?.hasBegun = true
        logger.info(
            "a policy is folded beside the active one",
            metadata: ["partition": "\(number)", "policy": "\(policy.id) version \(policy.version)"])
        return true
    }

    private func refuseShadow(_ reason: String) -> Bool {
        shadow?.refusal = reason
        logger.warning(
            "a policy is not folded beside the active one", metadata: ["partition": "\(number)", "reason": "\(reason)"])
        return false
    }

    /// One piece: of the history until the shadow has it, then of a comparison that is due. Returns true if there is
    /// more to do now. When the topic's frames arrive, another slice is scheduled.
    private func stepShadow(of partition: LedgerPartition, entries: Int) throws -> Bool {
        let slice = PartitionFold.Slice(history: entries)
        if partition.withFold({ $0.shadow?.isLive == false }) {
            // Frames that are not archived yet would be fetched from the topic.
            guard !isDiskFull else { return false }
            guard try storing({ try partition.store.flush() }) else {
                shadow?.trouble = ("the disk is full", environment.runtime.now + ShadowWork.retryAfter)
                return false
            }
        }
        do {
            let hasMore = try partition.withFold { try $0.catchUpShadow(within: slice) }
            shadow?.trouble = nil
            if partition.withFold({ $0.shadow?.isLive == true }) { shadow?.hasBeenLive = true }
            if hasMore { return true }
        } catch {
            // Both states are unchanged.
            shadow?.trouble = ("\(error)", environment.runtime.now + ShadowWork.retryAfter)
            logger.warning(
                "the history cannot be read for a policy that is folded beside the active one, and is read again later",
                metadata: ["partition": "\(number)", "reason": "\(error)"])
            return false
        }
        return compareShadow(of: partition, within: slice)
    }

    private func compareShadow(of partition: LedgerPartition, within slice: PartitionFold.Slice) -> Bool {
        let now = environment.runtime.now
        let (isLive, next) = partition.withFold { ($0.shadow?.isLive ?? false, $0.nextOffset) }
        guard isLive, var work = shadow, work.compares(at: next, now) else { return false }
        if !work.isComparing { (work.isComparing, work.comparedAt) = (true, next) }
        let progress = partition.withFold { $0.compareShadow(within: slice) }
        if case .finished = progress {
            (work.isComparing, work.compareAt) = (false, now + ShadowWork.compareEvery)
        }
        shadow = work
        if case .unfinished = progress { return true }
        return false
    }

    /// Notes the shadow for the poller, and its size for the memory limit.
    private func noteShadow(of partition: LedgerPartition) {
        guard let work = shadow else {
            lastStatus.withLock { $0.shadow = nil }
            return
        }
        let state = partition.withFold { state in
            (
                progress: state.shadow, difference: state.shadowDifference,
                isActive: state.policy.map { PolicyHash.areSame($0.text, work.order.text) } ?? false,
                next: state.nextOffset,
                second: state.withShadow { [live = state.fold.byteCount] in
                    MemoryWatch.SecondState(
                        bytes: Int64($0.byteCount), growth: Int64($0.nextGrowth),
                        left: Int64(max(0, live - $0.byteCount)))
                }
            )
        }
        let (phase, reason): (PipelineReading.Shadow.Phase, String?) =
            if state.isActive { (.active, nil) } else if let refusal = work.refusal {
                (.refused, refusal)
            } else if let failure = state.progress?.failure {
                (.failed, failure)
            } else if let progress = state.progress {
                (progress.isLive ? .live : .folding, work.trouble?.reason)
            } else { (.waiting, nil) }
        environment.memory.note(state.second, of: number)
        let status = PipelineReading.Shadow(
            order: work.order, partition: number, isStandby: partition.isStandby, phase: phase,
            folded: state.progress?.folded ?? 0, total: state.progress?.total ?? state.next, reason: reason,
            difference: state.difference)
        lastStatus.withLock { $0.shadow = status }
    }
}
