/// The roles in which programs connect to the cluster.
public enum AccessRole: String, Sendable, CaseIterable {
    case serve, acts, intake, fold, perks, blacklist, lag, doctor
    case tools, apply, source, consumer

    /// The role's purpose in a few words.
    public var purpose: String {
        switch self {
        case .serve: "standing serve with both roles"
        case .acts: "besides that of a member: standing serve where acts are done over HTTP"
        case .intake: "standing serve --roles intake"
        case .fold: "standing serve --roles fold"
        case .perks: "standing perks"
        case .blacklist: "standing blacklist"
        case .lag: "standing lag and standing status"
        case .doctor: "standing doctor"
        case .tools:
            "an operator's commands: subject, event, appeal, policy, source, dead-letter, ledger, archive, verify, facts, tail"
        case .apply: "standing topics plan, apply and check"
        case .source: "a program of yours that writes events"
        case .consumer: "a program of yours that reads facts, outside a group; standing tail"
        }
    }

    public var defaultPrincipal: String { "User:standing-\(rawValue)" }
}

/// The names of Standing's consumer groups.
public struct AccessGroups: Sendable {
    public var intake: String
    public var fold: String
    public var perks: String
    public var blacklist: String
    /// The group name of readers that join no group. librdkafka asks for its coordinator nevertheless, and warns if
    /// the right is missing.
    public var readers: String

    public init(intake: String, fold: String, perks: String, blacklist: String, readers: String) {
        (self.intake, self.fold, self.perks) = (intake, fold, perks)
        (self.blacklist, self.readers) = (blacklist, readers)
    }
}

/// The minimum rights of each role, derived from the topic files. Pure.
public struct AccessPlan: Sendable {
    private let topics: [TopicDefinition]
    private let prefix: String
    private let groups: AccessGroups
    private let coversEveryGroup: Bool

    /// `coversEveryGroup`: the role lag reads all groups and topics of the cluster, not only Standing's.
    public init(
        _ topics: [TopicDefinition], topicPrefix: String = "", groups: AccessGroups, coversEveryGroup: Bool = false
    ) {
        (self.topics, prefix, self.groups) = (topics, topicPrefix, groups)
        self.coversEveryGroup = coversEveryGroup
    }

    /// In ascending order, without rights that another one implies.
    public func rights(of role: AccessRole) -> [AccessRight] {
        var rights = Set<AccessRight>()
        for topic in topics {
            for operation in Self.operations(of: role, on: topic) {
                rights.insert(AccessRight(.topic, prefix + topic.name, operation))
            }
        }
        rights.formUnion(others(of: role))
        if role == .lag, coversEveryGroup {
            rights = [
                AccessRight(.topic, AccessRight.every, .read), AccessRight(.topic, AccessRight.every, .describeConfigs),
                AccessRight(.group, AccessRight.every, .describe),
            ]
        }
        return rights.filter { right in
            !right.operation.impliedBy.contains { rights.contains(AccessRight(right.resource, right.name, $0)) }
        }.sorted()
    }

    private static func operations(of role: AccessRole, on topic: TopicDefinition) -> Set<AccessRight.Operation> {
        switch role {
        case .serve: operations(of: .intake, on: topic).union(operations(of: .fold, on: topic))
        case .acts:
            switch topic.role {
            // The shadow's order stands beside the members.
            case .control, .members, .audit: [.read, .write]
            // To see where the ledger has an event, and which facts followed.
            case .ledger, .facts: [.read]
            // To send dead letters to intake again.
            case .deadLetter: [.read, .write]
            case .source: [.write]
            case .checkpoints: []
            }
        case .intake:
            switch topic.role {
            case .source, .control: [.read]
            // A member without the role fold announces itself too.
            case .ledger, .members: [.read, .write]
            case .deadLetter: [.write]
            // A member checks that all of its topics exist.
            case .facts: [.describe]
            // A member with a signing key vouches for the audit's end.
            case .checkpoints: [.write]
            // Either role answers requests, and who looks is recorded.
            case .audit: [.read, .write]
            }
        case .fold:
            switch topic.role {
            // The owner of a partition reads the facts' ends, and appends ticks to the ledger.
            case .ledger, .facts, .members, .checkpoints, .audit: [.read, .write]
            case .source, .control, .deadLetter: [.describe]
            }
        case .perks: topic.role == .facts && topic.name.hasSuffix("perks") ? [.read] : []
        case .blacklist: topic.role == .facts && topic.name.hasSuffix("sanctions") ? [.read] : []
        case .lag:
            switch topic.role {
            case .source, .control, .ledger, .facts: [.read, .describeConfigs]
            case .members: [.read]
            case .deadLetter, .checkpoints, .audit: []
            }
        case .doctor:
            switch topic.role {
            // The ledger's policy and its newest record; of a source the age of the next unread record.
            case .ledger, .source: [.read, .describeConfigs]
            case .control, .facts, .deadLetter, .members, .checkpoints, .audit: [.describe, .describeConfigs]
            }
        case .tools:
            switch topic.role {
            // `source reset` commits offsets in intake's group.
            case .source, .control, .ledger, .deadLetter, .members: [.read, .write]
            case .facts, .checkpoints, .audit: [.read]
            }
        case .apply: [.create, .alter, .alterConfigs]
        case .source: topic.role == .source ? [.write] : []
        case .consumer: topic.role == .facts ? [.read] : []
        }
    }

