public import Events
internal import Foundation
public import Policy

/// A policy that every member folds beside the active one, by an operator's order in `standing.members` under the key
/// `shadow`. Members' keys are addresses, so no member has that key. A null value ends the shadow.
public struct ShadowOrder: Sendable, Equatable {
    public static let key = "shadow"
    /// A greater record is not an order.
    private static let maximumBytes = 4 << 20

    /// The value: `{"policy","since"[,"by"]}`.
    private struct Form: Codable {
        let policy: String
        let since: String
        let by: String?
    }

    /// The policy's text, and its `PolicyHash`.
    public let text: String
    public let hash: String
    /// When it was ordered.
    public let since: Timestamp
    /// The name of the operator; nil if it is not given.
    public let by: String?
    /// Nil if the text does not compile here; `mistakes` has the reasons.
    public let policy: ScoringPolicy?
    public let mistakes: String?

    public init(text: String, since: Timestamp, by: String? = nil) {
        (self.text, self.since, self.by) = (text, since, by)
        hash = PolicyHash.of(text)
        do {
            (policy, mistakes) = (try ScoringPolicy(yaml: text, file: "shadow"), nil)
        } catch {
            (policy, mistakes) = (nil, "\(error)")
        }
    }

    /// Nil if the JSON is not an order.
    public init?(json: UnsafeRawBufferPointer) {
        guard json.count <= Self.maximumBytes, let form = try? JSONDecoder().decode(Form.self, from: Data(json)),
            let since = Timestamp(form.since)
        else { return nil }
        self.init(text: form.policy, since: since, by: form.by)
    }

    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings are always encodable.
        return (try? encoder.encode(Form(policy: text, since: since.description, by: by))).map(Array.init) ?? []
    }

    public static func == (a: Self, b: Self) -> Bool { (a.hash, a.since, a.by) == (b.hash, b.since, b.by) }
}
