/// Why an act is refused.
public struct ControlRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// An HTTP status.
    public let status: Int
    /// For programs, such as `key-reused`.
    public let code: String
    /// For people.
    public let detail: String
    /// The share of the folding that the act waits for, from 0 to 1; nil if it waits for none that has begun.
    public let progress: Double?

    public init(_ status: Int, _ code: String, _ detail: String, progress: Double? = nil) {
        (self.status, self.code, self.detail, self.progress) = (status, code, detail, progress)
    }

    public var description: String { detail }

    static func invalid(_ detail: String) -> Self { Self(422, "invalid", detail) }
    static func conflict(_ code: String, _ detail: String) -> Self { Self(409, code, detail) }
    /// The code of an act that waits for the review of its harm budget.
    public static let harmReview = "harm-review"
    /// The code of an act that an earlier request with the same key is executing.
    public static let underWay = "under-way"
    /// The code of an act whose event the broker has not confirmed.
    public static let notAcknowledged = "not-acknowledged"

    static func notReady(_ detail: String) -> Self { Self(503, "not-ready", detail) }
}
