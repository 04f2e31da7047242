internal import Logging
internal import Replay

// Partitions that switch to another policy.
extension FoldPoller {
    /// Notes and logs which of the assigned partitions switch.
    func noteSwitches(_ statuses: [(Int32, PartitionRunner.Status)]) {
        var steps: [Int32: PartitionFold.PolicySwitch] = [:]
        for (number, status) in statuses { steps[number] = status.policySwitch }
        let switching = steps.map { PipelineStatus.Switching($0, $1) }.sorted { $0.partition < $1.partition }
        board.update { $0.switching = switching }
        let folded = Set(statuses.filter { $0.1.shared != nil && $0.1.quarantined == nil }.map(\.0))
        for line in switches.note(steps, folded: folded, at: runtime.now) { log(line) }
    }

    private func log(_ line: SwitchLog.Line) {
        switch line {
        case .begun(let policy):
            logger.notice(
                """
                another policy is being switched to: each partition's history is folded under it, and queries are \
                answered under the policy before until that is done
                """,
                metadata: ["policy": "\(policy)"])
        case .underWay(let policy, let partitions, let done, let frames, let total, let secondsLeft):
            logger.info(
                "switching to another policy",
                metadata: [
                    "policy": "\(policy)", "partitions": "\(partitions)", "done": "\(done)", "frames": "\(frames)",
                    "of": "\(total)", "secondsLeft": "\(secondsLeft.map { String(Int($0)) } ?? "?")",
                ])
        case .done(let policy, let partitions, let time):
            logger.notice(
                "every partition that was switching to another policy has it",
                metadata: [
                    "policy": "\(policy)", "partitions": "\(partitions)",
                    "seconds": "\(Int((time / .seconds(1)).rounded()))",
                ])
        }
    }
}
