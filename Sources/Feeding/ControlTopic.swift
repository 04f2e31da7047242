public import Events
public import Ledger
public import Options
internal import Topics

/// Sends control events.
public struct ControlTopic {
    private let cluster: Cluster
    /// Nil if events are sent without a signature.
    private let signer: ControlSigner?

    public init(cluster: Cluster, signer: ControlSigner? = nil) { (self.cluster, self.signer) = (cluster, signer) }

    /// `subject`: nil for events that concern every subject. `data`: a JSON object's text. `time`: called after all
    /// checks of the event. Returns the event's id after the event is acknowledged.
    @discardableResult public func send(
        _ type: ControlType, subject: String? = nil, data: String? = nil, at time: () throws -> Timestamp
    ) throws -> String {
        try OperatorEvent(type: type.name.description, subject: subject, data: data, signer: signer)
            .send(to: cluster.names(.control)[0], of: cluster, isControl: true, at: time)
    }
}
