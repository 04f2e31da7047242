internal import Access

// MARK: Pages that replace the server's own refusals

extension ConsoleRoutes {
    /// Whether the path is in the console, known or not.
    static func isConsole(_ path: String) -> Bool {
        path == ConsolePages.root || path.hasPrefix(ConsolePages.root + "/")
    }

    /// The reason why the server refused a request before the console's route ran.
    struct Refusal {
        var status: Int
        /// The server's machine-readable code.
        var code: String
        var detail: String
        var retryAfter: Int?
        var isRead: Bool
        var path: String
        /// Whether the request had a cookie.
        var hadSession: Bool
    }

    func answer(_ refusal: Refusal, _ request: ConsoleRequest) -> ConsoleAnswer {
        switch refusal.status {
        case 401:
            var request = request
            request.caller = nil
            request.hasEndedSession = refusal.hadSession || !refusal.isRead
            return signInFirst(request)
        case 403 where refusal.code == "forbidden":
            guard let caller = request.caller else { return signInFirst(request) }
            if refusal.path == ConsolePages.root, Tab.mine.isOpen(to: caller) {
                return .redirect(to: ConsolePath.mine)
            }
            let route = all.first { $0.path == refusal.path && ($0.method == .get) == refusal.isRead }
            guard case .permission(let permission) = route?.requirement else { break }
            return noRole(caller, permission, visit(request))
        case 403 where refusal.code == "cross-site": return problem(.staleForm, visit(request))
        case 404:
            return problem(
                .nothing("page", back: ProblemView.Step("Overview", path: ConsolePages.root)), visit(request))
        case 429: return problem(.tooMany(retryAfter: refusal.retryAfter ?? 1), visit(request))
        default: break
        }
        let title = refusal.status >= 500 ? "This does not work now" : "This request was not understood"
        let detail = (refusal.detail.first?.uppercased() ?? "") + refusal.detail.dropFirst() + "."
        return problem(
            ProblemView(
                status: refusal.status, title: title, detail: detail,
                next: [ProblemView.Step("Overview", path: ConsolePages.root)], retryAfter: refusal.retryAfter),
            visit(request))
    }
}
