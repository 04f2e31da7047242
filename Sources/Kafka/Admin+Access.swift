import CRDKafka

/// An entry of a cluster's access control lists.
public struct AccessEntry: Hashable, Sendable {
    /// The name of an entry for every principal.
    public static let everyone = "User:*"

    /// Kafka's word in upper case: `TOPIC`, `GROUP`, `BROKER` (the cluster).
    public var resource: String
    public var name: String
    /// True if the entry applies to every name that begins with `name`.
    public var isPrefix: Bool
    /// For example `User:standing`.
    public var principal: String
    /// Kafka's word in upper case: `READ`, `DESCRIBE_CONFIGS`, `ALL`.
    public var operation: String
    /// False if the entry denies.
    public var allows: Bool

    public init(
        resource: String, name: String, isPrefix: Bool, principal: String, operation: String, allows: Bool
    ) {
        (self.resource, self.name, self.isPrefix) = (resource, name, isPrefix)
        (self.principal, self.operation, self.allows) = (principal, operation, allows)
    }
}

extension Admin {
    /// Every entry of the cluster's access control lists. Asks once. librdkafka 2.0 drops a broker's refusal, so no
    /// entries can also mean that this user may not see them, or that the cluster does not control access.
    public func accessEntries(milliseconds: Int) throws(KafkaError) -> [AccessEntry] {
        var reason = [CChar](repeating: 0, count: 256)
        guard
            let filter = rd_kafka_AclBindingFilter_new(
                RD_KAFKA_RESOURCE_ANY, nil, RD_KAFKA_RESOURCE_PATTERN_ANY, nil, nil, RD_KAFKA_ACL_OPERATION_ANY,
                RD_KAFKA_ACL_PERMISSION_TYPE_ANY, &reason, reason.count)
        else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: reason.text) }
        defer { rd_kafka_AclBinding_destroy(filter) }
        let attempt = Patience.Attempt(failure: nil, milliseconds: milliseconds)
        return try ask(handle, RD_KAFKA_ADMIN_OP_DESCRIBEACLS, "describe access", attempt) { queue, options in
            rd_kafka_DescribeAcls(handle.pointer, filter, options, queue)
        } read: { event in
            var count = 0
            let list = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &count)
            return (0..<count).compactMap { index in list?[index].map { Self.entry($0) } }
        }
    }

    private static func entry(_ binding: OpaquePointer) -> AccessEntry {
        func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
        return AccessEntry(
            resource: text(rd_kafka_ResourceType_name(rd_kafka_AclBinding_restype(binding))),
            name: text(rd_kafka_AclBinding_name(binding)),
            isPrefix: rd_kafka_AclBinding_resource_pattern_type(binding) == RD_KAFKA_RESOURCE_PATTERN_PREFIXED,
            principal: text(rd_kafka_AclBinding_principal(binding)),
            operation: text(rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(binding))),
            allows: rd_kafka_AclBinding_permission_type(binding) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW)
    }

    /// A broker's settings by name. Asks once.
    public func settings(ofBroker id: Int32, milliseconds: Int) throws(KafkaError) -> [String: String] {
        let broker = "broker \(id)"
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, String(id))
        defer { rd_kafka_ConfigResource_destroy(resource) }
        let attempt = Patience.Attempt(failure: nil, milliseconds: milliseconds)
        return try ask(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, broker, attempt) { queue, options in
            rd_kafka_DescribeConfigs(handle.pointer, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            try Self.settings(inAnswer: event, of: broker)
        }
    }
}
