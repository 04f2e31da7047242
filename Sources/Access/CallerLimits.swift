/// How often callers may ask, fail to prove who they are, and try passwords.
struct CallerLimits: Sendable {
    /// Nil without a limit.
    let requests: RateLimiter?
    /// Credentials that prove nothing, by address: verifying them takes time.
    let failures = RateLimiter(perSecond: 5, burst: 100)
    /// Passwords by address and by name. A name's limit is generous, so that others cannot lock its owner out for long.
    let passwordsByAddress = RateLimiter(perSecond: 0.2, burst: 20)
    let passwordsByName = RateLimiter(perSecond: 0.2, burst: 30)

    /// A caller who rested has the requests of so many seconds at once.
    private static let burstSeconds = 2.0

    /// `requestsPerSecond`: of each caller; nil without a limit.
    init(requestsPerSecond: Double?) {
        requests = requestsPerSecond.map {
            RateLimiter(perSecond: $0, burst: Int(max(1, ($0 * Self.burstSeconds).rounded())))
        }
    }
}
