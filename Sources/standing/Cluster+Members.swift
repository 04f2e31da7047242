import Kafka
import Operations
import Options
import Pipeline
import Replay
import Terminal
import Topics

extension Cluster {
    /// The members that have announced themselves; nil if there is no topic for that, or this user may not see it.
    /// `seal`: nil if members have no secret.
    func announcedMembers(_ admin: Admin, seal: MemberSeal?) throws -> [MembersTable.Member]? {
        guard let name = names(.members).first, try admin.topic(name) != nil else { return nil }
        var table = MembersTable(seal: seal)
        try TopicScan(kafka, topic: name).forEach { table.note(key: $1.key, value: $1.value) }
        return table.members
    }

    /// Source topics that are withdrawn in a ledger partition.
    struct Withdrawals {
        /// The number of those partitions by topic.
        var topics: [String: Int]
        /// The number of partitions that are known.
        var partitions: Int
    }

    /// The source topics that are withdrawn in any ledger partition, as the folds of members have them. If no member
    /// answers, the ledger is read by the fold's rules, if `readsLedger` is true. Nil if they are not known. Messages name
    /// what is not known, and what is withdrawn in some partitions only. `settings`: the members' secret.
    func withdrawnSources(_ admin: Admin, _ settings: inout Settings, readsLedger: Bool) throws -> Withdrawals? {
        let ledger = try admin.topic(names(.ledger)[0])
        if var folds = withdrawnSourcesOfMembers(admin, try AskedMembers(&settings)) {
            // While a partition changes hands, two members can count it.
            if let total = ledger?.partitions {
                folds.partitions = min(folds.partitions, total)
                folds.topics = folds.topics.mapValues { min($0, folds.partitions) }
            }
            for (topic, count) in folds.topics.sorted(by: { $0.key < $1.key }) where count < folds.partitions {
                printMessage(
                    "\(topic) is withdrawn in \(count) of \(folds.partitions) ledger partitions: `source withdraw` or `source "
                        + "restore` does it in all, if it stays so")
            }
            if let total = ledger?.partitions, folds.partitions < total {
                printMessage(
                    "what is withdrawn in \(total - folds.partitions) of \(total) ledger partitions is not known: no member that folds "
                        + "them has reported it yet")
            }
            return folds
        }
        guard readsLedger else {
            printMessage(
                "which sources are withdrawn is not known, because no member that folds the ledger answers: --topic reads the "
                    + "ledger for it")
            return nil
        }
        guard ledger != nil else { return nil }
        let source = try LedgerSource(topicOf: self)
        do {
            let withdrawn = try LedgerSources(source).withdrawn
            withdrawn.differences.forEach { printMessage($0) }
            return Withdrawals(
                topics: Dictionary(
                    uniqueKeysWithValues: withdrawn.extents.map { ($0.topic, $0.extent.partitions.count) }),
                partitions: withdrawn.partitions.count)
        } catch {
            printMessage("which sources are withdrawn is not known: \(error)")
            return nil
        }
    }

    /// Nil if no member answers that knows. A user who may not read the members' secret, or the members topic, asks
    /// nobody.
    private func withdrawnSourcesOfMembers(_ admin: Admin, _ asked: AskedMembers) -> Withdrawals? {
        func folds(_ statuses: [MemberStatus]) -> [(topics: [String: Int], partitions: Int)] {
            statuses.compactMap { status in
                let version = PolicyHistory.sourcesVersion
                guard let topics = status.withdrawnSources(since: version),
                    let known = status.knownPartitions(since: version)
                else { return nil }
                return (topics, known)
            }
        }
        var members: [MembersTable.Member] = []
        do {
            members = try announcedMembers(admin, seal: try asked.seal()) ?? []
        } catch {
            printMessage("no member is asked: \(error)")
            return nil
        }
        var isFirst = true
        let statuses = asked.readings.statuses(
            of: {
                if !isFirst { members = ((try? announcedMembers(admin, seal: try asked.seal())) ?? nil) ?? members }
                isFirst = false
                return members
            }, within: MemberPatience.looking
        ) {
            $0.isEmpty || !folds($0).isEmpty
        } onWait: { _ in
            printMessage(
                MemberPatience.notice("no member that folds the ledger answers yet", MemberPatience.looking))
        }
        let found = folds(statuses)
        guard !found.isEmpty else { return nil }
        return found.reduce(into: Withdrawals(topics: [:], partitions: 0)) { sum, member in
            sum.topics.merge(member.topics, uniquingKeysWith: +)
            sum.partitions += member.partitions
        }
    }
}
