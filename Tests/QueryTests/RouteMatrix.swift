import Access
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import HTTP

/// What every route of a table must do, by its declaration alone.
struct RouteMatrix {
    /// `Bearer ROLE` is a caller with that role, who is the subject of the samples.
    struct RoleGate: Gate {
        func caller(_ credentials: Credentials) async throws(Denial) -> Caller {
            guard let word = credentials.authorization?.split(separator: " ").last,
                let role = Role(rawValue: String(word))
            else { throw .unauthenticated(reason: "no-credentials") }
            return Caller(name: "sample", roles: [role], subject: Array(RouteMatrix.subject.utf8))
        }
    }

    static let subject = "sample-subject"

    let table: RouteTable
    /// Where the requests come from.
    var address = "192.0.2.1"
    /// Statuses of requests that the declaration allows: the handlers answer them as they can.
    private static let refusals = [401, 403, 404, 405, 413, 414, 415, 431]

    struct Answer {
        let status: Int
        let code: String?
        let parameter: String?
        let isEmpty: Bool
        let fields: HTTPFields
        /// The text of a problem; nil if the answer is no problem.
        var problem: String?
    }

    func send(
        _ route: Route, _ method: String, as role: Role?, _ values: [String: String], token: String? = nil
    ) async throws -> Answer {
        var path =
            "/"
            + RoutePaths.segments(of: route.path).map { segment in
                RoutePaths.parameter(segment).map { Self.encoded(values[$0] ?? "") } ?? String(segment)
            }.joined(separator: "/")
        let query = route.acceptedParameters.filter { $0.location == .query }.compactMap { parameter in
            values[parameter.name].map { "\(parameter.name)=\(Self.encoded($0))" }
        }
        if !query.isEmpty { path += "?" + query.joined(separator: "&") }
        var fields = HTTPFields()
        if let token = token ?? role.map({ "Bearer \($0.rawValue)" }) { fields[.authorization] = token }
        for parameter in route.parameters where parameter.location == .header {
            if let name = HTTPField.Name(parameter.name) { fields[name] = values[parameter.name] }
        }
        var body = ByteBuffer()
        if let declared = route.body, method == "POST" {
            fields[.contentType] = declared.mediaType
            body = ByteBuffer(string: declared.example ?? "{}")
        }
        return try await send(method, path, fields, body)
    }

    func send(_ method: String, _ path: String, _ fields: HTTPFields, _ body: ByteBuffer = ByteBuffer()) async throws
        -> Answer
    {
        let head = HTTPRequest(
            method: try #require(HTTPRequest.Method(method)), scheme: "http", authority: "127.0.0.1", path: path,
            headerFields: fields)
        let response = try await table.respond(
            to: Request(head: head, body: RequestBody(buffer: body)),
            context: Peer(try SocketAddress(ipAddress: address, port: 1)))
        guard response.headers[.contentType] == Problem.mediaType, response.body.contentLength != 0 else {
            return Answer(
                status: response.status.code, code: nil, parameter: nil, isEmpty: response.body.contentLength == 0,
                fields: response.headers)
        }
        let received = Received()
        try await response.body.write(received)
        let json = try JSONSerialization.jsonObject(with: Data(received.bytes)) as? [String: Any]
        return Answer(
            status: response.status.code, code: json?["code"] as? String, parameter: json?["parameter"] as? String,
            isEmpty: false, fields: response.headers, problem: String(decoding: received.bytes, as: UTF8.self))
    }

