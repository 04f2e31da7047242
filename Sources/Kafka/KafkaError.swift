import CRDKafka

/// An error of Kafka or on the way to it: librdkafka's code, whether a retry can help, and where it happened.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// librdkafka's `rd_kafka_resp_err_t`: negative for errors of the client, positive for errors of the broker.
    public let code: Int32
    /// librdkafka's name of the code, such as `_TRANSPORT` or `UNKNOWN_TOPIC_OR_PART`.
    public let name: String
    public let message: String
    /// True if the handle cannot be used any more and must be closed.
    public let isFatal: Bool
    /// True if the same call may succeed later.
    public let isRetriable: Bool
    /// The topic, partition, group or setting at fault; empty if there is none.
    public let target: String

    public init(
        code: Int32, name: String, message: String, isFatal: Bool = false, isRetriable: Bool = false,
        target: String = ""
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.isFatal = isFatal
        self.isRetriable = isRetriable
        self.target = target
    }

    public var description: String {
        (target.isEmpty ? "" : target + ": ") + "\(message) (\(name))" + (right.map { "; \($0)" } ?? "")
    }

    /// True if the connected user lacks a right. A retry helps after the right has been granted.
    public var isNotAllowed: Bool { Self.notAllowed.contains { $0.rawValue == code } }

    /// The remedy for a missing right; nil if the error is another one.
    private var right: String? {
        switch rd_kafka_resp_err_t(code) {
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            "give this user the right to describe, read and write the topic"
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED: "give this user the right to describe and read the group"
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            "give this user the right to write idempotently, or to create topics, on the cluster"
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
            "look at the security properties under kafka"
        default: nil
        }
    }

    private static let notAllowed: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
        RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, RD_KAFKA_RESP_ERR__AUTHENTICATION,
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED,
    ]

    /// librdkafka reports every start that it cannot find as "no offset"; only the text has the broker's reason. A
    /// missing right must not look like a missing record.
    static func ofStart(_ code: rd_kafka_resp_err_t, message: String?, target: String) -> KafkaError {
        guard code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, let message else {
            return KafkaError(code, message: message, target: target)
        }
        let named = (notAllowed + notYet).first { message.contains(String(cString: rd_kafka_err2str($0))) }
        return KafkaError(named ?? code, message: message, target: target)
    }

    init(_ code: rd_kafka_resp_err_t, message: String? = nil, isFatal: Bool = false, target: String = "") {
        self.init(
            code: code.rawValue,
            name: String(cString: rd_kafka_err2name(code)),
            message: message ?? String(cString: rd_kafka_err2str(code)),
            isFatal: isFatal || code == RD_KAFKA_RESP_ERR__FATAL,
            isRetriable: Self.retriable.contains(code.rawValue),
            target: target)
    }

    /// Consumes librdkafka's error object.
    init(consuming error: OpaquePointer, target: String = "") {
        self.init(
            code: rd_kafka_error_code(error).rawValue,
            name: String(cString: rd_kafka_error_name(error)),
            message: String(cString: rd_kafka_error_string(error)),
            isFatal: rd_kafka_error_is_fatal(error) != 0,
            isRetriable: rd_kafka_error_is_retriable(error) != 0
                || Self.retriable.contains(rd_kafka_error_code(error).rawValue),
            target: target)
        rd_kafka_error_destroy(error)
    }

    /// Codes of transient errors: a leader, coordinator or controller that moves, a new topic, a disk or a quota that
    /// recovers.
    private static let notYet: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE, RD_KAFKA_RESP_ERR__QUEUE_FULL,
        RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
        RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        // REBOOTSTRAP_REQUIRED, for which librdkafka 2.0 has no name.
        rd_kafka_resp_err_t(rawValue: 129),
    ]

    /// Codes of the client for a missing answer.
    private static let silence: [rd_kafka_resp_err_t] = [
        RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
        RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
        // _DESTROY_BROKER: a connection that librdkafka has closed. 2.0 has no name for it.
        rd_kafka_resp_err_t(rawValue: -137),
    ]

    private static let retriable = Set((notYet + silence).map(\.rawValue))

    /// True if no broker answered. Any other retriable error is an answer of "not yet".
    var isSilence: Bool { Self.silence.contains { $0.rawValue == code } }
    public var isTooLarge: Bool {
        code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue || code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE.rawValue
    }
    /// True if the broker does not have the requested position any more.
    public var isOffsetOutOfRange: Bool {
        code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue || code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue
    }
    /// True if the partition's state does not allow the call.
    var isOfState: Bool { code == RD_KAFKA_RESP_ERR__STATE.rawValue }
    public var isUnknownTopic: Bool {
        code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue
    }

    /// True while the group rebalances. The error ends when the member polls.
    var isRebalance: Bool { code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS.rawValue }
    var isTopicThere: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }
    /// True if a topic cannot get the requested number of partitions, for example because it has that number.
    var isPartitionCount: Bool { code == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS.rawValue }

    static func unknownTopic(_ name: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, target: name)
    }

    static func unsupported(_ target: String) -> KafkaError {
        KafkaError(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, target: target)
    }

    static func timedOut(_ target: String) -> KafkaError { KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, target: target) }
}
