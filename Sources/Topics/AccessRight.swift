public import Kafka

/// One operation on one resource of a Kafka cluster. An entry of an access control list (ACL) grants it.
public struct AccessRight: Hashable, Sendable, Comparable, CustomStringConvertible {
    public enum Resource: String, Sendable, CaseIterable, Comparable {
        case cluster, group, topic

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// The operations, with Kafka's own names.
    public enum Operation: String, Sendable, CaseIterable, Comparable {
        case read = "Read"
        case write = "Write"
        case create = "Create"
        case alter = "Alter"
        case describe = "Describe"
        case alterConfigs = "AlterConfigs"
        case describeConfigs = "DescribeConfigs"

        /// The operations that each imply this one.
        public var impliedBy: [Operation] {
            switch self {
            case .describe: [.read, .write, .alter]
            case .describeConfigs: [.alterConfigs]
            case .read, .write, .create, .alter, .alterConfigs: []
            }
        }

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// The cluster's name as a resource in Kafka.
    public static let clusterName = "kafka-cluster"
    /// The name that matches every resource of a kind.
    public static let every = "*"

    public var resource: Resource
    public var name: String
    public var operation: Operation

    public init(_ resource: Resource, _ name: String, _ operation: Operation) {
        (self.resource, self.name, self.operation) = (resource, name, operation)
    }

    public var description: String { "\(operation.rawValue) on \(resource.rawValue) \(name)" }

    public static func < (one: Self, other: Self) -> Bool {
        (one.resource, one.name, one.operation) < (other.resource, other.name, other.operation)
    }
}

/// Evaluates the entries of a cluster's access control lists. Pure.
extension AccessEntry {
    private func isAbout(_ right: AccessRight, of principal: String) -> Bool {
        guard self.principal == principal || self.principal == Self.everyone else { return false }
        let kinds: [AccessRight.Resource: [String]] = [
            .topic: ["TOPIC"], .group: ["GROUP"], .cluster: ["BROKER", "CLUSTER"],
        ]
        guard kinds[right.resource]?.contains(resource) == true else { return false }
        if isPrefix { return right.name.hasPrefix(name) }
        return name == right.name || name == AccessRight.every
    }

    private func names(_ operation: AccessRight.Operation) -> Bool {
        let name = self.operation.lowercased().filter { $0 != "_" }
        return name == "all" || name == operation.rawValue.lowercased()
    }

    /// The `rights` that a principal does not have by these entries. An entry that denies has precedence. Entries for
    /// one host count as if they were for all hosts. A super user needs no entries.
    public static func missing(_ rights: [AccessRight], of principal: String, in entries: [AccessEntry])
        -> [AccessRight]
    {
        rights.filter { right in
            let about = entries.filter { $0.isAbout(right, of: principal) }
            if about.contains(where: { !$0.allows && $0.names(right.operation) }) { return true }
            let enough = [right.operation] + right.operation.impliedBy
            return !about.contains { entry in entry.allows && enough.contains { entry.names($0) } }
        }
    }
}
