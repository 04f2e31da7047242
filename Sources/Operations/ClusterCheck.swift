public import Kafka
public import Topics

/// The doctor's findings about a cluster, from the cluster's answers. Pure: numbered rules, each with its row in the
/// tests.
public enum ClusterCheck {
    /// A topic's definition, and the topic in the cluster.
    public struct Topic: Sendable {
        /// Its name includes the prefix.
        public let wanted: TopicDefinition
        /// Nil if the cluster does not have it.
        public let found: Metadata.Topic?
        /// Nil if the cluster does not report them.
        public let settings: [String: String]?

        public init(wanted: TopicDefinition, found: Metadata.Topic?, settings: [String: String]?) {
            (self.wanted, self.found, self.settings) = (wanted, found, settings)
        }

        func number(_ setting: String) -> Int64? { settings?[setting].flatMap { Int64($0) } }

        /// Whether its data cannot be restored from elsewhere.
        var isPrecious: Bool {
            switch wanted.role {
            case .ledger, .facts, .control, .audit: true
            case .source, .deadLetter, .checkpoints, .members: false
            }
        }
    }

    /// `protocolVersion` is the broker's `inter.broker.protocol.version`; nil if it does not report it.
    public static func broker(_ metadata: Metadata, library: String, protocolVersion: String?) -> [Finding] {
        let count = "\(metadata.brokers) broker\(metadata.brokers == 1 ? "" : "s")"
        let version = protocolVersion.map { "they speak the protocol of \($0)" } ?? "their version is unknown"
        return [
            .ok("broker", "\(count), \(metadata.topics.count) topics; \(version) (librdkafka \(library))")
        ]
    }

    // MARK: Topics

    /// Compares the topic files with the cluster.
    public static func topics(_ changes: [TopicChange]) -> [Finding] {
        let apply = "run `standing topics apply`"
        let findings = changes.compactMap { change -> Finding? in
            switch change {
            case .create(let topic):
                Finding(
                    "topics", .error, "topic-missing", "\(topic.name) is not there, or this user may not see it",
                    remedy: "\(apply), or give this user the right Describe on it (`standing topics acls`)"
                        + (topic.role == .ledger
                            ? "; if there was a ledger, stop every member first, and then bring it back with `standing ledger import`"
                            : ""))
            case .addPartitions, .setConfig:
                Finding("topics", .warning, "topic-drift", words(change), remedy: apply)
            case .refuse:
                Finding(
                    "topics", .error, "topic-partitions", words(change),
                    remedy: "change the topic file to what the cluster has, or make the topic anew while it is empty")
            case .unknownSettings:
                .unchecked("topics", why: words(change), remedy: describeConfigs("these topics"))
            case .unchanged: nil
            }
        }
        return findings.isEmpty ? [.ok("topics", "\(changes.count) topics are as their files say")] : findings
    }

    /// The line of a plan without its sign and the space after it.
    private static func words(_ change: TopicChange) -> String {
        String(change.description.dropFirst(2))
    }

