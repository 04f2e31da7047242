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

    /// The source topics that are withdrawn in any ledger partition, as the folds of members have them. If no member
    /// answers, the ledger is read by the fold's rules, if `readsLedger` is true. Nil if they are not known, with a
    /// message that says why. `settings`: the members' secret.
    func withdrawnSources(_ admin: Admin, _ settings: inout Settings, readsLedger: Bool) throws -> Set<String>? {
        if let folds = withdrawnSourcesOfMembers(admin, try AskedMembers(&settings)) { return folds }
        guard readsLedger else {
            printMessage(
                "which sources are withdrawn is not known, because no member that folds the ledger answers: --topic reads the "
                    + "ledger for it")
            return nil
        }
        guard try admin.topic(names(.ledger)[0]) != nil else { return nil }
        let source = try LedgerSource(topicOf: self)
        do {
            let sources = try LedgerSources(source)
            sources.differences.forEach { printMessage($0) }
            return Set(sources.withdrawn.keys)
        } catch {
            printMessage("which sources are withdrawn is not known: \(error)")
            return nil
        }
    }

    /// Nil if no member answers that knows. A user who may not read the members' secret, or the members topic, asks
    /// nobody.
    private func withdrawnSourcesOfMembers(_ admin: Admin, _ asked: AskedMembers) -> Set<String>? {
        func folds(_ statuses: [MemberStatus]) -> [[String]] {
            statuses.compactMap { $0.withdrawnSources(since: PolicyHistory.sourcesVersion) }
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
        return found.isEmpty ? nil : Set(found.joined())
    }
}
