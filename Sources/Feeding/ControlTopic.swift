public import Events
public import Ledger
public import Options
internal import Topics

/// Sends control events.
public struct ControlTopic {
    private let cluster: Cluster
    /// Nil: what is sent is not signed.
    private let signer: ControlSigner?

    public init(cluster: Cluster, signer: ControlSigner? = nil) { (self.cluster, self.signer) = (cluster, signer) }

    /// `subject`: nil for what concerns everyone. `data`: a JSON object's text. `time`: asked for once the event is certain to
    /// be sent. Returns the event's id when the event is acknowledged.
    @discardableResult public func send(
        _ type: ControlType, subject: String? = nil, data: String? = nil, at time: () throws -> Timestamp
    ) throws -> String {
        try OperatorEvent(type: type.name.description, subject: subject, data: data, signer: signer)
            .send(to: cluster.names(.control)[0], of: cluster, isControl: true, at: time)
    }
}
