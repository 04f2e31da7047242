internal import Synchronization

/// The members without ledger partitions that are asked for their part of the overview, because they read sources too.
/// One that does not answer is left out for a while: a member that was killed while it owned nothing stays announced.
final class IdleMembers: Sendable {
    static let pause = Duration.seconds(60)

    /// By address.
    private let silentUntil = Mutex<[String: ContinuousClock.Instant]>([:])

    /// Those of `announced` to ask now.
    func asked(of announced: [String], at now: ContinuousClock.Instant) -> [String] {
        silentUntil.withLock { silent in
            silent = silent.filter { announced.contains($0.key) && now < $0.value }
            return announced.filter { silent[$0] == nil }
        }
    }

    /// It has not answered.
    func noteSilence(of address: String, at now: ContinuousClock.Instant) {
        silentUntil.withLock { $0[address] = now + Self.pause }
    }
}
