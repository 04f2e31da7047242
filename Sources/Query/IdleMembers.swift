internal import Synchronization

/// The members without ledger partitions that are asked for their part of the overview, because they read sources too.
/// One that does not answer is left out for a while, and longer after each further silence: a member that was killed
/// while it owned nothing stays announced.
final class IdleMembers: Sendable {
    static let shortestPause = Duration.seconds(5)
    static let longestPause = Duration.seconds(120)

    private struct Silence {
        var pause: Duration
        var end: ContinuousClock.Instant
    }

    /// The number of silent members is known for this long after they were asked.
    static let lifetime = Duration.seconds(600)

    /// By address.
    private let silences = Mutex<[String: Silence]>([:])
    /// The time of the last questions; nil before them.
    private let lastAsked = Mutex<ContinuousClock.Instant?>(nil)

    /// Those of `announced` to ask now.
    func asked(of announced: [String], at now: ContinuousClock.Instant) -> [String] {
        lastAsked.withLock { $0 = now }
        return silences.withLock { silences in
            silences = silences.filter { announced.contains($0.key) }
            return announced.filter { address in silences[address].map { now >= $0.end } ?? true }
        }
    }

    /// The number of those of `announced` that did not answer; nil if they have not been asked for `lifetime`.
    func away(of announced: [String], at now: ContinuousClock.Instant) -> Int? {
        guard !announced.isEmpty else { return 0 }
        guard let last = lastAsked.withLock({ $0 }), now - last < Self.lifetime else { return nil }
        return silences.withLock { silences in announced.count { silences[$0] != nil } }
    }

    /// It was asked, and has not answered.
    func noteSilence(of address: String, at now: ContinuousClock.Instant) {
        silences.withLock { silences in
            let last = silences[address]
            // Two questions may have been under way.
            guard last.map({ now >= $0.end }) ?? true else { return }
            let pause = last.map { min($0.pause * 2, Self.longestPause) } ?? Self.shortestPause
            silences[address] = Silence(pause: pause, end: now + pause)
        }
    }

    func noteAnswer(of address: String) {
        silences.withLock { _ = $0.removeValue(forKey: address) }
    }
}
