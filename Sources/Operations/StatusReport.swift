internal import Events
internal import Foundation

/// A summary of the engine: its members, its groups, and its problems. Pure.
public struct StatusReport: Sendable {
    /// A consumer group of Standing's.
    public struct Group: Sendable, Equatable {
        public var name: String
        /// Unread records; nil if the number is not known.
        public var records: Int64?
        public var seconds: Double?
        /// A status of `standing lag`, such as `ok` or `stalled`.
        public var status: String
        /// The first cause, a sentence; nil if there is none.
        public var cause: String?

        public init(name: String, records: Int64?, seconds: Double?, status: String, cause: String?) {
            (self.name, self.records, self.seconds) = (name, records, seconds)
            (self.status, self.cause) = (status, cause)
        }
    }

    public struct Attention: Sendable, Equatable {
        public let code: String
        public let sentence: String
    }

    /// Shares from which memory, files and disks are nearly used up.
    static let memoryWarns = 0.95
    static let filesWarn = 0.8
    static let diskWarns = 0.1

    /// Seconds since 1970.
    public let time: Double
    public let members: [MemberStatus]
    public let groups: [Group]
    /// Number of the ledger's partitions; nil if it is not known.
    public let ledgerPartitions: Int?
    /// Ledger partitions that any member has announced, even one that is not in `members`; nil if it is not known.
    public let owned: Set<Int32>?
    /// What could not be read.
    public let notes: [String]
    /// The addresses of the members that were named by the operator.
    public let asked: Set<String>

    public init(
        time: Double, members: [MemberStatus], groups: [Group], ledgerPartitions: Int?, owned: Set<Int32>?,
        notes: [String] = [], asked: Set<String> = []
    ) {
        (self.time, self.members, self.groups) = (time, members, groups)
        (self.ledgerPartitions, self.owned, self.notes) = (ledgerPartitions, owned, notes)
        self.asked = asked
    }

    /// Why a look at these members is incomplete, as during a rebalance or a restart: an owner that does not answer, or
    /// a ledger partition without an owner. Nil if it is complete, or if nobody is known to be a member.
    public static func gap(_ members: [MemberStatus], ledgerPartitions: Int?, owned: Set<Int32>?) -> String? {
        let silent = members.filter { !$0.isAnswering && !$0.partitions.isEmpty }
        guard silent.isEmpty else {
            return silent.map { "\($0.name) (\($0.address))" }.joined(separator: ", ")
                + " \(silent.count == 1 ? "does" : "do") not answer"
        }
        let report = StatusReport(
            time: 0, members: members, groups: [], ledgerPartitions: ledgerPartitions, owned: owned)
        guard !members.isEmpty, let unowned = report.unowned, !unowned.isEmpty else { return nil }
        return "no member owns ledger partition \(list(unowned))"
    }

    // MARK: Attention

    /// In this order:
    ///
    /// 1. Ledger partitions without an owner. 2. Members that do not answer, and that own some or were asked by name.
    ///    3. Partitions in quarantine.
    ///    4. Members that are not ready, each with its reasons. 5. Members at their memory limit, or near it. 6.
    ///    Sources that lost records. 7. Few files, little disk. 8. Members of different versions. 9. Different
    ///    policies, without a switch in progress. 10. Groups with a warning in `standing lag`. 11. Partitions that
    ///    switch.
    public var attention: [Attention] {
        var found: [Attention] = []
        func add(_ code: String, _ sentence: String) { found.append(Attention(code: code, sentence: sentence)) }
        if let unowned, !unowned.isEmpty {
            add("unowned", "no member owns ledger partition \(Self.list(unowned)): start a member with the role fold")
        }
        for member in members where !member.isAnswering {
            let name = member.name == member.address ? member.name : "\(member.name) (\(member.address))"
            if !member.partitions.isEmpty {
                add(
                    "silent",
                    "\(name) does not answer, and owns ledger partition \(Self.list(member.partitions)): start it, or see that it is "
                        + "reached from here; the others take its partitions once its session is over")
            } else if asked.contains(member.address) {
                add("silent", "\(name) does not answer: see that a member runs there and listens at that address")
            }
        }
        for member in members {
            for item in member.readiness?.quarantined ?? [] {
                add(
                    "quarantine",
                    "ledger partition \(item.partition) is in quarantine at offset \(item.offset), \(item.reason): restore the topic, "
                        + "or `standing ledger skip \(item.partition) \(item.offset) --reason TEXT`")
            }
        }
        for member in members where member.isReady == false {
            add("not-ready", "\(member.name) is not ready: \(member.reasons.first ?? "it does not say why")")
        }
        for member in members { addResources(of: member, add) }
        addDifferences(add)
        for group in groups where Self.warns(group.status) {
            add(
                "lag",
                "\(group.name) is \(group.status)" + (group.cause.map { ": \($0)" } ?? "; `standing lag` says more"))
        }
        let switching = members.flatMap { $0.readiness?.switching ?? [] }
        if let slowest = switching.map(\.done).min() {
            let sources = Set(switching.compactMap { $0.source?.topic }).sorted()
            let words =
                switching.allSatisfy { $0.source != nil }
                ? "fold their history again, for a source that is withdrawn or restored (\(sources.joined(separator: ", ")))"
                : "switch to another policy"
            add(
                "switching",
                "\(switching.count) ledger partitions \(words), \(Int(max(0, min(1, slowest)) * 100)) % of the slowest is done"
            )
        }
        return found
    }

