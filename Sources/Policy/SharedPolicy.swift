/// A policy with several owners.
public final class SharedPolicy: Sendable {
    public let policy: ScoringPolicy

    public init(_ policy: ScoringPolicy) { self.policy = policy }
}
