internal import Logging
internal import Replay

// Partitions that switch to another policy, or to a history with other sources.
extension FoldPoller {
    /// Notes and logs which of the assigned partitions switch.
    func noteSwitches(_ statuses: [(Int32, PartitionRunner.Status)]) {
        guard switches.isRunning || statuses.contains(where: { $0.1.policySwitch != nil }) else { return }
        var steps: [Int32: PartitionFold.PolicySwitch] = [:]
        for (number, status) in statuses { steps[number] = status.policySwitch }
        let switching = steps.map { PipelineReading.Switching($0, $1) }.sorted { $0.partition < $1.partition }
        pipelineStatus.update { $0.switching = switching }
        let folded = Set(statuses.filter { $0.1.shared != nil && $0.1.quarantined == nil }.map(\.0))
        for line in switches.note(steps, folded: folded, at: runtime.now) { log(line) }
    }

    private func log(_ line: SwitchLog.Line) {
        switch line {
        case .begun(let target):
            logger.notice(
                "the history of partitions is folded again: queries are answered from the state before until that is done",
                metadata: ["for": "\(target)"])
        case .underWay(let target, let partitions, let done, let frames, let total, let secondsLeft):
            logger.info(
                "folding the history of partitions again",
                metadata: [
                    "for": "\(target)", "partitions": "\(partitions)", "done": "\(done)", "frames": "\(frames)",
                    "of": "\(total)", "secondsLeft": "\(secondsLeft.map { String(Int($0)) } ?? "?")",
                ])
        case .done(let target, let partitions, let time):
            logger.notice(
                "the history of every partition that was folded again is folded",
                metadata: [
                    "for": "\(target)", "partitions": "\(partitions)",
                    "seconds": "\(Int((time / .seconds(1)).rounded()))",
                ])
        }
    }
}
