internal import Kafka

// The policy in the shadow: the partitions get its order, and their results are noted.
extension FoldPoller {
    private static let noteEvery = Duration.milliseconds(250)

    /// Passes the order in `standing.members` to the partitions that do not have it yet.
    func orderShadow() {
        let known = directory.shadow
        if known.isKnown {
            for index in slots.indices where slots[index].shadow != known.order {
                guard let runner = slots[index].runner else { continue }
                slots[index].shadow = known.order
                runner.inbox.order(.shadow(known.order))
                environment.slices.ready(runner)
            }
        }
        guard runtime.now - lastShadowNote > Self.noteEvery || runtime.stepsWork else { return }
        lastShadowNote = runtime.now
        let statuses = slots.compactMap { slot in slot.runner.map { ($0.number, $0.status) } }
        let shadows = statuses.compactMap(\.1.shadow)
        let sizes = statuses.filter { $0.1.shared != nil }.map { number, status in
            PipelineReading.Size(
                partition: number, isStandby: !isAssigned(number), entries: status.entries, bytes: status.stateBytes)
        }
        let rate = environment.rate.perSecond
        pipelineStatus.update { status in
            status.entriesPerSecond = rate
            status.shadowOrder = known.isKnown ? known.order : status.shadowOrder
            // A partition that has not taken the order yet has the results of the previous one.
            status.shadows = shadows.filter { [order = status.shadowOrder] in $0.order == order }
            status.sizes = sizes
        }
    }
}
