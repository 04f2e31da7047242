internal import Access
internal import Events

/// The OpenAPI 3.1 document of a table's routes: the same bytes for the same routes.
public struct OpenAPIDocument: Sendable {
    /// What the document says of the server.
    public struct Heading: Sendable {
        let title: String
        let version: String
        let description: String
        /// The schemas that routes name, by name.
        let schemas: [(name: String, schema: JSONSchema)]

        public init(
            title: String, version: String, description: String, schemas: [(name: String, schema: JSONSchema)] = []
        ) {
            (self.title, self.version, self.description, self.schemas) = (title, version, description, schemas)
        }
    }

    private let heading: Heading
    private let routes: [Route]

    init(_ heading: Heading, of routes: [Route]) {
        self.heading = heading
        self.routes = routes.filter { $0.requirement != .member }
    }

    /// `GET /openapi.json`, itself in the document.
    static func route(_ heading: Heading, of routes: [Route]) -> Route {
        func route(_ json: [UInt8]) -> Route {
            Route(
                .get, "/openapi.json", name: "readDocument", summary: "This document.", tag: "server",
                answers: [.json("The document of this API, OpenAPI 3.1.", .object([], isOpen: true))],
                requires: .authenticated
            ) { _ in .json(json) }
        }
        return route(OpenAPIDocument(heading, of: routes + [route([])]).json)
    }

    public var json: [UInt8] {
        var writer = JSONWriter(capacity: 64 << 10)
        writer.open()
        writer.member("openapi", "3.1.0")
        writer.open("info")
        writer.member("title", heading.title)
        writer.member("version", heading.version)
        writer.member("description", heading.description)
        writer.close()
        writer.openList("servers")
        writer.open()
        writer.member("url", "/")
        writer.close()
        writer.closeList()
        writer.open("paths")
        var paths: [String] = []
        for route in routes where !paths.contains(route.path) { paths.append(route.path) }
        for path in paths {
            writer.open(path)
            for route in routes.filter({ $0.path == path }) {
                writer.key(route.method.rawValue.lowercased())
                Self.write(route, to: &writer)
            }
            writer.close()
        }
        writer.close()
        writer.open("components")
        writer.open("securitySchemes")
        writer.open("bearer")
        writer.member("type", "http")
        writer.member("scheme", "bearer")
        writer.member("bearerFormat", "JWT")
        writer.close()
        writer.open("session")
        writer.member("type", "apiKey")
        writer.member("in", "cookie")
        writer.member("name", "__Host-standing")
        writer.close()
        writer.close()
        writer.open("schemas")
        writer.key("Problem")
        Problem.schema.write(to: &writer)
        for (name, schema) in heading.schemas {
            writer.key(name)
            schema.write(to: &writer)
        }
        writer.close()
        writer.close()
        writer.close()
        return writer.take()
    }

    private static func write(_ route: Route, to writer: inout JSONWriter) {
        writer.open()
        writer.member("operationId", route.name)
        writer.member("tags", [route.tag])
        writer.member("summary", route.summary)
        writer.member("description", words(of: route))
        let isOpen = route.requirement == .open
        writer.list("security", isOpen ? [] : ["bearer", "session"]) { writer, scheme in
            writer.open()
            writer.member(scheme, [String]())
            writer.close()
        }
        let parameters = route.acceptedParameters
        if !parameters.isEmpty {
            writer.list("parameters", parameters) { write($1, to: &$0) }
        }
        if let body = route.body {
            writer.open("requestBody")
            writer.member("required", body.isRequired)
            writer.open("content")
            writeContent(body.mediaType, body.schema, body.example, to: &writer)
            writer.close()
            writer.close()
        }
        writer.open("responses")
        let hasTag =
            route.method == .get && route.answers.contains { $0.status == 200 && $0.mediaType == "application/json" }
        write(route.answers, hasTag: hasTag, to: &writer)
        if hasTag {
            writer.open("304")
            writer.member("description", "The client has this state: If-None-Match names its entity tag.")
            writer.close()
        }
        writer.open("default")
        writer.member("description", "A problem (RFC 9457).")
        writer.open("content")
        writeContent(Problem.mediaType, .named("Problem"), nil, to: &writer)
        if route.hasFormQuery { writeContent("text/html", .text(), nil, to: &writer) }
        writer.close()
        writer.close()
        writer.close()
        writer.close()
    }

