public import Events

extension EventView {
    /// The defect of the policy in a `standing.policy.activated` event; nil if there is none, and for every other
    /// event. `decoder` must not be the one whose memory this event borrows.
    public func policyDefect(_ decoder: EventDecoder) -> EventDefect? {
        guard ControlType(type) == .policyActivated, let text = policyText(decoder) else { return nil }
        return (try? ScoringPolicy(yaml: text, file: "")) == nil ? EventDefect(.data, .invalidPolicy) : nil
    }
}
