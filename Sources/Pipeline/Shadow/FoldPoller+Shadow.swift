internal import Kafka

// The policy that is folded beside the active one: the partitions get the order for it, and what they say of it is noted.
extension FoldPoller {
    private static let noteEvery = Duration.milliseconds(250)

    /// Hands the order that `standing.members` has to the partitions that do not have it yet.
    func orderShadow() {
        let known = directory.shadow
        if known.isKnown {
            for index in slots.indices where slots[index].shadow != known.order {
                guard let runner = slots[index].runner else { continue }
                slots[index].shadow = known.order
                runner.inbox.order(.shadow(known.order))
                runtime.slices.ready(runner)
            }
        }
        guard host.now - lastShadowNote > Self.noteEvery || host.stepsWork else { return }
        lastShadowNote = host.now
        let statuses = slots.compactMap { slot in slot.runner.map { ($0.number, $0.status) } }
        let shadows = statuses.compactMap(\.1.shadow)
        let sizes = statuses.filter { $0.1.shared != nil }.map { number, status in
            PipelineStatus.Size(
                partition: number, isStandby: !isAssigned(number), entries: status.entries, bytes: status.stateBytes)
        }
        let rate = runtime.rate.perSecond
        board.update { status in
            status.entriesPerSecond = rate
            status.shadowOrder = known.isKnown ? known.order : status.shadowOrder
            // A partition that has not taken the order yet says what became of the one before.
            status.shadows = shadows.filter { [order = status.shadowOrder] in $0.order == order }
            status.sizes = sizes
        }
    }
}
