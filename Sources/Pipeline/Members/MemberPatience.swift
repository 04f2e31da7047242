/// How long a command asks members again whose answers are incomplete. During a rebalance, or after a member was killed
/// or started anew, partitions have no owner and members do not answer. The group takes the partitions of a killed
/// member away after the session's time-out (`session.timeout.ms`, 10 s).
public enum MemberPatience {
    /// Of a command that changes something.
    public static let acting = Duration.seconds(30)
    /// Of a command that shows something. It shows what it has after this time.
    public static let looking = Duration.seconds(15)
    /// Between two questions.
    public static let pause = Duration.milliseconds(500)

    /// The message before members are asked again. `reason`: a main clause.
    public static func notice(_ reason: String, _ limit: Duration) -> String {
        "\(reason): normal during a rebalance or a restart, so the members are asked again for up to \(seconds(limit))"
    }

    private static func seconds(_ limit: Duration) -> String { "\(Int64((limit / .seconds(1)).rounded(.up))) s" }
}
