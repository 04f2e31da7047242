internal import Ledger

// The greatest number of file descriptors of a member.
extension PipelineConfiguration {
    /// Of a partition: those of the archive and its indexes, a snapshot that is being written, a segment that is being
    /// read, and one that a policy in the shadow is folded from.
    static let filesOfPartition = ArchiveWriter.openFiles + SubjectHistory.maximumOpenIndexes + 3
    /// A socket and the two ends of a pipe that wakes the connection's thread.
    static let descriptorsOfConnection = 3
    /// A client's connections beside those to the brokers: to the addresses in its configuration, and to its group's
    /// coordinator.
    static let otherConnections = 3

    /// The greatest number of descriptors of data folder and broker connections. `ledgerPartitions`: all count, because
    /// a member may own all of them, or be a standby of those that it does not own. `brokers`: of the cluster.
    public func descriptors(ledgerPartitions: Int, brokers: Int) -> Int {
        let files = roles.contains(.fold) && data != nil ? ledgerPartitions * Self.filesOfPartition : 0
        return files + Self.descriptors(clients: clients, brokers: brokers)
    }

    /// The greatest number of descriptors of clients to a cluster of this many brokers.
    public static func descriptors(clients: Int, brokers: Int) -> Int {
        clients * (brokers + otherConnections) * descriptorsOfConnection
    }

    /// Consumers, producers and admin clients.
    private var clients: Int {
        // The consumer and the producer. The fold also has one that searches for published facts.
        var count = 1
        if roles.contains(.intake) { count += 2 }
        if roles.contains(.fold) { count += 3 + (standsBy ? 1 : 0) + (checkpoints == nil ? 0 : 1) }
        // Without the role fold, announcements have a producer of their own.
        return count + (members == nil ? 0 : roles.contains(.fold) ? 1 : 2)
    }
}
