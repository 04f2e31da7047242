internal import Events
internal import Pipeline
internal import Simulation

/// The policies that operators put into the shadow in a run, remove, and activate from there.
struct ShadowPlan {
    enum Step {
        /// A record for the members topic.
        case order(SimulatedCluster.Stored)
        /// The text of a policy.
        case activation(String)
        case nothing
    }

    /// How often operators act, in a thousand steps of a run with shadows.
    static let stepsPerMille = 30

    /// The order that they gave last; nil if the shadow is empty.
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

    /// The work that an owner has left: the shadow must have the ordered policy, folded as far as the partition, unless
    /// it is the active one, and no other policy. Nil if nothing is left.
    func left(_ state: SteppedPipeline.Shadowed) -> String? {
        let wanted = order.flatMap { $0.hash == state.activeHash ? nil : $0.hash }
        guard state.hash == wanted else { return "another policy is in the shadow than is ordered" }
        return wanted == nil || state.isLive ? nil : "the policy in the shadow is not live"
    }
}
