import Kafka

/// The retention of topics, from their settings. They are requested rarely, and never again if the cluster does not
/// report them.
final class TopicRetention {
    /// The age at which settings are requested again.
    static let knownMilliseconds: Int64 = 300_000
    /// The limit of topics in a request, and in a look.
    static let topicsAsked = 200
    /// The longest wait for the settings of a look.
    static let requestMilliseconds = 2_000

    private struct Known {
        let retention: LogRetention?
        let askedAt: Int64
    }

    private let admin: Admin
    private var known: [String: Known] = [:]
    /// The embedded broker does not answer requests for settings. Nil until it is known.
    private var isAnswering: Bool?

    init(_ admin: Admin) { self.admin = admin }

    /// The retention of these topics, as far as it is known now.
    func read(_ topics: Set<String>, now: Int64) -> [String: LogRetention] {
        known = known.filter { topics.contains($0.key) && now - $0.value.askedAt < Self.knownMilliseconds }
        let asked = topics.filter { known[$0] == nil }.sorted().prefix(Self.topicsAsked)
        if !asked.isEmpty {
            let isAnswering = isAnswering ?? admin.describesSettings
            self.isAnswering = isAnswering
            let answers =
                isAnswering
                ? try? admin.configurations(of: Array(asked), milliseconds: Self.requestMilliseconds) : nil
            for topic in asked {
                let settings = try? answers?[topic]?.get()
                known[topic] = Known(retention: settings.flatMap { LogRetention(settings: $0) }, askedAt: now)
            }
        }
        return known.compactMapValues(\.retention)
    }
}
