import Options
import Operations
import Pipeline
import Query

extension Cluster {
    /// A member's measurement of the lag of its own groups.
    func lag(of service: PipelineService) throws -> MemberLag {
        let (fold, intake) = (prefix + "standing-fold", prefix + "standing-intake")
        let known = try knownGroups().filter { [fold, intake].contains($0.key) }
        let source = LagSource(
            cluster: self, groups: [fold, intake], knownGroups: known, ledger: try pipelineTopics().ledger
        ).small
        let names = MemberLag.Names(fold: fold, intake: intake, ledger: source.ledger)
        return MemberLag(service, names: names) {
            let look = try source.look()
            return { try look.observe(now: $0) }
        }
    }
}
