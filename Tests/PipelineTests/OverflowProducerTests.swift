import Kafka
import Testing

@testable import Pipeline

@Suite struct OverflowProducerTests {
    /// A producer with room for as many records as a test says. It acknowledges nothing.
    private final class Narrow: ProducerClient {
        var room = 0
        /// Thrown from the next record on.
        var error: KafkaError?
        private(set) var taken: [(key: [UInt8]?, value: [UInt8]?, tag: Int)] = []
        var fatalError: KafkaError? { nil }
        var queued: Int { taken.count }

        func topic(_ name: String) throws(KafkaError) -> Int { 0 }
        func topicName(_ topic: Int) -> String { "ledger" }
        func produce(
            topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
            headers: HeaderSet?, tag: Int
        ) throws(KafkaError) -> Bool {
            if let error { throw error }
            guard room > 0 else { return false }
            room -= 1
            taken.append((key.map { Array($0) }, value.map { Array($0) }, tag))
            return true
        }
        func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {}
        func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool { true }
        func purge() {}
    }

    private let narrow = Narrow()
    private let producer: OverflowProducer

    init() { producer = OverflowProducer(narrow) }

    private func send(_ tag: Int, key: [UInt8]? = nil, value: [UInt8]? = [1]) throws {
        func lend(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
            guard let bytes else { return try body(nil) }
            try bytes.withUnsafeBytes { try body($0) }
        }
        try lend(key) { key in
            try lend(value) { value in
                let isTaken = try producer.produce(
                    topic: 0, partition: 2, key: key, value: value, headers: nil, tag: tag)
                #expect(isTaken)
            }
        }
    }

    @Test func whatFindsNoRoomIsHandedOverInOrder() throws {
        narrow.room = 2
        for tag in 1...3 { try send(tag) }
        #expect(producer.overflows && producer.queued == 3 && narrow.taken.map(\.tag) == [1, 2])
        // There is room again, and others wait before this one.
        narrow.room = 1
        try send(4)
        producer.serve(timeoutMilliseconds: 0) { _ in }
        #expect(producer.overflows && producer.queued == 4 && narrow.taken.map(\.tag) == [1, 2, 3])
        narrow.room = 5
        producer.serve(timeoutMilliseconds: 0) { _ in }
        try send(5)
        #expect(!producer.overflows && producer.queued == 5 && narrow.taken.map(\.tag) == [1, 2, 3, 4, 5])
    }

    @Test func aCopyIsWhatWasProduced() throws {
        try send(1, key: nil, value: nil)
        try send(2, key: [7], value: [8, 9])
        narrow.room = 2
        producer.serve(timeoutMilliseconds: 0) { _ in }
        #expect(narrow.taken.map(\.key) == [nil, [7]] && narrow.taken.map(\.value) == [nil, [8, 9]])
    }

    @Test func nothingIsDeliveredBehindWhatIsRefused() throws {
        for tag in 1...3 { try send(tag) }
        narrow.room = 1
        producer.serve(timeoutMilliseconds: 0) { _ in }
        narrow.error = KafkaError(code: 10, name: "MSG_SIZE_TOO_LARGE", message: "too large")
        var failed: [Delivery] = []
        producer.serve(timeoutMilliseconds: 0) { failed.append($0) }
        #expect(failed.map(\.tag) == [2] && failed.map(\.code) == [10] && failed.map(\.partition) == [2])
        (narrow.error, narrow.room) = (nil, 5)
        producer.serve(timeoutMilliseconds: 0) { failed.append($0) }
        #expect(throws: KafkaError.self) { try send(4) }
        #expect(failed.count == 1 && narrow.taken.map(\.tag) == [1])
    }

    @Test func whatWaitsIsPurgedToo() throws {
        try send(1)
        producer.purge()
        narrow.room = 1
        producer.serve(timeoutMilliseconds: 0) { _ in }
        #expect(!producer.overflows && producer.queued == 0)
    }
}
