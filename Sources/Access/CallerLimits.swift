/// Limits of callers' requests, of failures to authenticate, and of attempts of passwords.
struct CallerLimits: Sendable {
    /// Nil if there is no limit.
    let requests: RateLimiter?
    /// Failures to authenticate, by address. Verification takes time.
    let failures = RateLimiter(perSecond: 5, burst: 100)
    /// Passwords by address and by name. A name's limit is generous, so that others cannot lock its owner out for long.
    let passwordsByAddress = RateLimiter(perSecond: 0.2, burst: 20)
    let passwordsByName = RateLimiter(perSecond: 0.2, burst: 30)

    /// After a rest, a caller may send the requests of this many seconds at once.
    private static let burstSeconds = 2.0

    /// `requestsPerSecond`: of each caller; nil if there is no limit.
    init(requestsPerSecond: Double?) {
        requests = requestsPerSecond.map {
            RateLimiter(perSecond: $0, burst: Int(max(1, ($0 * Self.burstSeconds).rounded())))
        }
    }
}