    /// Topics with the same finding share one. In this order, for each topic:
    ///
    /// 1. A partition has no leader: error.
    /// 2. Fewer replicas are in sync than the topic has: warning.
    /// 3. The topic has one replica, and its data cannot be restored: error if there is another broker, otherwise
    ///    warning.
    /// 4. `min.insync.replicas` is below 2, and the data cannot be restored: warning, because an acknowledgement means
    ///    one disk.
    /// 5. `min.insync.replicas` equals the number of replicas: warning, because the loss of one broker stops writing.
    /// 6. Fewer replicas are in sync than `min.insync.replicas`, so that nothing can be written: error, instead of 2
    ///    and 5.
    /// 7. `unclean.leader.election.enable`, so that acknowledged records can be lost: error if they cannot be restored,
    ///    otherwise warning.
    public static func durability(_ topics: [Topic], brokers: Int) -> [Finding] {
        var same: [(finding: Finding, topics: [String])] = []
        for topic in topics {
            guard let found = topic.found else { continue }
            let name = topic.wanted.name
            func add(_ severity: Finding.Severity, _ code: String, _ message: String, _ remedy: String) {
                let finding = Finding("durability", severity, code, message, remedy: remedy)
                if let index = same.firstIndex(where: { $0.finding == finding }) {
                    same[index].topics.append(name)
                } else {
                    same.append((finding, [name]))
                }
            }
            if let first = found.leaderless.first {
                add(
                    .error, "no-leader", "partition \(first) has no leader (\(found.leaderless.count) in all)",
                    "start the brokers that have its replicas")
            }
            guard let replicas = found.replicas else { continue }
            let leastInSync = topic.number("min.insync.replicas")
            let inSync = found.inSync ?? replicas
            let isWritable = leastInSync.map { inSync >= $0 } ?? true
            if let leastInSync, !isWritable, found.leaderless.isEmpty {
                add(
                    .error, "min-isr-unmet",
                    "a partition has \(inSync) of \(replicas) replicas in sync, and min.insync.replicas is \(leastInSync): "
                        + "nothing can be written",
                    replicas < leastInSync
                        ? "set min.insync.replicas to \(max(1, replicas - 1)), or add replicas"
                        : "start the broker that is away, or give it time to catch up")
            } else if inSync < replicas, found.leaderless.isEmpty {
                add(
                    .warning, "under-replicated", "a partition has \(inSync) of \(replicas) replicas in sync",
                    "start the broker that is away, or give it time to catch up")
            }
            if replicas == 1, topic.isPrecious {
                add(
                    brokers > 1 ? .error : .warning, "one-replica", "one disk has all that there is of it",
                    brokers > 1
                        ? "reassign its partitions to three brokers (kafka-reassign-partitions.sh)"
                        : "use this cluster for trials alone, or add brokers and replicas")
            } else if replicas > 1, topic.isPrecious, let leastInSync, leastInSync < 2 {
                add(
                    .warning, "min-isr-low",
                    "min.insync.replicas is \(leastInSync): an acknowledgement can mean one disk",
                    "set min.insync.replicas to 2 under config: in its topic file and run `standing topics apply`")
            } else if replicas > 1, isWritable, let leastInSync, leastInSync >= replicas {
                add(
                    .warning, "min-isr-high",
                    "min.insync.replicas is \(leastInSync) of \(replicas) replicas: one broker away stops all writing",
                    "set min.insync.replicas to \(replicas - 1), or add a replica")
            }
            if topic.settings?["unclean.leader.election.enable"] == "true" {
                add(
                    topic.isPrecious ? .error : .warning, "unclean-election",
                    "unclean.leader.election.enable: a replica that lacks acknowledged records can become the leader",
                    "set unclean.leader.election.enable to false")
            }
        }
        var findings = same.map { finding, topics in
            Finding(
                finding.check, finding.severity, finding.code,
                "\(topics.joined(separator: ", ")): \(finding.message)", remedy: finding.remedy)
        }
        if let unknown = topics.first(where: { $0.found != nil && $0.settings == nil }) {
            findings.append(
                .unchecked(
                    "durability", why: "the settings of \(unknown.wanted.name) are not told",
                    remedy: describeConfigs(unknown.wanted.name)))
        }
        let seen = topics.count { $0.found != nil }
        guard seen > 0 else { return [.unchecked("durability", why: noTopic, remedy: seeTopics)] }
        return findings.isEmpty
            ? [.ok("durability", "replicas and settings of \(seen) topics protect what is written")] : findings
    }

    private static let noTopic = "the cluster has none of the topics, or this user may not see them"
    private static let seeTopics = "mend what is found about the topics, and look again"

    static func describeConfigs(_ topic: String) -> String {
        "give this user the right DescribeConfigs on \(topic) (`standing topics acls --role doctor`)"
    }