    /// Rights on groups and on the cluster.
    private func others(of role: AccessRole) -> Set<AccessRight> {
        let readers = AccessRight(.group, groups.readers, .describe)
        let all = [groups.intake, groups.fold, groups.perks, groups.blacklist]
        return switch role {
        case .serve: others(of: .intake).union(others(of: .fold))
        case .acts:
            [
                AccessRight(.group, groups.intake, .describe), AccessRight(.group, groups.fold, .describe), readers,
            ]
        case .intake: [AccessRight(.group, groups.intake, .read), readers]
        case .fold: [AccessRight(.group, groups.fold, .read), readers]
        case .perks: [AccessRight(.group, groups.perks, .read)]
        case .blacklist: [AccessRight(.group, groups.blacklist, .read)]
        case .lag: Set(all.map { AccessRight(.group, $0, .describe) } + [readers])
        case .doctor:
            Set(
                all.map { AccessRight(.group, $0, .describe) } + [
                    readers,
                    // The broker's settings, and the access control lists themselves.
                    AccessRight(.cluster, AccessRight.clusterName, .describeConfigs),
                    AccessRight(.cluster, AccessRight.clusterName, .describe),
                ])
        case .tools: [AccessRight(.group, groups.intake, .read), AccessRight(.group, groups.fold, .describe), readers]
        case .consumer: [readers]
        case .apply, .source: []
        }
    }
}

extension AccessPlan {
    /// The calls of Kafka's own `kafka-acls.sh` that give a principal these rights, one per line.
    public static func commands(_ rights: [AccessRight], to principal: String, bootstrap: String) -> [String] {
        struct Target: Hashable {
            let resource: AccessRight.Resource
            let name: String
        }
        struct Call: Hashable, Comparable {
            let resource: AccessRight.Resource
            let operations: [AccessRight.Operation]

            static func < (one: Self, other: Self) -> Bool {
                (one.resource.rawValue, one.operations.map(\.rawValue).joined(separator: " "))
                    < (other.resource.rawValue, other.operations.map(\.rawValue).joined(separator: " "))
            }
        }
        let byTarget = Dictionary(grouping: rights) { Target(resource: $0.resource, name: $0.name) }
        let calls = Dictionary(grouping: byTarget.keys) { target in
            Call(resource: target.resource, operations: (byTarget[target] ?? []).map(\.operation).sorted())
        }
        return calls.keys.sorted().map { call in
            let names = (calls[call] ?? []).map(\.name).sorted()
            let operations = call.operations.map { "--operation \($0.rawValue)" }
            let resources =
                call.resource == .cluster ? ["--cluster"] : names.map { "--\(call.resource.rawValue) \(quoted($0))" }
            let head = ["kafka-acls.sh --bootstrap-server \(quoted(bootstrap)) --command-config admin.properties --add"]
            return (head + ["--allow-principal \(quoted(principal))"] + operations + resources).joined(separator: " ")
        }
    }

    /// Quotes a text for a POSIX shell, if it is more than a word.
    private static func quoted(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: ":"), UInt8(ascii: ","):
                true
            default: false
            }
        }
        return isWord
            ? text
            : "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
    }
}
