internal import Kafka

/// A group of Standing itself.
enum OwnGroup: String, CaseIterable {
    case intake, fold, perks, blacklist

    /// By the name, which ends in `standing-intake` and the like under every prefix; nil for another program's group.
    init?(name: String) {
        guard let own = Self.allCases.first(where: { name.hasSuffix("standing-\($0.rawValue)") }) else { return nil }
        self = own
    }

    /// The command that runs its members.
    var command: String {
        switch self {
        case .intake, .fold: "standing serve --roles \(rawValue)"
        case .perks, .blacklist: "standing \(rawValue)"
        }
    }
}

/// The remedies for a group's causes, in the words that complete a cause's sentence. Those for Standing's own groups
/// name its commands.
struct LagRemedy {
    let own: OwnGroup?

    init(_ group: GroupLag) { own = OwnGroup(name: group.group) }

    var topicMissing: String {
        own == nil
            ? "make it again, or delete the group's offsets of it"
            : "`standing topics apply` makes it; `standing topics check` compares all"
    }

    func topicChanged(_ topicPartition: TopicPartition) -> String {
        switch own {
        case .intake: "`standing source reset \(topicPartition.topic)` reads it from its beginning"
        case .fold: "stop the members and restore the ledger from its export (deploy/RESTORE.md)"
        case .perks, .blacklist: "`standing facts bootstrap` makes a new database for the service"
        case nil: "set the group's offsets anew (kafka-consumer-groups.sh --reset-offsets)"
        }
    }

    func retention(_ topicPartition: TopicPartition) -> String {
        switch own {
        case .intake:
            "raise retention.ms or retention.bytes of the topic, send the records again, then `standing source acknowledge "
                + "\(topicPartition.topic) --reason TEXT`"
        case .fold:
            "the ledger must be retained for ever: `standing topics apply` sets that, and deploy/RESTORE.md restores what is missing"
        case .perks, .blacklist:
            "`standing facts bootstrap` makes a new database for the service, and `standing topics apply` sets the retention"
        case nil:
            "raise retention.ms or retention.bytes, and read faster; the group continues where its auto.offset.reset says"
        }
    }

    var noMember: String { own.map { "start `\($0.command)`" } ?? "start its consumers" }

    var unassigned: String {
        own.map { "see that each `\($0.command)` has all topics in its configuration, and what its log says" }
            ?? "see which topics the members subscribe to"
    }

    func poison(_ topicPartition: TopicPartition, _ committed: Int64?) -> String {
        let offset = committed.map { "\($0)" } ?? "OFFSET"
        switch own {
        case .fold:
            return "its member's /readyz names the reason: restore the topic, or `standing ledger skip "
                + "\(topicPartition.partition) \(offset) --reason TEXT`"
        case .intake, .perks, .blacklist: return "its member's /readyz and log name the reason"
        case nil:
            return "look at the record (kafka-console-consumer.sh --topic \(topicPartition.topic) "
                + "--partition \(topicPartition.partition) --offset \(offset) --max-messages 1), and skip or mend it"
        }
    }

    /// For members that stand still.
    func standstill(knowsMembers: Bool) -> String {
        switch own {
        case .intake:
            "see /readyz and the log of the members that read sources: they wait for brokers that acknowledge the ledger and the "
                + "dead letters"
        case .fold:
            "ask the members why (standing lag --ask HOST:PORT): a record in quarantine, a full disk, a switch of the policy, or "
                + "brokers that do not acknowledge facts"
        case .perks, .blacklist:
            "see /readyz and the log of `\(own?.command ?? "")`: its disk is full, or a fact cannot be read"
        case nil where knowsMembers:
            "see what its members wait for (a database, a topic that they write, a record that they cannot get past)"
        case nil:
            "see whether its readers run, and what they wait for (a database, a topic that they write, a record that they cannot "
                + "get past)"
        }
    }

    var hotPartition: String {
        switch own {
        case .fold:
            "a subject has one partition, so more members do not help: see which source sends so much about it"
        case .intake: "write its records to all partitions of the topic, for Standing needs no key there"
        case .perks, .blacklist: "it follows the partitions of the ledger, so more members do not help"
        case nil: "spread its keys, for more members do not help"
        }
    }

    /// For a group of so many members, nil if it is not known, and so many partitions.
    func tooSlow(members: Int?, partitions: Int) -> String {
        let isFull = members.map { $0 >= partitions } ?? false
        switch own {
        case .fold where isFull:
            return "raise --workers while cores are idle, or add partitions (standing ledger repartition)"
        case .fold: return "raise --workers while cores are idle, else add members, up to \(partitions)"
        case .intake where isFull: return "give its members more CPU, or the topics more partitions"
        case .intake: return "add members with the role intake, up to \(partitions)"
        case .perks, .blacklist: return "see the disk and the CPU of the service, which reads all partitions alone"
        case nil: break
        }
        if isFull { return "it has one member per partition, so make a record cost less, or add partitions" }
        let now = members.map { "\(LagCause.count($0, "member")) for \(LagCause.count(partitions, "partition"))" }
        return "add members (\(now ?? "up to one per partition, \(partitions)")), or make a record cost less"
    }

    var rebalance: String {
        own == nil
            ? "look for members that crash, that do not poll within max.poll.interval.ms, or whose session times out"
            : "look in the members' logs for restarts and for polls that come too late (--max-poll-interval)"
    }

    var nothingCommitted: String {
        own.map { "see that `\($0.command)` runs; its first commit follows its first records" }
            ?? "see that its consumers run; where they begin is decided by their auto.offset.reset"
    }
}
