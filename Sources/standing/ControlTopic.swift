import Events
import Ledger
import Topics

/// Sends control events.
struct ControlTopic {
    let cluster: Cluster
    /// Nil if events are sent without a signature.
    var signer: ControlSigner?

    /// `subject`: nil for events that concern every subject. `data`: a JSON object's text. `time`: called after all
    /// checks of the event. Returns the event's id after the event is acknowledged.
    @discardableResult func send(
        _ type: ControlType, subject: String? = nil, data: String? = nil, at time: () throws -> Timestamp
    ) throws -> String {
        try OperatorEvent(type: type.name.description, subject: subject, data: data, signer: signer)
            .send(to: cluster.names(.control)[0], of: cluster, isControl: true, at: time)
    }

    /// The whole of a command about one subject: stamps the event, sends it, and prints its id.
    static func send(
        _ type: ControlType, subject: String, data: String?, to options: ClusterOptions, at time: OperatorTimeOptions,
        by key: ControlKeyOptions
    ) throws {
        var settings = try Settings(config: options.config)
        let cluster = try Cluster(options, &settings)
        let signer = try key.signer(&settings)
        let id = try ControlTopic(cluster: cluster, signer: signer).send(type, subject: subject, data: data) {
            try time.stamp(cluster, &settings, subject: subject)
        }
        print(id)
    }
}