    /// Who may, and what is recorded.
    private static func words(of route: Route) -> String {
        func names(_ permission: some Sequence<String>) -> String { permission.joined(separator: ", ") }
        var words: [String] = []
        switch route.requirement {
        case .open: words.append("Answered to anybody.")
        case .authenticated, .member: words.append("Answered to every caller who is proven.")
        case .permission(let permission):
            words.append("Roles: \(names(roles(of: permission).filter { $0 != "subject" })).")
        case .subject(let permission, _, let needsPurpose):
            words.append("Roles: \(names(roles(of: permission))); the role subject for the caller's own id alone.")
            if needsPurpose { words.append("Another's needs a purpose.") }
        }
        if route.isAudited { words.append("Recorded in the audit.") }
        if let body = route.body { words.append("The body has at most \(body.maximumBytes) bytes.") }
        return words.joined(separator: " ")
    }

    private static func write(_ parameter: RouteParameter, to writer: inout JSONWriter) {
        writer.open()
        writer.member("name", parameter.name)
        writer.member("in", parameter.location.rawValue)
        writer.member("required", parameter.isRequired)
        writer.member("description", parameter.description)
        writer.key("schema")
        parameter.schema.write(to: &writer)
        if let example = parameter.example {
            switch parameter.form {
            case .integer, .flag: writer.member("example", json: example)
            default: writer.member("example", example)
            }
        }
        writer.close()
    }

    /// Answers with the same status are one, with a content for each media type. `hasTag`: those with the status 200 have
    /// an entity tag.
    private static func write(_ answers: [RouteAnswer], hasTag: Bool, to writer: inout JSONWriter) {
        var statuses: [Int] = []
        for answer in answers where !statuses.contains(answer.status) { statuses.append(answer.status) }
        for status in statuses {
            let same = answers.filter { $0.status == status }
            writer.open(String(status))
            writer.member("description", same.map(\.description).joined(separator: " "))
            var fields = hasTag && status == 200 ? [tagField] : []
            if same.contains(where: \.isOfLedger) { fields += ledgerFields }
            write(fields, to: &writer)
            let contents = same.filter { $0.mediaType != nil }
            if !contents.isEmpty {
                writer.open("content")
                for answer in contents {
                    writeContent(answer.mediaType ?? "", answer.schema, answer.example, to: &writer)
                }
                writer.close()
            }
            writer.close()
        }
    }

    private static func writeContent(
        _ mediaType: String, _ schema: JSONSchema, _ example: String?, to writer: inout JSONWriter
    ) {
        writer.open(mediaType)
        writer.key("schema")
        schema.write(to: &writer)
        if let example { writer.member("example", json: example) }
        writer.close()
    }

    private typealias Field = (name: String, description: String)

    private static let tagField: Field = ("ETag", "A weak entity tag: If-None-Match with it is answered 304.")

    /// The fields that say where in the ledger an answer holds.
    private static let ledgerFields: [Field] = [
        ("Standing-Ledger-Partition", "The ledger partition of the subject."),
        ("Standing-Ledger-Offset", "The offset of the ledger's next frame."),
        ("Standing-Clock", "The partition's clock; left out before the first event."),
        ("Standing-Lag", "Frames of the ledger that the answer does not know; left out where that is not known."),
        ("Standing-Current", "Whether the partition is folded to the ledger's end."),
    ]

    private static func write(_ fields: [Field], to writer: inout JSONWriter) {
        guard !fields.isEmpty else { return }
        writer.open("headers")
        for (name, description) in fields {
            writer.open(name)
            writer.open("schema")
            writer.member("type", "string")
            writer.close()
            writer.member("description", description)
            writer.close()
        }
        writer.close()
    }

    private static func roles(of permission: Permission) -> [String] {
        Role.allCases.filter { permission.roles.contains($0) }.map(\.rawValue)
    }
}