    /// The body of a `GET`.
    func body(of path: String, as role: Role) async throws -> [UInt8] {
        let head = HTTPRequest(
            method: .get, scheme: "http", authority: "127.0.0.1", path: path,
            headerFields: [.authorization: "Bearer \(role.rawValue)"])
        let response = try await table.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            context: Peer(try SocketAddress(ipAddress: address, port: 1)))
        let received = Received()
        try await response.body.write(received)
        return received.bytes
    }

    private final class Received: ResponseBodyWriter {
        private(set) var bytes: [UInt8] = []
        func write(_ part: ByteBuffer) async throws { bytes += part.readableBytesView }
        func finish(_: HTTPFields?) async throws {}
    }

    private static func encoded(_ value: String) -> String {
        value.utf8.map { byte in
            let isPlain =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    // MARK: - Samples

    /// A value of each parameter that the route must have, and the purpose.
    static func sample(_ route: Route) -> [String: String] {
        var values: [String: String] = [:]
        for parameter in route.acceptedParameters where parameter.isRequired {
            values[parameter.name] = parameter.form.sample
        }
        if case .subject(_, let name, _) = route.requirement { values[name] = subject }
        if route.requirement.needsPurpose { values[RouteParameter.purpose.name] = "a test" }
        return values
    }

    // MARK: - Checks

    /// Whether a caller with the role, who is the subject of the samples, may use the route.
    static func may(_ role: Role, _ route: Route) -> Bool {
        switch route.requirement {
        case .open, .authenticated, .member: true
        case .permission(let permission): permission.roles.contains(role) && role != .subject
        case .subject(let permission, _, _): permission.roles.contains(role)
        }
    }

    /// Each role is answered as its permissions say, and nobody without one.
    func checkRoles() async throws {
        for route in table.routes where route.requirement != .member {
            let values = Self.sample(route)
            let isOpen = route.requirement == .open
            for token in [nil, "Bearer", "Bearer nobody", "Basic sample", "viewer viewer viewer nobody"] as [String?] {
                let answer = try await send(route, route.method.rawValue, as: nil, values, token: token)
                #expect(
                    (answer.code == "no-credentials") == !isOpen, "\(route.name), \(token ?? "no token"): \(answer)")
                #expect(isOpen || answer.status == 401)
            }
            for role in Role.allCases {
                let may = Self.may(role, route)
                let answer = try await send(route, route.method.rawValue, as: role, values)
                #expect((answer.code == "forbidden") == !may, "\(route.name) as \(role): \(answer)")
                if !may { #expect(answer.status == 403) }
            }
        }
    }

    /// A caller that is no member is not answered where members ask each other, whatever its roles.
    func checkMembers() async throws {
        let routes = table.routes.filter { $0.requirement == .member }
        #expect(!routes.isEmpty)
        for route in routes {
            for role in [nil] + Role.allCases.map(Optional.some) {
                let answer = try await send(route, route.method.rawValue, as: role, Self.sample(route))
                #expect(answer.status == 401 && answer.code == "no-member-token", "\(route.name): \(answer)")
            }
        }
    }

    /// The role subject is answered about itself alone, and everybody else about another only for a purpose.
    func checkSubjects() async throws {
        for route in table.routes {
            guard case .subject(let permission, let name, let needsPurpose) = route.requirement else { continue }
            var others = Self.sample(route)
            others[name] = "somebody-else"
            #expect(
                try await send(route, route.method.rawValue, as: .subject, others).code == "forbidden", "\(route.name)")
            var without = Self.sample(route)
            without[RouteParameter.purpose.name] = nil
            for role in permission.roles where role != .subject {
                let answer = try await send(route, route.method.rawValue, as: role, without)
                #expect((answer.code == "purpose-needed") == needsPurpose, "\(route.name) as \(role): \(answer)")
            }
            if permission.roles.contains(.subject) {
                let own = try await send(route, route.method.rawValue, as: .subject, without)
                #expect(own.code != "purpose-needed" && own.code != "forbidden", "\(route.name): \(own)")
            }
        }
    }

    /// Every parameter at its limits is allowed, and beyond them refused by its name.
    func checkParameters() async throws {
        for route in table.routes where route.requirement != .member {
            let role = route.sampleRole
            for parameter in route.acceptedParameters where parameter.location != .header {
                let isSubject = if case .subject(_, parameter.name, _) = route.requirement { true } else { false }
                for value in parameter.form.allowed {
                    var values = Self.sample(route)
                    values[parameter.name] = value
                    let answer = try await send(route, route.method.rawValue, as: role, values)
                    #expect(
                        answer.code?.hasPrefix("parameter-") != true || answer.parameter != parameter.name
                            || answer.code == "parameter-alone", "\(route.name), \(parameter.name): \(answer)")
                }
                for value in parameter.form.refused where parameter.location != .path || !value.isEmpty {
                    var values = Self.sample(route)
                    values[parameter.name] = value
                    let answer = try await send(route, route.method.rawValue, as: role, values)
                    #expect(
                        answer.status == 400 && answer.parameter == parameter.name
                            // A value can be longer than a target may be.
                            || answer.status == 414 && value.utf8.count > RouteTable.maximumTargetBytes / 2,
                        "\(route.name), \(parameter.name)\(isSubject ? ", the subject" : ""): \(answer)")
                }
            }
        }
    }

    /// A parameter that is not declared, or is there twice, or is missing, is refused by its name.
    func checkStrangeParameters() async throws {
        for route in table.routes where route.requirement != .member {
            let values = Self.sample(route)
            let path =
                "/"
                + RoutePaths.segments(of: route.path).map { segment in
                    RoutePaths.parameter(segment).map { values[$0] ?? "" } ?? String(segment)
                }.joined(separator: "/")
            let fields: HTTPFields = [
                .authorization: "Bearer \(route.sampleRole.rawValue)",
                HTTPField.Name("standing-purpose")!: "a test",
            ]
            let unknown = try await send(route.method.rawValue, path + "?unheard=1", fields)
            #expect(unknown.code == "parameter-unknown" && unknown.parameter == "unheard", "\(route.name): \(unknown)")
            for parameter in route.acceptedParameters where parameter.location == .query {
                let twice = try await send(
                    route.method.rawValue, path + "?\(parameter.name)=1&\(parameter.name)=1", fields)
                #expect(twice.code == "parameter-twice" && twice.parameter == parameter.name, "\(route.name): \(twice)")
                guard parameter.isRequired else { continue }
                let missing = try await send(route.method.rawValue, path, fields)
                #expect(missing.code == "parameter-missing", "\(route.name): \(missing)")
            }
        }
    }

    /// Other methods are refused with those that there are; `HEAD` is answered as `GET`, without the body.
    func checkMethods() async throws {
        for route in table.routes {
            let values = Self.sample(route)
            let there = Set(table.routes.filter { $0.matches(route) }.map(\.method.rawValue))
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] where !there.contains(method) {
                let answer = try await send(route, method, as: route.sampleRole, values)
                let allowed = there.union(there.contains("GET") ? ["HEAD"] : []).sorted().joined(separator: ", ")
                #expect(answer.status == 405 && answer.fields[.allow] == allowed, "\(method) \(route.path): \(answer)")
            }
            guard route.method == .get else { continue }
            let head = try await send(route, "HEAD", as: route.sampleRole, values)
            #expect(
                head.isEmpty && !Self.refusals.contains(head.status) || head.status == 404, "\(route.name): \(head)")
        }
    }
}

