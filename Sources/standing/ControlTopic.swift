import Events
import Topics

/// Sends control events.
struct ControlTopic {
    let cluster: Cluster

    /// `subject`: nil for what concerns everyone. `data`: a JSON object's text. Returns the event's id when the event is
    /// acknowledged.
    @discardableResult func send(
        _ type: ControlType, subject: String? = nil, time: Timestamp, data: String? = nil
    ) throws -> String {
        try OperatorEvent(type: type.name.description, subject: subject, time: time, data: data)
            .send(to: cluster.names(.control)[0], of: cluster, isControl: true)
    }

    /// All that a command about one subject does: stamps the event, sends it, and prints its id.
    static func send(
        _ type: ControlType, subject: String, data: String?, to options: ClusterOptions, at time: OperatorTimeOptions
    ) throws {
        var settings = try Settings(config: options.config)
        let cluster = try Cluster(options, &settings)
        let time = try time.stamp(cluster, &settings, subject: subject)
        print(try ControlTopic(cluster: cluster).send(type, subject: subject, time: time, data: data))
    }
}
