/// Why an act is refused.
public struct ControlRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// An HTTP status.
    public let status: Int
    /// For programs, such as `key-reused`.
    public let code: String
    /// For people.
    public let detail: String

    public init(_ status: Int, _ code: String, _ detail: String) {
        (self.status, self.code, self.detail) = (status, code, detail)
    }

    public var description: String { detail }

    static func invalid(_ detail: String) -> Self { Self(422, "invalid", detail) }
    static func conflict(_ code: String, _ detail: String) -> Self { Self(409, code, detail) }
    static func notReady(_ detail: String) -> Self { Self(503, "not-ready", detail) }
}