extension Route {
    /// Whether a request with the path of the other's sample is one of this route's.
    fileprivate func matches(_ other: Route) -> Bool {
        let (own, others) = (RoutePaths.segments(of: path), RoutePaths.segments(of: other.path))
        return own.count == others.count
            && zip(own, others).allSatisfy { $0 == $1 || RoutePaths.parameter($0) != nil }
    }

    /// A role that may use the route.
    fileprivate var sampleRole: Role {
        guard let permission = requirement.permission else { return .auditor }
        return Role.allCases.first { $0 != .subject && permission.roles.contains($0) } ?? .auditor
    }
}

extension RouteParameter.Form {
    fileprivate var sample: String { allowed.first ?? "" }

    /// Values at the limits.
    fileprivate var allowed: [String] {
        func text(_ count: Int) -> String { String(repeating: "a", count: count) }
        return switch self {
        case .text(let length, let bytes): [text(max(1, length.lowerBound)), text(min(length.upperBound, bytes))]
        case .line(let length): [text(max(1, length.lowerBound)), text(length.upperBound)]
        case .integer(let range): [String(range.lowerBound), String(range.upperBound)]
        case .oneOf(let names): names
        case .time: ["2026-01-31T12:00:00Z", "1970-01-01T00:00:00.000001-01:00"]
        case .timeOrOffset: ["2026-01-31T12:00:00Z", "0", String(Int64.max)]
        case .flag: ["true", "false"]
        }
    }

    /// Values beyond them.
    fileprivate var refused: [String] {
        func text(_ count: Int) -> String { String(repeating: "a", count: count) }
        return switch self {
        case .text(let length, let bytes):
            [text(min(length.upperBound, bytes) + 1)] + (length.lowerBound > 0 ? [text(length.lowerBound - 1)] : [])
        case .line(let length): ["", text(length.upperBound + 1), "a\n", "\u{7f}"]
        case .integer(let range):
            ["", "x", "1.5", "9223372036854775808"]
                + (range.lowerBound > .min ? [String(range.lowerBound - 1)] : [])
                + (range.upperBound < .max ? [String(range.upperBound + 1)] : [])
        case .oneOf(let names): ["", names.joined()]
        case .time, .timeOrOffset: ["", "yesterday", "2026-02-30T00:00:00Z", "-1"]
        case .flag: ["", "yes"]
        }
    }
}
