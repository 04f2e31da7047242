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
        var writer = ByteWriter(capacity: 64 << 10)
        writer.append("{\"openapi\":\"3.1.0\",\"info\":{\"title\":")
        writer.append(jsonString: heading.title)
        writer.append(",\"version\":")
        writer.append(jsonString: heading.version)
        writer.append(",\"description\":")
        writer.append(jsonString: heading.description)
        writer.append("},\"servers\":[{\"url\":\"/\"}],\"paths\":{")
        var paths: [String] = []
        for route in routes where !paths.contains(route.path) { paths.append(route.path) }
        for (index, path) in paths.enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(jsonString: path)
            writer.append(":{")
            for (index, route) in routes.filter({ $0.path == path }).enumerated() {
                if index > 0 { writer.append(",") }
                writer.append(jsonString: route.method.rawValue.lowercased())
                writer.append(":")
                Self.write(route, to: &writer)
            }
            writer.append("}")
        }
        writer.append("},\"components\":{\"securitySchemes\":{")
        writer.append("\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"},")
        writer.append("\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-standing\"}")
        writer.append("},\"schemas\":{\"Problem\":")
        Problem.schema.write(to: &writer)
        for (name, schema) in heading.schemas {
            writer.append(",")
            writer.append(jsonString: name)
            writer.append(":")
            schema.write(to: &writer)
        }
        writer.append("}}}")
        return Array(writer.bytes)
    }

    private static func write(_ route: Route, to writer: inout ByteWriter) {
        writer.append("{\"operationId\":")
        writer.append(jsonString: route.name)
        writer.append(",\"tags\":[")
        writer.append(jsonString: route.tag)
        writer.append("],\"summary\":")
        writer.append(jsonString: route.summary)
        writer.append(",\"description\":")
        writer.append(jsonString: words(of: route))
        let isOpen = route.requirement == .open
        writer.append(isOpen ? ",\"security\":[]" : ",\"security\":[{\"bearer\":[]},{\"session\":[]}]")
        let parameters = route.acceptedParameters
        if !parameters.isEmpty {
            writer.append(",\"parameters\":[")
            for (index, parameter) in parameters.enumerated() {
                if index > 0 { writer.append(",") }
                write(parameter, to: &writer)
            }
            writer.append("]")
        }
        if let body = route.body {
            writer.append(",\"requestBody\":{\"required\":")
            writer.append(body.isRequired ? "true" : "false")
            writer.append(",\"content\":{")
            writeContent(body.mediaType, body.schema, body.example, to: &writer)
            writer.append("}}")
        }
        writer.append(",\"responses\":{")
        write(route.answers, to: &writer)
        if route.answers.contains(where: \.isOfLedger) {
            writer.append(
                ",\"304\":{\"description\":\"The client has this state: If-None-Match names its entity tag.\"}")
        }
        writer.append(",\"default\":{\"description\":\"A problem (RFC 9457).\",\"content\":{")
        writeContent(Problem.mediaType, .named("Problem"), nil, to: &writer)
        if route.hasFormQuery {
            writer.append(",")
            writeContent("text/html", .text(), nil, to: &writer)
        }
        writer.append("}}}}")
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

    private static func write(_ parameter: RouteParameter, to writer: inout ByteWriter) {
        writer.append("{\"name\":")
        writer.append(jsonString: parameter.name)
        writer.append(",\"in\":")
        writer.append(jsonString: parameter.location.rawValue)
        writer.append(",\"required\":")
        writer.append(parameter.isRequired ? "true" : "false")
        writer.append(",\"description\":")
        writer.append(jsonString: parameter.description)
        writer.append(",\"schema\":")
        parameter.schema.write(to: &writer)
        if let example = parameter.example {
            writer.append(",\"example\":")
            switch parameter.form {
            case .integer, .flag: writer.append(example)
            default: writer.append(jsonString: example)
            }
        }
        writer.append("}")
    }

    /// Answers with the same status are one, with a content for each media type.
    private static func write(_ answers: [RouteAnswer], to writer: inout ByteWriter) {
        var statuses: [Int] = []
        for answer in answers where !statuses.contains(answer.status) { statuses.append(answer.status) }
        for (index, status) in statuses.enumerated() {
            let same = answers.filter { $0.status == status }
            if index > 0 { writer.append(",") }
            writer.append(jsonString: String(status))
            writer.append(":{\"description\":")
            writer.append(jsonString: same.map(\.description).joined(separator: " "))
            if same.contains(where: \.isOfLedger) { writeLedgerFields(to: &writer) }
            let contents = same.filter { $0.mediaType != nil }
            if !contents.isEmpty {
                writer.append(",\"content\":{")
                for (index, answer) in contents.enumerated() {
                    if index > 0 { writer.append(",") }
                    writeContent(answer.mediaType ?? "", answer.schema, answer.example, to: &writer)
                }
                writer.append("}")
            }
            writer.append("}")
        }
    }

    private static func writeContent(
        _ mediaType: String, _ schema: JSONSchema, _ example: String?, to writer: inout ByteWriter
    ) {
        writer.append(jsonString: mediaType)
        writer.append(":{\"schema\":")
        schema.write(to: &writer)
        if let example {
            writer.append(",\"example\":")
            writer.append(example)
        }
        writer.append("}")
    }

    /// The fields that say where in the ledger an answer holds.
    private static func writeLedgerFields(to writer: inout ByteWriter) {
        writer.append(",\"headers\":{")
        for (index, (name, description)) in [
            ("ETag", "A weak entity tag of the state: If-None-Match with it is answered 304."),
            ("Standing-Ledger-Partition", "The ledger partition of the subject."),
            ("Standing-Ledger-Offset", "The offset of the ledger's next frame."),
            ("Standing-Clock", "The partition's clock; left out before the first event."),
            ("Standing-Lag", "Frames of the ledger that the answer does not know; left out where that is not known."),
            ("Standing-Current", "Whether the partition is folded to the ledger's end."),
        ].enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(jsonString: name)
            writer.append(":{\"schema\":{\"type\":\"string\"},\"description\":")
            writer.append(jsonString: description)
            writer.append("}")
        }
        writer.append("}")
    }

    private static func roles(of permission: Permission) -> [String] {
        Role.allCases.filter { permission.roles.contains($0) }.map(\.rawValue)
    }
}
