public import Access
internal import Events
internal import HTTPTypes
internal import Hummingbird

extension RouteTable {
    /// Who asks, and how that is known.
    struct Asking {
        let caller: Caller
        /// Another member has asked whether the caller may, asked for the purpose and recorded it.
        var isChecked = false
    }

    /// Finds out who asks.
    func asking(_ route: Route, _ request: Request, _ peer: Peer, body: [UInt8] = []) async throws -> Asking {
        if route.method != .get { try refuseCrossSite(request) }
        guard route.requirement != .open else { return Asking(caller: AccessRule.anybody) }
        if let token = request.headers[.standingCaller] {
            guard let forwarded = options.forwarded else {
                throw Problem(Denial.unauthenticated(reason: "no-member-secret"))
            }
            let target = request.uri.description
            do {
                return Asking(
                    caller: try forwarded.caller(token, method: request.method.rawValue, target: target, body: body),
                    isChecked: true)
            } catch {
                throw Problem(error)
            }
        }
        if route.requirement == .member {
            guard options.forwarded == nil, !options.access.isGate else {
                throw Problem(Denial.unauthenticated(reason: "no-member-token"))
            }
        }
        switch options.access {
        case .open: return Asking(caller: AccessRule.anybody)
        case .loopback:
            let isProxied = HTTPField.Name.ofProxies.contains { request.headers[$0] != nil }
            guard peer.isLoopback, !isProxied else {
                throw Problem(
                    .forbidden, code: "loopback-only",
                    "no access is configured, so only requests from this machine itself are answered")
            }
            try checkHost(request)
            return Asking(caller: AccessRule.loopbackCaller)
        case .gate(let gate):
            if !options.hosts.isEmpty { try checkHost(request) }
            do {
                return Asking(caller: try await gate.caller(credentials(request.headers, peer)))
            } catch {
                throw Problem(error)
            }
        }
    }

    private func credentials(_ fields: HTTPFields, _ peer: Peer) -> Credentials {
        Credentials(
            authorization: fields[.authorization], session: session(in: fields[.cookie]), address: peer.address,
            isLoopback: peer.isLoopback)
    }

    /// The `Set-Cookie` of a request that a session has proven; nil if none is due.
    func renewal(of request: Request) -> String? {
        guard let renewal = options.renewal, request.headers[.authorization] == nil else { return nil }
        return session(in: request.headers[.cookie]).flatMap(renewal)
    }

    /// The value of the session's cookie; nil if there is none, or more than one.
    private func session(in cookies: String?) -> String? {
        guard let cookies else { return nil }
        var found: [Substring] = []
        for pair in cookies.split(separator: ";") {
            let text = pair.drop { $0 == " " }
            guard let sign = text.firstIndex(of: "="), options.sessionCookies.contains(String(text[..<sign])) else {
                continue
            }
            found.append(text[text.index(after: sign)...])
        }
        return found.count == 1 ? String(found[0]) : nil
    }

    /// A page of another site could make a browser send what its user may do.
    func refuseCrossSite(_ request: Request) throws {
        let problem = Problem(.forbidden, code: "cross-site", "a page of another site has sent the request")
        if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" { throw problem }
        guard let origin = request.headers[.origin] else { return }
        let authority = request.head.authority?.lowercased() ?? ""
        guard ["http://\(authority)", "https://\(authority)"].contains(origin.lowercased()) else { throw problem }
    }

    private func checkHost(_ request: Request) throws {
        let authority = request.uri.host ?? request.head.authority ?? ""
        guard answers(to: authority) else {
            throw Problem(
                .misdirectedRequest, code: "unknown-host", "this server does not answer to the name in Host")
        }
    }

    func answers(to authority: String) -> Bool {
        HostNames.isLoopback(authority) || options.hosts.contains(HostNames.host(of: authority))
    }

    /// Refuses who may do it to no subject at all, before anything else is looked at.
    func requireRole(_ route: Route, _ caller: Caller) throws {
        guard case .open = options.access else {
            guard let permission = route.requirement.permission else { return }
            let isSubject = if case .subject = route.requirement { true } else { false }
            let roles = isSubject ? permission.roles : permission.roles.subtracting([.subject])
            guard roles.isDisjoint(with: caller.roles) else { return }
            throw Problem(Denial.forbidden)
        }
    }

