import CRDKafka
import Foundation

/// What a handle reports besides messages: log lines and transient errors.
public enum KafkaNotice: Sendable {
    /// `level` is syslog's: 3 error, 4 warning, 6 information, 7 debug.
    case log(level: Int, facility: String, message: String)
    case error(KafkaError)
}

/// Owns one `rd_kafka_t` and its main queue.
final class Handle: @unchecked Sendable {
    let pointer: OpaquePointer
    private let mainQueue: OpaquePointer
    /// Gets the documents of librdkafka's statistics; nil if they are not wanted.
    private let onStatistics: (([UInt8]) -> Void)?

    /// Consumes `conf`, even if it fails.
    init(
        _ kind: rd_kafka_type_t, consuming conf: OpaquePointer, onStatistics: (([UInt8]) -> Void)? = nil
    ) throws(KafkaError) {
        self.onStatistics = onStatistics
        var reason = [CChar](repeating: 0, count: 512)
        guard let pointer = rd_kafka_new(kind, conf, &reason, reason.count) else {
            rd_kafka_conf_destroy(conf)
            throw KafkaError(rd_kafka_last_error(), message: reason.text)
        }
        self.pointer = pointer
        rd_kafka_set_log_queue(pointer, nil)
        mainQueue = rd_kafka_queue_get_main(pointer)
    }

    /// How long the library's threads may take to end. Those of 2.0.2 never do where a topic that was read is deleted and made anew;
    /// then they stay, and what they hold.
    private static let destroySeconds = 10.0

    /// Whether the consumer did not leave its group in time. The library's threads then end without it.
    private var hasAbandonedGroup = false

    deinit {
        rd_kafka_queue_destroy(mainQueue)
        nonisolated(unsafe) let pointer = pointer
        let flags = hasAbandonedGroup ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0
        let isDone = DispatchSemaphore(value: 0)
        let thread = Thread {
            rd_kafka_destroy_flags(pointer, flags)
            isDone.signal()
        }
        thread.name = "kafka-destroy"
        thread.start()
        _ = isDone.wait(timeout: .now() + Self.destroySeconds)
    }

    /// Leaves the consumer's group. Rebalance callbacks run in here.
    ///
    /// `rd_kafka_consumer_close` waits without a limit for a coordinator that does not answer, so this asks for the same and gives
    /// up after `milliseconds`: the group then removes the member when its session times out.
    func closeConsumer(within milliseconds: Int) {
        let queue = rd_kafka_queue_new(pointer)
        defer { rd_kafka_queue_destroy(queue) }
        guard let error = rd_kafka_consumer_close_queue(pointer, queue) else {
            let end = ContinuousClock.now + .milliseconds(milliseconds)
            while rd_kafka_consumer_closed(pointer) == 0 {
                guard ContinuousClock.now < end else {
                    hasAbandonedGroup = true
                    return
                }
                if let message = rd_kafka_consume_queue(queue, Self.closeStepMilliseconds) {
                    rd_kafka_message_destroy(message)
                }
            }
            return
        }
        // It is a handle without a group, or it is closed already.
        rd_kafka_error_destroy(error)
    }

    private static let closeStepMilliseconds: Int32 = 100

    /// The error that ended this handle; nil if there is none.
    var fatalError: KafkaError? {
        var reason = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(pointer, &reason, reason.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(code, message: reason.text, isFatal: true)
    }

    /// Makes a waiting `serve` return, or the next one not wait.
    func interrupt() { rd_kafka_queue_yield(mainQueue) }

    /// Takes events off the main queue until it is empty. Waits at most `timeoutMilliseconds` for the first.
    func serve(
        timeoutMilliseconds: Int32, notice: (KafkaNotice) -> Void,
        delivered: (UnsafePointer<rd_kafka_message_t>) -> Void = { _ in }
    ) {
        var wait = timeoutMilliseconds
        while let event = rd_kafka_queue_poll(mainQueue, wait) {
            wait = 0
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_DR:
                while let message = rd_kafka_event_message_next(event) { delivered(message) }
            case RD_KAFKA_EVENT_LOG:
                var facility: UnsafePointer<CChar>?
                var text: UnsafePointer<CChar>?
                var level: Int32 = 0
                if rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility, let text,
                    // Without remarks on settings that this module chose itself (the gapless guarantee is
                    // "experimental").
                    strcmp(facility, "CONFWARN") != 0
                {
                    notice(
                        .log(
                            level: Int(level), facility: String(cString: facility), message: String(cString: text)))
                }
            case RD_KAFKA_EVENT_ERROR:
                let code = rd_kafka_event_error(event)
                notice(
                    .error(
                        KafkaError(
                            code, message: String(cString: rd_kafka_event_error_string(event)),
                            isFatal: rd_kafka_event_error_is_fatal(event) != 0)))
            case RD_KAFKA_EVENT_STATS:
                if let onStatistics, let text = rd_kafka_event_stats(event) {
                    onStatistics([UInt8](UnsafeRawBufferPointer(start: text, count: strlen(text))))
                }
            default: break
            }
            rd_kafka_event_destroy(event)
        }
    }
}

/// The events that a handle's main queue carries, instead of callbacks on librdkafka's threads.
let commonEvents = RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
