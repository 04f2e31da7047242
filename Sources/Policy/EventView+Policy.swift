public import Events

extension EventView {
    /// What is wrong with the policy that a `standing.policy.activated` brings; nil for a good one and for every other
    /// event. `decoder` must not be the one whose memory this event borrows.
    public func policyDefect(_ decoder: EventDecoder) -> EventDefect? {
        guard ControlType(type) == .policyActivated, let text = policyText(decoder) else { return nil }
        return (try? ScoringPolicy(yaml: text, file: "")) == nil ? EventDefect(.data, .invalidPolicy) : nil
    }
}
