public import Access
public import Hummingbird

/// A path that a server answers, with all that others derive from it: the router, the check of the caller and of the parameters, the
/// OpenAPI document and the tests of all routes.
public struct Route: Sendable {
    public enum Method: String, CaseIterable, Sendable {
        /// Also answers `HEAD`, without the body.
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    /// Who may use a route.
    public enum Requirement: Hashable, Sendable {
        /// Anybody, from anywhere: what supervisors and monitors ask.
        case open
        /// Every caller who is proven.
        case authenticated
        /// Another member, which proves it with the members' secret. The document does not have the route.
        case member
        /// A caller with the permission, about no subject in particular.
        case permission(Permission)
        /// A caller with the permission for the subject that `parameter` names, in the path or the query. `needsPurpose`: a caller who
        /// is not that subject must say what for.
        case subject(Permission, parameter: String = "id", needsPurpose: Bool = false)

        var permission: Permission? {
            switch self {
            case .open, .authenticated, .member: nil
            case .permission(let permission), .subject(let permission, _, _): permission
            }
        }

        var needsPurpose: Bool {
            if case .subject(_, _, needsPurpose: true) = self { true } else { false }
        }
    }

    public typealias Handler = @Sendable (RouteCall) async throws -> Response

    /// Gets the path's last segment as it arrived, and answers what the handler would answer, or nil to leave the answer to it. It is
    /// called on an event loop, so it must not block.
    public typealias PromptHandler = @Sendable (_ segment: Substring) -> Answer?

    public let method: Method
    /// `/subjects/{id}/file`: segments are literal or a parameter.
    public let path: String
    /// `readFile`: the operation's id in the document, and the action in the audit.
    public let name: String
    /// One line.
    public let summary: String
    /// Headings of the document.
    public let tag: String
    /// Of the path, the query and the header. Those of the path are always required.
    public let parameters: [RouteParameter]
    /// Nil if the route takes no body.
    public let body: RouteBody?
    /// The answers beside the problems, which every route has.
    public let answers: [RouteAnswer]
    public let requirement: Requirement
    /// The table records in the audit that a caller has asked, before the handler is called, and that a caller was refused. Acts record
    /// what came of them themselves.
    public let isAudited: Bool
    let handler: Handler
    private(set) var promptHandler: PromptHandler?
    /// Whether it is a browser's page. A form writes the query, in which a `+` is a space, and problems are pages.
    private(set) var hasFormQuery = false

    public init(
        _ method: Method, _ path: String, name: String, summary: String, tag: String, parameters: [RouteParameter] = [],
        body: RouteBody? = nil, answers: [RouteAnswer], requires requirement: Requirement, isAudited: Bool = false,
        _ handler: @escaping Handler
    ) {
        (self.method, self.path, self.name, self.summary, self.tag) = (method, path, name, summary, tag)
        (self.parameters, self.body, self.answers) = (parameters, body, answers)
        (self.requirement, self.isAudited, self.handler) = (requirement, isAudited, handler)
    }

    /// With answers that need no waiting, in most cases. The path's last segment is its only parameter.
    public func answeringAtOnce(_ handler: @escaping PromptHandler) -> Route {
        var route = self
        route.promptHandler = handler
        return route
    }

    /// A browser's page: forms lead to it, and its problems are pages.
    public func withFormQuery() -> Route {
        var route = self
        route.hasFormQuery = true
        return route
    }

    /// Those of the query and of the header that the caller may give: the declared ones, and the purpose where one is needed.
    var acceptedParameters: [RouteParameter] {
        requirement.needsPurpose ? parameters + [.purpose, .purposeHeader] : parameters
    }
}

/// What a route takes as the request's body.
public struct RouteBody: Sendable {
    public let mediaType: String
    public let schema: JSONSchema
    /// A longer body is refused with 413.
    public let maximumBytes: Int
    public let isRequired: Bool
    /// An example, JSON; nil if there is none.
    public let example: String?

    /// The maximum of a body unless the route says another.
    public static let standardMaximum = 64 << 10

    public init(
        _ schema: JSONSchema, mediaType: String = "application/json", maximumBytes: Int = standardMaximum,
        isRequired: Bool = true, example: String? = nil
    ) {
        (self.mediaType, self.schema, self.maximumBytes) = (mediaType, schema, maximumBytes)
        (self.isRequired, self.example) = (isRequired, example)
    }
}

/// An answer that a route declares.
public struct RouteAnswer: Sendable {
    public let status: Int
    public let description: String
    /// Nil without a body.
    public let mediaType: String?
    public let schema: JSONSchema
    /// True if it holds at a position in the ledger: it has an entity tag and the freshness fields.
    public let isOfLedger: Bool
    /// An example, JSON; nil if there is none.
    public let example: String?

    public init(
        _ status: Int = 200, _ description: String, _ mediaType: String? = "application/json",
        _ schema: JSONSchema = .any, isOfLedger: Bool = false, example: String? = nil
    ) {
        (self.status, self.description, self.mediaType, self.schema) = (status, description, mediaType, schema)
        (self.isOfLedger, self.example) = (isOfLedger, example)
    }

    public static func json(_ description: String, _ schema: JSONSchema = .any) -> RouteAnswer {
        RouteAnswer(200, description, "application/json", schema)
    }

    /// JSON that holds at a position in the ledger.
    public static func ofLedger(_ description: String, _ schema: JSONSchema = .object([], isOpen: true)) -> RouteAnswer
    {
        RouteAnswer(200, description, "application/json", schema, isOfLedger: true)
    }

    public static func text(_ description: String, _ mediaType: String = "text/plain") -> RouteAnswer {
        RouteAnswer(200, description, mediaType, .text())
    }

    public static func page(_ description: String) -> RouteAnswer { text(description, "text/html") }
}
