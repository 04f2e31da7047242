public import Access
public import Events
public import HTTPTypes
internal import Hummingbird

/// A request that its route's declaration allows, made by a caller who may make it.
public struct RouteCall: Sendable {
    /// Who asks. Without roles where the route is open.
    public let caller: Caller
    /// What another's file is read for; nil if no purpose is needed and none is given.
    public let purpose: String?
    /// The subject that the route is about; nil if it is about none.
    public let subject: [UInt8]?
    /// The whole body; empty if there is none.
    public let body: [UInt8]
    /// The media type of the body, lower case, without parameters; nil without a body.
    public let bodyType: String?
    /// True if another member has sent the request on, so that it is not sent on once more.
    public let isForwarded: Bool
    /// The path and the query as they arrived.
    public let target: String
    public let fields: HTTPFields
    /// The other end of the connection, without the port; empty if it is not known.
    public let address: String
    /// By name, as the declaration allows them.
    let values: [String: String]
    /// For an answer that lasts: whether the caller may still have it. A session that ends, or a token that expires, ends it.
    public let isStillAllowed: @Sendable () async -> Bool

    /// A parameter's value; nil if it is not given.
    public subscript(name: String) -> String? { values[name] }

    /// Nil if it is not given.
    public func integer(_ name: String) -> Int64? { values[name].flatMap { RouteParameter.integer($0) } }

    /// Nil if it is not given.
    public func time(_ name: String) -> Timestamp? { values[name].flatMap { Timestamp($0) } }

    /// False if it is not given.
    public func flag(_ name: String) -> Bool { values[name] == "true" }

    /// Whether a browser asks for a page.
    public var wantsPage: Bool { fields[.accept]?.contains("text/html") == true }
}