    /// 1. The ledger accepts no frame, or no batch, of the greatest size: error.
    /// 2. Dead letters accept less than a source allows: warning.
    ///
    /// `frame` is the size of the greatest frame, `batch` that of a producer's greatest batch, both in bytes.
    public static func sizes(_ topics: [Topic], frame: Int64, batch: Int64) -> [Finding] {
        let setting = "max.message.bytes"
        var findings: [Finding] = []
        guard let ledger = topics.first(where: { $0.wanted.role == .ledger }), ledger.found != nil else {
            return [
                .unchecked(
                    "sizes", why: "there is no ledger topic, or this user may not see it", remedy: seeTopics)
            ]
        }
        guard let ledgerBytes = ledger.number(setting) else {
            return [
                .unchecked(
                    "sizes", why: "\(setting) of \(ledger.wanted.name) is not told",
                    remedy: describeConfigs(ledger.wanted.name))
            ]
        }
        if ledgerBytes < max(frame, batch) {
            findings.append(
                Finding(
                    "sizes", .error, "frames-too-large",
                    "\(ledger.wanted.name) takes \(ledgerBytes) bytes (\(setting)), and frames go in batches of up to "
                        + "\(max(frame, batch))",
                    remedy:
                        "run `standing topics apply`, or set \(setting) of the topic to at least \(max(frame, batch))"
                ))
        }
        let letters = topics.first { $0.wanted.role == .deadLetter }
        if let letters, let most = letters.number(setting) {
            for source in topics where source.wanted.role == .source || source.wanted.role == .control {
                guard let bytes = source.number(setting), bytes > most else { continue }
                findings.append(
                    Finding(
                        "sizes", .warning, "dead-letters-small",
                        "\(source.wanted.name) takes \(bytes) bytes, and \(letters.wanted.name) \(most): the greatest records "
                            + "would be put aside without their bytes",
                        remedy: "set \(setting) of \(letters.wanted.name) to at least \(bytes)"))
            }
        }
        return findings.isEmpty
            ? [.ok("sizes", "the ledger takes \(ledgerBytes) bytes, dead letters what sources take")] : findings
    }

    // MARK: Retention

    private static let minute: Int64 = 60_000

    /// Compares the time for which the group's offsets are stored without members with the longest stop.
    ///
    /// 1. Less than the longest stop: error, because after such a stop intake reads its sources from their beginnings.
    /// 2. Less than the longest retention of a source: warning, because the source can outlast such a stop.
    ///
    /// `offsetsMinutes` is the `offsets.retention.minutes` of the broker with the shortest time; nil if it is not
    /// known.
    public static func offsetsRetention(
        minutes offsetsMinutes: Int64?, sources: [Topic], longestStop: Duration
    ) -> [Finding] {
        guard let offsetsMinutes else {
            return [
                .unchecked(
                    "offsets", why: "offsets.retention.minutes is not told",
                    remedy:
                        "give this user the right DescribeConfigs on the cluster (`standing topics acls --role doctor`)"
                )
            ]
        }
        let (retention, stop) = (Duration.milliseconds(offsetsMinutes * minute), longestStop)
        if retention < stop {
            return [
                Finding(
                    "offsets", .error, "offsets-expire",
                    "committed offsets are kept for \(span(retention)) without a member, and the longest stop is \(span(stop))",
                    remedy: "set offsets.retention.minutes of the brokers to at least \(minutes(stop))")
            ]
        }
        let longest = sources.compactMap { $0.number("retention.ms") }.filter { $0 > 0 }.max()
        if let longest, retention < .milliseconds(longest) {
            return [
                Finding(
                    "offsets", .warning, "offsets-shorter-than-sources",
                    "committed offsets are kept for \(span(retention)) without a member, and records of a source for "
                        + span(.milliseconds(longest)),
                    remedy:
                        "set offsets.retention.minutes of the brokers to at least \(minutes(.milliseconds(longest)))")
            ]
        }
        return [.ok("offsets", "committed offsets are kept for \(span(retention)) without a member")]
    }

    /// A topic that a group reads, and the share of its retention that is used up.
    public struct Used: Sendable {
        public let topic: String
        public let group: String
        /// From 0; at 1 the next record is deleted unread. Nil if it is not known.
        public let share: Double?
        /// Records that were deleted unread; nil if none are known.
        public let lost: Int64?

        public init(topic: String, group: String, share: Double?, lost: Int64?) {
            (self.topic, self.group, self.share, self.lost) = (topic, group, share, lost)
        }
    }

    /// The share from which a source's retention is nearly used up.
    static let retentionWarns = 0.5
    static let retentionEnds = 0.8

