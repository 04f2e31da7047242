internal import Access
internal import Hummingbird

extension RouteTable {
    /// Whether who asked may still have an answer that lasts. A caller who asks too often is refused requests, not what lasts already.
    func isStillAllowed(_ route: Route, _ request: Request, _ peer: Peer, _ subject: [UInt8]?) async -> Bool {
        do {
            let asking = try await asking(route, request, peer)
            if case .open = options.access { return true }
            guard let permission = route.requirement.permission else { return true }
            return asking.caller.may(permission, to: subject)
        } catch let problem as Problem {
            return problem.status == .tooManyRequests
        } catch {
            return false
        }
    }
}
