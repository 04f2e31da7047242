internal import Scoring

/// The reasons why events did not count, and the effects of rules, in partitions that are not folded here any more.
/// As in a partition, they restart with another policy, except events of subjects that are not enrolled.
struct FormerDiagnosis {
    typealias Policy = PipelineService.PartitionProgress.Policy

    private(set) var sum = Diagnosis()
    /// The policy that the sum is of; nil before there is one.
    private var policy: Policy?

    /// `policy`: that of the partition; nil before its first entry.
    mutating func add(_ diagnosis: Diagnosis, of policy: Policy?) {
        if let policy {
            if policy != self.policy { restart() }
            self.policy = policy
        }
        sum.add(diagnosis)
    }

    /// Restarts, unless the sum is of one of these. `active`: the policies of the partitions that are folded here; none
    /// if no partition is.
    mutating func restart(unlessOf active: [Policy]) {
        guard let policy, !active.isEmpty, !active.contains(policy) else { return }
        restart()
    }

    private mutating func restart() {
        let notEnrolled = sum.notEnrolled
        (sum, policy) = (Diagnosis(), nil)
        sum.notEnrolled = notEnrolled
    }
}
