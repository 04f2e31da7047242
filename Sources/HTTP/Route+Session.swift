public import Access
internal import Events
internal import Foundation
internal import HTTPTypes
internal import Hummingbird

/// The routes of users who log in.
extension Route {
    private struct LogIn: Decodable {
        let name: String
        let password: String
    }

    /// Room for the longest name and password, escaped.
    private static let maximumLogInBytes = 8 << 10

    private static let caller = JSONSchema.object([
        .init("name", .text()), .init("roles", .list(.oneOf(Role.allCases.map(\.rawValue)))),
        .init("subject", .text(), isRequired: false, "Whom the caller is, with the role subject."),
    ])

    /// `POST`, `GET` and `DELETE /session`. `audit`: nil if log-ins are not recorded.
    public static func session(_ access: AccessControl, audit: (any AuditLog)? = nil) -> [Route] {
        let tag = "session"
        return [
            Route(
                .post, "/session", name: "logIn",
                summary: "Log in with a name and a password. The answer sets the cookie.",
                tag: tag,
                body: RouteBody(
                    .object([
                        .init("name", .text(1...User.maximumNameBytes)),
                        .init("password", .text(1...PasswordHash.maximumBytes)),
                    ]), maximumBytes: maximumLogInBytes, example: #"{"name":"anna","password":"correct horse battery"}"#
                ),
                answers: [.json("Who has logged in.", caller)], requires: .open
            ) { call in try await logIn(call, access, audit) },
            Route(
                .get, "/session", name: "readCaller", summary: "Who asks, and with which roles.", tag: tag,
                answers: [.json("Who asks.", caller)], requires: .authenticated
            ) { call in .json { write(call.caller, to: &$0) } },
            Route(
                .delete, "/session", name: "logOut",
                summary: "Log out: the session ends on this member, and the answer removes the cookie.", tag: tag,
                answers: [RouteAnswer(204, "Nobody is logged in.", nil)], requires: .open
            ) { call in
                if let token = call.fields[.cookie].flatMap({ access.cookie.token(in: $0) }) {
                    await access.logOut(token, audit: audit)
                }
                return Response(status: .noContent, headers: [.setCookie: access.cookie.removal])
            },
        ]
    }

    private static func logIn(
        _ call: RouteCall, _ access: AccessControl, _ audit: (any AuditLog)?
    ) async throws -> Response {
        guard let logIn = try? JSONDecoder().decode(LogIn.self, from: Data(call.body)) else {
            throw Problem(.badRequest, code: "body-malformed", "the body is {\"name\":…,\"password\":…}")
        }
        let session: AccessControl.Session
        do {
            session = try await access.logIn(
                name: logIn.name, password: logIn.password, address: call.address, audit: audit)
        } catch {
            throw Problem(error)
        }
        var response = Response.json { write(session.caller, to: &$0) }
        response.headers[.setCookie] = session.setCookie
        response.headers[.cacheControl] = "no-store"
        return response
    }

    /// `{"name","roles"[,"subject"]}`
    private static func write(_ caller: Caller, to writer: inout JSONWriter) {
        writer.open()
        writer.member("name", caller.name)
        writer.member("roles", Role.allCases.filter(caller.roles.contains).map(\.rawValue))
        if let subject = caller.subject { writer.member("subject", String(decoding: subject, as: UTF8.self)) }
        writer.close()
    }
}