    /// 1. Records were deleted unread: error. 2. Four fifths used up: error. 3. Half used up: warning.
    public static func retention(_ used: [Used]) -> [Finding] {
        let remedy = "find out why by `standing lag`, and until then set a longer retention.ms for the topic"
        var findings = used.compactMap { item -> Finding? in
            if let lost = item.lost, lost > 0 {
                return Finding(
                    "retention", .error, "expired",
                    "\(item.topic): \(lost) records went before \(item.group) read them",
                    remedy: "look at what is missing, then `standing source acknowledge \(item.topic) --reason TEXT`")
            }
            guard let share = item.share, share >= retentionWarns else { return nil }
            return Finding(
                "retention", share >= retentionEnds ? .error : .warning, "retention-used",
                "\(item.topic): \(item.group) has used \(percent(share)) % of what retention allows", remedy: remedy)
        }
        let unknown = used.filter { $0.share == nil && ($0.lost ?? 0) == 0 }.map(\.topic)
        if let first = unknown.first {
            let others = unknown.count > 1 ? " and of \(unknown.count - 1) other topics" : ""
            findings.append(
                .unchecked(
                    "retention",
                    why: "how far \(first) is read, or for how long it keeps records, is unknown\(others)",
                    remedy: "\(describeConfigs(first)), and start a member, because nothing is known before it has read"
                ))
        }
        guard findings.isEmpty else { return findings }
        guard let most = used.compactMap(\.share).max() else {
            return [
                .unchecked(
                    "retention", why: "no source is known to be read",
                    remedy: "start a member with the role intake, and look again")
            ]
        }
        return [.ok("retention", "at most \(percent(most)) % of what the sources' retention allows is used up")]
    }

    /// The share can be far above 1 for a group without members.
    private static func percent(_ share: Double) -> Int64 { (share * 100).rounded(.down).whole ?? .max }

    private static func minutes(_ time: Duration) -> Int64 {
        let (seconds, _) = time.components
        return (seconds + 59) / 60
    }

    /// The greatest unit of which the time is a whole number, such as `7 days` or `90 minutes`.
    static func span(_ time: Duration) -> String {
        let (seconds, _) = time.components
        for (name, unit) in [("day", 86_400), ("hour", 3_600), ("minute", 60)] as [(String, Int64)]
        where seconds >= unit && seconds.isMultiple(of: unit) {
            return "\(seconds / unit) \(name)\(seconds == unit ? "" : "s")"
        }
        return "\(seconds) s"
    }

    // MARK: Access

    /// Compares the rights of a principal in the lists with those that its role needs.
    public static func access(
        _ role: AccessRole, _ principal: String, _ rights: [AccessRight], in entries: [AccessEntry], bootstrap: String
    ) -> [Finding] {
        let missing = AccessEntry.missing(rights, of: principal, in: entries)
        guard !missing.isEmpty else {
            return [.ok("access", "\(principal) has the \(rights.count) rights of the role \(role.rawValue)")]
        }
        return missing.map { right in
            Finding(
                "access", .error, "right-missing", "\(principal) (\(role.rawValue)) lacks \(right)",
                remedy: AccessPlan.commands([right], to: principal, bootstrap: bootstrap).first)
        }
    }

    /// The finding if the cluster has returned no entry of its lists. `authorizer` is the brokers'
    /// `authorizer.class.name`; nil if they do not report it.
    public static func accessWithoutEntries(authorizer: String?) -> Finding {
        guard authorizer != "" else {
            return Finding(
                "access", .warning, "no-access-control",
                "the cluster controls no access: everybody may write everything",
                remedy: "set authorizer.class.name of the brokers, and give the rights of `standing topics acls`")
        }
        return .unchecked(
            "access", why: "no entry of the access control lists is told",
            remedy: "give this user the right Describe on the cluster (`standing topics acls --role doctor`)")
    }

    /// The findings of harmless calls by the connected user about the rights of a role. Rights that are neither proven
    /// nor refused would need a change to be tested.
    public static func probed(
        _ role: AccessRole, _ rights: [AccessRight], proven: Set<AccessRight>, refused: Set<AccessRight>
    ) -> [Finding] {
        var findings = rights.filter { refused.contains($0) }.map { right in
            Finding(
                "access", .error, "right-missing", "this user (\(role.rawValue)) lacks \(right)",
                remedy: "give it by the call that `standing topics acls --role \(role.rawValue)` prints")
        }
        let open = rights.filter { !refused.contains($0) && !proven.contains($0) }
        if !open.isEmpty {
            let shown = open.prefix(shownRights).map(\.description).joined(separator: ", ")
            let more = open.count > shownRights ? " and \(open.count - shownRights) others" : ""
            findings.append(
                .unchecked(
                    "access", why: "no harmless call shows \(shown)\(more)",
                    remedy:
                        "let a user with Describe on the cluster run `standing doctor --principal \(role.rawValue)=User:NAME`"
                ))
        }
        let seen = rights.count { proven.contains($0) }
        if seen > 0 {
            findings.append(
                .ok("access", "calls show \(seen) of the \(rights.count) rights of the role \(role.rawValue)"))
        }
        return findings
    }

    private static let shownRights = 4
}
