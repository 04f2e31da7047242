import Events
import Randomness
@testable import Scoring
import Testing

/// The queue against a plain array.
@Suite struct WaitingQueueTests {
    private struct Waiting {
        var number: UInt64
        var key: UInt64
        var identity: UInt64
        var expires: Int64
        var bytes: [UInt8]
    }

    private static let limits = WaitingQueue.Limits(itemsOfKey: 5, items: 40, bytes: 9000)

    private func contents(_ queue: borrowing WaitingQueue) -> [[UInt64]] {
        var items: [[UInt64]] = []
        queue.forEach { item, bytes in
            items.append([item.number, item.key, item.identity, UInt64(item.expires), bytes.fingerprint(seed: 0)])
        }
        return items
    }

    @Test(arguments: 0..<40) func itHoldsWhatAPlainArrayHolds(seed: UInt64) throws {
        var random = Seeded(seed)
        var queue = WaitingQueue(limits: Self.limits)
        var model: [Waiting] = []
        var (clock, number) = (Int64(1_000), UInt64(0))
        func drop(_ isGone: (Waiting) -> Bool) -> Int64 {
            let before = model.count
            model.removeAll(where: isGone)
            return Int64(before - model.count)
        }
        for _ in 0..<400 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                // Keys that share their low bits, so that chains meet in the table.
                let key = UInt64.random(in: 0..<12, using: &random) << 8
                let identity = UInt64.random(in: 0..<4, using: &random)
                let wait = [Int64(50), 400, 1000].randomElement(using: &random)!
                let bytes = (0..<Int.random(in: 0..<600, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
                number += 1
                model.append(
                    Waiting(number: number, key: key, identity: identity, expires: clock + wait, bytes: bytes))
                var dropped: Int64 = 0
                if model.count(where: { $0.key == key }) > Self.limits.itemsOfKey {
                    model.remove(at: model.firstIndex { $0.key == key }!)
                    dropped += 1
                }
                while model.count > Self.limits.items
                    || model.reduce(0, { $0 + $1.bytes.count }) > Self.limits.bytes
                {
                    model.removeFirst()
                    dropped += 1
                }
                bytes.withUnsafeBytes { bytes in
                    var event = EventView.empty
                    event.data = bytes
                    #expect(
                        queue.add(
                            event, storesBytes: true, key: key, identity: identity, clock: clock, wait: wait, topic: 0,
                            isFrozen: false) == dropped)
                }
            case 6:
                clock += Int64.random(in: 0..<200, using: &random)
                let expected = drop { $0.expires <= clock }
                let limit = Int.random(in: 1...4, using: &random)
                var expired = 0
                repeat {
                    let part = queue.expire(at: clock, atMost: limit)
                    #expect(part <= limit)
                    expired += part
                } while queue.nextExpiry <= clock
                #expect(Int64(expired) == expected)
            case 7:
                let key = UInt64.random(in: 0..<12, using: &random) << 8
                let identity = UInt64.random(in: 0..<4, using: &random)
                #expect(
                    Int64(queue.remove(identity, of: key)) == drop { $0.key == key && $0.identity == identity })
            case 8:
                let key = UInt64.random(in: 0..<12, using: &random) << 8
                var lent: [UnsafeMutableRawBufferPointer] = []
                while let item = queue.takeOldest(of: key, lendTo: &lent) {
                    let index = try #require(model.firstIndex { $0.key == key })
                    #expect(model[index].number == item.number && model[index].bytes == Array(lent.last!))
                    model.remove(at: index)
                }
                for bytes in lent { bytes.deallocate() }
                #expect(!model.contains { $0.key == key })
            default:
                var bytes: [UInt8] = []
                try queue.write { bytes += $0 }
                var copy = WaitingQueue(limits: Self.limits)
                try bytes.withUnsafeBytes {
                    var reader = ByteReader($0)
                    try copy.read(from: &reader)
                    #expect(reader.isAtEnd)
                }
                queue = copy
            }
            let expected = model.map { item in
                [
                    item.number, item.key, item.identity, UInt64(item.expires),
                    item.bytes.withUnsafeBytes { $0.fingerprint(seed: 0) },
                ]
            }
            try #require(contents(queue) == expected)
            #expect(queue.count == model.count && queue.byteCount == model.reduce(0) { $0 + $1.bytes.count })
            #expect(queue.nextExpiry <= model.map(\.expires).min() ?? .max)
        }
    }

    /// Bytes that are no queue are refused, whatever they say.
    @Test func damagedBytesNeverTrap() throws {
        var queue = WaitingQueue(limits: Self.limits)
        for number in 0..<20 as Range<UInt64> {
            var text = "event \(number)"
            text.withUTF8 { bytes in
                var event = EventView.empty
                event.data = UnsafeRawBufferPointer(bytes)
                _ = queue.add(
                    event, storesBytes: true, key: number % 7, identity: number, clock: 5, wait: 9, topic: 1,
                    isFrozen: false)
            }
        }
        var good: [UInt8] = []
        try queue.write { good += $0 }
        var random = Seeded(1)
        var refused = 0
        for _ in 0..<4000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var copy = WaitingQueue(limits: Self.limits)
            bytes.withUnsafeBytes {
                var reader = ByteReader($0)
                do {
                    try copy.read(from: &reader)
                    _ = copy.expire(at: .max, atMost: .max)
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > 1000)
    }
}
