internal import Events
internal import HTTPTypes
internal import Hummingbird

extension RouteTable {
    /// The values of a request's parameters, each of which is as the route declares it.
    func values(of route: Route, _ segments: [Substring], _ request: Request) throws -> [String: String] {
        var values: [String: String] = [:]
        for (pattern, segment) in zip(RoutePaths.segments(of: route.path), segments) {
            guard let name = RoutePaths.parameter(pattern) else { continue }
            values[name] = try Self.decoded(segment, of: name, "the path")
        }
        let accepted = route.acceptedParameters
        let query = request.uri.query ?? ""
        try Self.readQuery(
            route.hasFormQuery ? query.replacing("+", with: "%20") : query, accepted.filter { $0.location == .query },
            into: &values)
        for parameter in accepted where parameter.location == .header {
            guard let field = HTTPField.Name(parameter.name) else { continue }
            let given = request.headers[values: field]
            guard given.count <= 1 else {
                throw Problem(
                    .badRequest, code: "parameter-twice", "the header \(parameter.name) stands there twice",
                    parameter: parameter.name)
            }
            values[parameter.name] = given.first
        }
        for parameter in accepted {
            guard let value = values[parameter.name] else {
                guard parameter.isRequired else { continue }
                throw Problem(
                    .badRequest, code: "parameter-missing",
                    "missing \(parameter.location.rawValue) parameter: \(parameter.name)",
                    parameter: parameter.name)
            }
            if let mistake = parameter.mistake(in: value) {
                throw Problem(.badRequest, code: mistake.code, mistake.text, parameter: parameter.name)
            }
        }
        return values
    }

    /// `NAME=VALUE&…`, percent-encoded.
    private static func readQuery(
        _ query: String, _ accepted: [RouteParameter], into values: inout [String: String]
    ) throws {
        for pair in query.split(separator: "&") {
            let (name, value) =
                pair.firstIndex(of: "=").map { (pair[..<$0], pair[pair.index(after: $0)...]) } ?? (pair, "")
            let decoded = try decoded(name, of: "a parameter's name", "the query")
            guard accepted.contains(where: { $0.name == decoded }) else {
                let names = accepted.map(\.name).joined(separator: ", ")
                let hint = names.isEmpty ? "this path takes none" : "this path takes \(names)"
                let shown = decoded.prefix(maximumNameShown)
                throw Problem(
                    .badRequest, code: "parameter-unknown", "unknown query parameter \"\(shown)\"; \(hint)",
                    parameter: String(shown))
            }
            guard values[decoded] == nil else {
                throw Problem(
                    .badRequest, code: "parameter-twice", "the query parameter \(decoded) stands there twice",
                    parameter: decoded)
            }
            values[decoded] = try Self.decoded(value, of: decoded, "the query")
        }
    }

    private static let maximumNameShown = 64

    private static func decoded(_ text: Substring, of name: String, _ location: String) throws -> String {
        guard let decoded = PercentEncoding.text(text) else {
            throw Problem(
                .badRequest, code: "percent-encoding", "\(location) is not valid percent-encoded UTF-8", parameter: name
            )
        }
        return decoded
    }
}
