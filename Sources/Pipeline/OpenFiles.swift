internal import Ledger

// How many file descriptors a member needs when it has as much to do as it ever has.
extension PipelineConfiguration {
    /// Of a partition: the archive's, those of its indexes, a snapshot that is being written, a segment that is being read, and one
    /// that a policy in the shadow is folded from.
    static let filesOfPartition = ArchiveWriter.openFiles + SubjectHistory.maximumOpenIndexes + 3
    /// A socket and the two ends of a pipe that wakes the connection's thread.
    static let descriptorsOfConnection = 3
    /// Of a client to its cluster, beside those to the brokers: to the addresses that it was given, and to its group's coordinator.
    static let otherConnections = 3

    /// Descriptors of data folder and broker connections at the most. `ledgerPartitions`: each counts, because a member may own
    /// all of them, or own some and hold the others as a standby. `brokers`: of the cluster.
    public func descriptors(ledgerPartitions: Int, brokers: Int) -> Int {
        let files = roles.contains(.fold) && data != nil ? ledgerPartitions * Self.filesOfPartition : 0
        return files + Self.descriptors(clients: clients, brokers: brokers)
    }

    /// Descriptors of clients to a cluster of so many brokers, at the most.
    public static func descriptors(clients: Int, brokers: Int) -> Int {
        clients * (brokers + otherConnections) * descriptorsOfConnection
    }

    /// Consumers, producers and what asks for metadata.
    private var clients: Int {
        // What is read and what is written; of the fold also what searches for published facts.
        var count = 1
        if roles.contains(.intake) { count += 2 }
        if roles.contains(.fold) { count += 3 + (standsBy ? 1 : 0) + (checkpoints == nil ? 0 : 1) }
        return count + (members == nil ? 0 : 1)
    }
}