    private func addResources(of member: MemberStatus, _ add: (String, String) -> Void) {
        if member.isFull {
            add(
                "memory",
                "\(member.name) is at its memory limit and takes no enrolment: raise --memory-limit or add a member")
        } else if let memory = member.memory, let limit = member.memoryLimit, limit > 0,
            Double(memory) >= Self.memoryWarns * Double(limit)
        {
            add(
                "memory",
                "\(member.name) uses \(Self.bytes(memory)) of \(Self.bytes(limit)): raise --memory-limit or add a member"
            )
        }
        for topic in member.frozenTopics {
            add(
                "frozen",
                "\(topic) has lost records: look at what is missing, then `standing source acknowledge \(topic) --reason TEXT`"
            )
        }
        if let open = member.openFiles, let maximum = member.maximumFiles, maximum > 0,
            Double(open) >= Self.filesWarn * Double(maximum)
        {
            add("descriptors", "\(member.name) has \(open) of \(maximum) files open: raise the limit (LimitNOFILE=)")
        }
        if let free = member.dataFree, let size = member.dataSize, size > 0,
            Double(free) < Self.diskWarns * Double(size)
        {
            add("disk", "\(member.name) has \(Self.bytes(free)) free in its data folder: make room")
        }
    }

    private func addDifferences(_ add: (String, String) -> Void) {
        let versions = Set(members.compactMap { member in member.version.map { [$0, member.commit ?? ""] } })
        if versions.count > 1 {
            let names = Set(members.compactMap(\.version)).sorted().joined(separator: ", ")
            add(
                "versions", "members are of \(versions.count) different builds (\(names)): update those that are behind"
            )
        }
        let policies = Set(members.flatMap(\.policies))
        let isSwitching = members.contains { $0.readiness?.switching?.isEmpty == false }
        if policies.count > 1, !isSwitching {
            add(
                "policies",
                "partitions are under different policies (\(policies.sorted().joined(separator: ", "))): `standing policy log` says more"
            )
        }
    }

    private static func warns(_ status: String) -> Bool { !["ok", "behind", "unknown"].contains(status) }

    /// Ledger partitions that no member has announced; nil if their number or the announcements are not known.
    public var unowned: [Int32]? {
        guard let ledgerPartitions, let owned else { return nil }
        return (0..<Int32(ledgerPartitions)).filter { !owned.contains($0) }
    }

    // MARK: Words

    /// A list such as `0-3, 7`.
    static func list(_ partitions: [Int32]) -> String {
        var ranges: [ClosedRange<Int32>] = []
        for partition in partitions.sorted() {
            if let last = ranges.last, partition - 1 <= last.upperBound {
                ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, partition)
            } else {
                ranges.append(partition...partition)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
    }

    static func bytes(_ count: Int64) -> String {
        for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] as [(String, Int64)]
        where count >= size {
            let tenths = count / (size / 10)
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(count) B"
    }

    /// The two greatest units.
    static func span(_ seconds: Double) -> String {
        let whole = max(0, seconds.whole ?? 0)
        return switch whole {
        case ..<60: "\(whole)s"
        case ..<3600: "\(whole / 60)m \(whole % 60)s"
        case ..<86_400: "\(whole / 3600)h \(whole % 3600 / 60)m"
        default: "\(whole / 86_400)d \(whole % 86_400 / 3600)h"
        }
    }

    /// The year 9999.
    private static let greatestSecond: Int64 = 253_402_300_799

    static func time(_ seconds: Double) -> String {
        Timestamp(microseconds: min(seconds.whole ?? 0, greatestSecond) * Timestamp.microsecondsPerSecond).description
    }
}
