import CRDKafka
import Foundation

/// One record, borrowed from librdkafka. It is valid only inside the closure of `Consumer.poll`.
public struct Record {
    /// The index in `Consumer.assignment`.
    public let source: Int
    public let offset: Int64
    /// Nil if the record has none, which is not the same as empty.
    public let key: UnsafeRawBufferPointer?
    public let value: UnsafeRawBufferPointer?
    let carrier: Carrier

    enum Carrier {
        case message(UnsafePointer<rd_kafka_message_t>)
        case memory(UnsafePointer<MemoryRecord>)
    }

    /// A record that no broker has sent. `memory` must outlive it.
    public init(source: Int, offset: Int64, memory: UnsafePointer<MemoryRecord>) {
        (self.source, self.offset) = (source, offset)
        key = memory.pointee.key
        value = memory.pointee.value
        carrier = .memory(memory)
    }

    init(source: Int, offset: Int64, message: UnsafePointer<rd_kafka_message_t>) {
        (self.source, self.offset) = (source, offset)
        let item = message.pointee
        key = item.key.map { UnsafeRawBufferPointer(start: $0, count: item.key_len) }
        value = item.payload.map { UnsafeRawBufferPointer(start: $0, count: item.len) }
        carrier = .message(message)
    }

    /// The record's timestamp in milliseconds since 1970; -1 if unknown.
    public var timestamp: Int64 {
        guard case .message(let message) = carrier else { return -1 }
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return rd_kafka_message_timestamp(message, &type)
    }

    /// The last header of this name; nil if there is none or its value is null.
    public func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard case .message(let message) = carrier else { return memoryHeader(name) }
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let found = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                rd_kafka_header_get_last(headers, $0.baseAddress, &value, &size)
            }
        }
        guard found == RD_KAFKA_RESP_ERR_NO_ERROR, let value else { return nil }
        return UnsafeRawBufferPointer(start: value, count: size)
    }

    /// Calls `body` with each header in order: its name and its value, nil for a null value. The name is valid during
    /// the call, the value as long as the record.
    public func forEachHeader(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void
    ) {
        switch carrier {
        case .message(let message):
            var headers: OpaquePointer?
            guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
            var index = 0
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
                guard let name else { return }
                body(
                    UnsafeRawBufferPointer(start: name, count: strlen(name)),
                    value.map { UnsafeRawBufferPointer(start: $0, count: size) })
                index += 1
            }
        case .memory(let memory):
            for header in memory.pointee.headers {
                var name = header.name
                name.withUTF8 { body(UnsafeRawBufferPointer($0), header.value) }
            }
        }
    }

    /// All headers, copied, in their order.
    public func copyHeaders() -> [(name: String, value: [UInt8]?)] {
        switch carrier {
        case .message(let message):
            var headers: OpaquePointer?
            guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else {
                return []
            }
            return HeaderSet.pairs(of: headers)
        case .memory(let memory): return memory.pointee.headers.map { ($0.name, $0.value.map { Array($0) }) }
        }
    }

    private func memoryHeader(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard case .memory(let memory) = carrier else { return nil }
        return memory.pointee.headers.last { $0.name == name.description }?.value
    }
}

/// The bytes of a record that no broker has sent.
public struct MemoryRecord {
    public var key: UnsafeRawBufferPointer?
    public var value: UnsafeRawBufferPointer?
    public var headers: [(name: String, value: UnsafeRawBufferPointer?)]

    public init(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [(name: String, value: UnsafeRawBufferPointer?)]
    ) {
        (self.key, self.value, self.headers) = (key, value, headers)
    }
}
