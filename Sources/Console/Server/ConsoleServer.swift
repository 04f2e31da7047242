public import Access
public import HTTP
internal import HTTPTypes
public import Hummingbird

/// Serves the console among the routes of a server. The server's route table checks the caller first.
public struct ConsoleServer: Sendable {
    private let console: ConsoleRoutes
    private let access: AccessControl
    /// The form token of callers without a session. Only this process's pages contain it, so a page of another site,
    /// which cannot read them, cannot send their forms.
    private let processToken = Self.random()

    public init(_ console: ConsoleRoutes, access: AccessControl) { (self.console, self.access) = (console, access) }

    public var routes: [Route] { console.all.map { route($0) } }

    private static func random() -> String {
        var random = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(random.next(), radix: 36) }.joined()
    }

    private static let longestParameter = RouteParameter.maximumSubjectBytes

    private func route(_ page: ConsoleRoute) -> Route {
        let requirement: Route.Requirement =
            switch page.requirement {
            case .anybody: .open
            case .signedIn: .authenticated
            case .permission(let permission): .permission(permission)
            }
        let body: RouteBody? =
            page.method == .post
            ? RouteBody(
                .object([], isOpen: true), mediaType: "application/x-www-form-urlencoded",
                maximumBytes: FormFields.maximumBytes) : nil
        let parameters = page.parameters.map { name in
            // Percent-encoding takes three characters per byte.
            let isEncoded = name.hasSuffix(".encoded")
            return RouteParameter(
                name, .text(0...Self.longestParameter * (isEncoded ? 3 : 1)),
                "As the page's own links and forms have it.")
        }
        let isPage = page.method == .get
        return Route(
            isPage ? .get : .post, page.path, name: Self.name(page), summary: page.summary + ".", tag: "console",
            parameters: parameters, body: body,
            answers: isPage
                ? [.text("The page.", Self.mediaType(page.path))]
                : [RouteAnswer(303, "It is done; the page to go to.", nil)],
            requires: requirement
        ) { call in
            let (request, setCookie) = request(
                call.fields, target: call.target, address: call.address,
                caller: page.requirement == .anybody ? nil : call.caller,
                query: FormFields(page.parameters.compactMap { name in call[name].map { (name, $0) } }))
            guard let form = FormFields(encoded: String(decoding: call.body, as: UTF8.self)) else {
                throw Problem(.badRequest, code: "form-malformed", "the body is not a form")
            }
            var filled = request
            filled.form = form
            return Self.response(await page.answer(filled), setCookie)
        }.withFormQuery()
    }

    /// The media type of a page, or of an asset by its ending.
    private static func mediaType(_ path: String) -> String {
        path.hasSuffix(".css") ? "text/css" : path.hasSuffix(".js") ? "text/javascript" : "text/html"
    }

    /// `consoleDeadLetters`, `consoleActsVoidSend`; for an asset, the name without its hash.
    private static func name(_ route: ConsoleRoute) -> String {
        let words = route.path.split { $0 == "/" || $0 == "-" || $0 == "." }.filter { !$0.contains(where: \.isNumber) }
        let name = words.dropFirst().reduce(into: String(words.first ?? "")) { name, word in
            name += word.prefix(1).uppercased() + word.dropFirst()
        }
        return name + (route.method == .post ? "Send" : "")
    }

    /// The page's request, and the cookie that renews the session; nil while the session needs no renewal.
    private func request(
        _ fields: HTTPFields, target: String, address: String, caller: Caller?, query: FormFields = FormFields()
    ) -> (ConsoleRequest, setCookie: String?) {
        let token = fields[.cookie].flatMap { access.cookie.token(in: $0) }
        let session = token.flatMap { access.session($0) }
        let request = ConsoleRequest(
            caller: caller ?? session?.caller, session: session == nil ? nil : token, address: address, target: target,
            query: query, formToken: session?.formToken ?? processToken, key: Self.random())
        return (request, session?.setCookie)
    }

    private static func response(_ answer: ConsoleAnswer, _ setCookie: String? = nil) -> Response {
        var response = Response.text(answer.body)
        response.status = HTTPResponse.Status(code: answer.status)
        response.headers = [:]
        for field in answer.fields {
            if let name = HTTPField.Name(field.name) {
                response.headers.append(HTTPField(name: name, value: field.value))
            }
        }
        if let setCookie, response.headers[.setCookie] == nil { response.headers[.setCookie] = setCookie }
        return response
    }

    /// The page that replaces a problem that the route table found before the page was rendered; nil for paths outside
    /// the console.
    @Sendable public func page(_ problem: Problem, _ request: Request) -> Response? {
        let path = request.uri.path
        guard ConsoleRoutes.isConsole(path) else { return nil }
        let target = path + (request.uri.query.map { "?\($0)" } ?? "")
        let (asked, _) = self.request(request.headers, target: target, address: "", caller: nil)
        let refusal = ConsoleRoutes.Refusal(
            status: problem.status.code, code: problem.code, detail: problem.detail,
            retryAfter: problem.fields[.retryAfter].flatMap { Int($0) },
            isRead: request.method == .get || request.method == .head, path: path,
            hadSession: request.headers[.cookie].flatMap { access.cookie.token(in: $0) } != nil)
        return Self.response(console.answer(refusal, asked))
    }
}