    /// Refuses what the caller may not do to the subject or does for no purpose, and records the look and the refusal.
    func authorize(_ route: Route, _ asking: Asking, _ subject: [UInt8]?, purpose: String?) async throws {
        if case .open = options.access { return }
        let denial = denial(route, asking, subject, purpose: purpose)
        if route.isAudited, !asking.isChecked, let audit = options.audit {
            let record = AuditRecord(
                actor: asking.caller.name, action: route.name, subject: subject, purpose: purpose,
                outcome: denial == nil ? "allowed" : "denied")
            do {
                try await audit.append(record)
            } catch {
                if Task.isCancelled { throw error }
                guard denial != nil || !options.mustRecord else {
                    throw Problem.retryLater(
                        code: "not-recorded", "the audit does not take the record now, so nobody is shown it")
                }
            }
        }
        if let denial { throw Problem(denial) }
    }

    private func denial(_ route: Route, _ asking: Asking, _ subject: [UInt8]?, purpose: String?) -> Denial? {
        guard let permission = route.requirement.permission else { return nil }
        guard asking.caller.may(permission, to: subject) else { return .forbidden }
        guard route.requirement.needsPurpose, options.access.asksForPurposes, !asking.isChecked else { return nil }
        let isOwn = asking.caller.roles.contains(.subject) && asking.caller.subject == subject
        return isOwn || purpose != nil ? nil : .purposeNeeded
    }
}

extension Problem {
    /// The answer to who is refused.
    public init(_ denial: Denial) {
        switch denial {
        case .unauthenticated(let reason):
            let error = reason == "no-credentials" ? "" : ", error=\"invalid_token\""
            self.init(
                .unauthorized, code: reason, "nothing proves who asks: \(reason)",
                fields: [.wwwAuthenticate: "Bearer realm=\"standing\"\(error)"])
        case .forbidden: self.init(.forbidden, code: "forbidden", "the caller's roles do not allow it")
        case .purposeNeeded:
            self.init(
                .forbidden, code: "purpose-needed",
                "another's file is read for a purpose: name it in the header Standing-Purpose or the parameter purpose")
        case .tooMany(let seconds):
            self.init(
                .tooManyRequests, code: "too-many-requests", "too many requests: ask again in \(seconds) s",
                fields: [.retryAfter: String(seconds)])
        }
    }
}

extension RouteTable {
    /// The routes that are answered at once where the decision about the caller needs no waiting. Their answers are the handlers'.
    var promptRoutes: [PromptRoute] {
        routes.compactMap { route in
            guard let handler = route.promptHandler, let brace = route.path.firstIndex(of: "{") else { return nil }
            let isPersonal = route.requirement != .open
            return PromptRoute(
                prefix: String(route.path[..<brace]),
                answer: { segment in
                    guard var answer = handler(segment)?.tagged else { return nil }
                    answer.fields.addSecurity(isPersonal: isPersonal)
                    return answer
                },
                admits: { segment, fields, peer in admits(route, segment, fields, peer) })
        }
    }

    /// Whether the router would call the handler, as far as that is known at once.
    private func admits(_ route: Route, _ segment: Substring, _ fields: PromptFields, _ peer: Peer) -> Bool {
        guard segment.utf8.count <= RouteParameter.maximumSubjectBytes, !route.isAudited,
            !route.requirement.needsPurpose
        else { return false }
        if route.requirement == .open { return true }
        switch options.access {
        case .open: return true
        case .loopback: return peer.isLoopback && fields.host.map { answers(to: $0) } == true
        case .gate(let gate):
            guard options.hosts.isEmpty || fields.host.map({ answers(to: $0) }) == true else { return false }
            let credentials = Credentials(
                authorization: fields.authorization, session: session(in: fields.cookie), address: peer.address,
                isLoopback: peer.isLoopback)
            // The router adds the cookie that renews a session.
            if credentials.authorization == nil, let session = credentials.session, options.renewal?(session) != nil {
                return false
            }
            guard let caller = gate.callerAtOnce(credentials) else { return false }
            guard let permission = route.requirement.permission else { return true }
            guard case .subject = route.requirement else { return caller.may(permission) }
            return caller.may(permission, to: PercentEncoding.utf8(segment))
        }
    }
}
