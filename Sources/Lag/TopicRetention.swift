import Kafka

/// When topics delete their oldest records, as their settings say; asked for seldom, and never twice where the cluster does not
/// tell.
final class TopicRetention {
    /// After so long the settings may have changed.
    static let knownMilliseconds: Int64 = 300_000
    /// Topics of a request, and of a look.
    static let topicsAsked = 200
    /// Longest wait for the settings of a look.
    static let requestMilliseconds = 2_000

    private struct Known {
        let retention: LogRetention?
        let askedAt: Int64
    }

    private let admin: Admin
    private var known: [String: Known] = [:]
    /// The embedded broker leaves requests about settings unanswered; nil until that is known.
    private var isAnswering: Bool?

    init(_ admin: Admin) { self.admin = admin }

    /// Those of these topics that are known; the others are unknown for now.
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
