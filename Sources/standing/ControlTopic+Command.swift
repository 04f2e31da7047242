import Events
import Feeding
import Options

extension ControlTopic {
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
