internal import Events
internal import Pipeline
internal import Simulation

/// What operators put into the shadow in a run, end, and activate from there.
struct ShadowPlan {
    enum Step {
        /// For the members topic.
        case order(SimulatedCluster.Stored)
        /// The text of a policy.
        case activation(String)
        case nothing
    }

    /// How often they do something, in a thousand steps of a run in which they do.
    static let stepsPerMille = 30

    /// The policy that they have put there last; nil if none is there.
    private(set) var order: ShadowOrder?

    /// `time`: now, in microseconds since 1970. `candidates`: the texts of policies.
    mutating func next(at time: Int64, of candidates: [String], _ random: inout SplitMix64) -> Step {
        switch random.below(8) {
        case 0: order = nil
        case 1...2: return order.map { .activation($0.text) } ?? .nothing
        default:
            let text = candidates[random.below(candidates.count)]
            order = ShadowOrder(text: text, since: Timestamp(microseconds: time))
        }
        return .order(.init(key: Array(ShadowOrder.key.utf8), value: order?.json))
    }

    /// What an owner still has to do: to have in the shadow what is ordered, unless that is the active policy, and nothing else,
    /// folded as far as the partition. Nil if it has done so.
    func left(_ state: SteppedPipeline.Shadowed) -> String? {
        let wanted = order.flatMap { $0.hash == state.activeHash ? nil : $0.hash }
        guard state.hash == wanted else { return "another policy is in the shadow than is ordered" }
        return wanted == nil || state.isLive ? nil : "the policy in the shadow is not live"
    }
}
