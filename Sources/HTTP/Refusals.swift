internal import Access
internal import HTTPTypes
internal import Synchronization

/// How many requests a server has refused, by the code of the refusal. It names no caller and no path.
public final class Refusals: Sendable {
    /// Codes that are counted by themselves. There are fewer; those beyond are `other`.
    static let maximumReasons = 64

    /// The codes of this server's own refusals, which begin at 0, so that the first one of each is an increase.
    static let known =
        [
            "cross-site", "forbidden", "loopback-only", "no-member-secret", "no-member-token", "purpose-needed",
            "too-many-requests", "too-many-streams", "unknown-host",
        ] + Denial.reasons

    private let counts: Mutex<[String: Int64]>

    /// `further`: codes of the routes' own refusals, which begin at 0 too.
    public init(_ further: [String] = []) {
        counts = Mutex(Dictionary((Self.known + further).map { ($0, 0) }) { first, _ in first })
    }

    /// Counts a problem if it is a refusal: nothing proves who asks, who asks may not, or asks too often, or under another host's name.
    func add(_ problem: Problem) {
        switch problem.status {
        case .unauthorized, .forbidden, .tooManyRequests, .misdirectedRequest: break
        default: return
        }
        counts.withLock { counts in
            let isKnown = counts[problem.code] != nil || counts.count < Self.maximumReasons
            counts[isKnown ? problem.code : "other", default: 0] += 1
        }
    }

    /// In the order of the reasons.
    public var all: [(reason: String, count: Int64)] {
        counts.withLock { counts in
            counts.sorted { $0.key < $1.key }.map { (reason: $0.key, count: $0.value) }
        }
    }
}
