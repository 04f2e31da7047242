import Kafka
import Operations
import Options
import Pipeline
import Replay
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
    /// of its partitions to the end, the ledger's first partition is read, by the fold's rules.
    func withdrawnSources(_ admin: Admin) throws -> Set<String> {
        let folds = MemberReadings().statuses(of: try announcedMembers(admin) ?? [])
            .filter { $0.currentPartitions ?? 0 > 0 }.compactMap(\.withdrawnSources)
        guard folds.isEmpty else { return Set(folds.joined()) }
        guard try admin.topic(names(.ledger)[0]) != nil else { return [] }
        return Set(try LedgerPolicies.history(ofFirst: try LedgerSource(topicOf: self)).withdrawnSources)
    }
}
