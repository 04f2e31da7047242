import Kafka
import Operations
import Options
import Pipeline
import Replay
import Terminal
import Topics

extension Cluster {
    /// The members that have announced themselves; nil if there is no topic for that, or this user may not see it.
    func announcedMembers(_ admin: Admin) throws -> [MembersTable.Member]? {
        guard let name = names(.members).first, try admin.topic(name) != nil else { return nil }
        var table = MembersTable()
        try TopicScan(kafka, topic: name).forEach { table.note(key: $1.key, value: $1.value) }
        return table.members
    }

    /// The source topics that are withdrawn, as the folds of members have them. If no member answers that has folded one
    /// of its partitions to the end, the ledger's first partition is read, by the fold's rules. Nil if that cannot be
    /// read either, with a message that says why.
    func withdrawnSources(_ admin: Admin) throws -> Set<String>? {
        // A user who may not read the members topic may read the ledger.
        let members = (try? announcedMembers(admin)) ?? []
        let folds = MemberReadings().statuses(of: members).filter { $0.currentPartitions ?? 0 > 0 }
            .compactMap(\.withdrawnSources)
        guard folds.isEmpty else { return Set(folds.joined()) }
        let first = TopicPartition(names(.ledger)[0], 0)
        guard try admin.topic(first.topic) != nil else { return nil }
        do {
            let end = try admin.ends(of: [first])[first] ?? 0
            let work = WorkCounter(total: end)
            let line = ProgressLine("frames", work)
            defer { line.finish() }
            var history = PolicyHistory()
            let frames = try LedgerTopicFrames(kafka, topic: first.topic, partition: first.partition, until: end)
            try history.read(CountedFrames(frames, work))
            return Set(history.withdrawnSources)
        } catch {
            printMessage("which sources are withdrawn is not known: \(error)")
            return nil
        }
    }
}
