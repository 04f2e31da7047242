import Randomness
import Scoring
import Testing

@testable import Pipeline

/// Facts of one partition in a ring of 4 KiB and 16 facts.
struct ChangeRingTests {
    private typealias Shown = (count: Int64, key: [UInt8], value: [UInt8])

    private static let blank = [Int64](repeating: 0, count: FactTopic.allCases.count)

    private static func ring() -> ChangeRing { ChangeRing(capacity: 4096, maximumFacts: 16) }

    /// Score changes, whose sequence is their count.
    private static func send(
        _ counts: ClosedRange<Int64>, bytes: Int = 10, to ring: inout ChangeRing, at sentAt: Int64 = 0
    ) {
        for count in counts {
            let key = Array("s\(count)".utf8)
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: bytes)
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    ring.append(.scoreChanged, count: count, sequence: count, at: sentAt, key: key, value: value)
                }
            }
        }
    }

    private static func acknowledge(_ sequence: Int64, _ ring: inout ChangeRing) -> Int {
        ring.acknowledge(topic: FactTopic.scoreChanges.rawValue, sequence: sequence)
        return ring.release().count
    }

    @Test func onlyWhatIsAcknowledgedCanBeRead() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        Self.send(1...5, to: &ring)
        #expect(ring.released == 0 && ring.releasedCount == 1)
        #expect(Self.acknowledge(3, &ring) == 3)
        #expect(ring.releasedCount == 4 && ring.nextCount == 6)
        #expect(Self.acknowledge(2, &ring) == 0)
        #expect(Self.acknowledge(9, &ring) == 2)
    }

    /// A topic whose facts are acknowledged first waits for the others: readers see the ledger's order.
    @Test func factsAreReadInTheOrderInWhichTheyWereSent() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        for (index, kind) in [Fact.Kind.scoreChanged, .perkGranted, .scoreChanged].enumerated() {
            [UInt8(index)].withUnsafeBytes { bytes in
                ring.append(
                    kind, count: Int64(index + 1), sequence: index == 2 ? 2 : 1, at: 0, key: bytes, value: bytes)
            }
        }
        ring.acknowledge(topic: FactTopic.perks.rawValue, sequence: 1)
        #expect(ring.release().isEmpty)
        ring.acknowledge(topic: FactTopic.scoreChanges.rawValue, sequence: 1)
        #expect(ring.release() == 0..<2)
        ring.acknowledge(topic: FactTopic.scoreChanges.rawValue, sequence: 2)
        #expect(ring.release() == 2..<3)
    }

    @Test func whatIsSentOnceMoreAfterARestartIsThereOnce() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        Self.send(1...6, to: &ring)
        #expect(Self.acknowledge(2, &ring) == 2)
        // Four are in the topic; the last two of the six are sent again.
        var published = Self.blank
        published[FactTopic.scoreChanges.rawValue] = 4
        ring.begin(published: published)
        #expect(ring.releasedCount == 5 && ring.readableFrom == 1)
        Self.send(5...7, to: &ring)
        #expect(ring.nextCount == 8 && Self.acknowledge(7, &ring) == 3)
        #expect((1...7).allSatisfy { count in ring.entry(count: count).map { ring[$0].count } == count })
    }

    @Test func factsThatAnotherMemberPublishedMeanwhileAreAGap() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        Self.send(1...3, to: &ring)
        _ = Self.acknowledge(3, &ring)
        var published = Self.blank
        (published[0], published[1]) = (7, 2)
        ring.begin(published: published)
        #expect(ring.readableFrom == 10 && ring.releasedCount == 10)
        #expect(ring.entry(count: 3) == nil && ring.entry(count: 10) != nil && ring.entry(count: 11) == nil)
        #expect(ring.missed(from: 4) == 6 && ring.missed(from: 11) == nil)
    }

    @Test func theNewestAreShownOverGaps() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        Self.send(1...3, to: &ring, at: 5)
        _ = Self.acknowledge(3, &ring)
        ring.skip(to: 100)
        Self.send(100...101, to: &ring, at: 6)
        _ = Self.acknowledge(101, &ring)
        var shown: [Int64] = []
        ring.newest(4) { entry in
            shown.append(entry.count)
            return true
        }
        #expect(shown == [101, 100, 3, 2])
        #expect(ring.entry(count: 3) == nil && ring.readableFrom == 100)
    }

    @Test func aFactThatIsTooLargeIsAGap() {
        var ring = Self.ring()
        ring.begin(published: Self.blank)
        Self.send(1...2, to: &ring)
        Self.send(3...3, bytes: 2000, to: &ring)
        Self.send(4...4, to: &ring)
        #expect(ring.readableFrom == 4 && ring.nextCount == 5)
    }

    /// Against a model that forgets nothing: what the ring has is what was sent, it has the newest, and it is bounded.
    @Test func aRingHasWhatWasSentAndLosesTheOldestAlone() {
        var fuzz = Fuzz("change ring", count: 300, long: 20_000)
        for seed in 0..<fuzz.count {
            var random = Seeded(fuzz.seed &+ UInt64(seed))
            fuzz.run("\(seed)") {
                var ring = Self.ring()
                var model: [Int64: Shown] = [:]
                ring.begin(published: Self.blank)
                var (count, released) = (Int64(0), Int64(0))
                for _ in 0..<200 {
                    switch random.below(10) {
                    case 0: released = min(count, released + Int64(random.below(21)))
                    case 1 where random.below(4) == 0:
                        count += Int64(1 + random.below(5))
                        ring.skip(to: count + 1)
                        released = count
                    default:
                        count += 1
                        let key = [UInt8](repeating: UInt8(truncatingIfNeeded: count), count: 1 + random.below(30))
                        let value = [UInt8](
                            repeating: UInt8(truncatingIfNeeded: count &* 7), count: 1 + random.below(900))
                        key.withUnsafeBytes { key in
                            value.withUnsafeBytes { value in
                                ring.append(
                                    .scoreChanged, count: count, sequence: count, at: 0, key: key, value: value)
                            }
                        }
                        model[count] = (count, key, value)
                    }
                    ring.acknowledge(topic: 0, sequence: released)
                    ring.release()
                    #expect(ring.nextCount == count + 1 && ring.next - ring.first <= 16)
                    var bytes = 0
                    let from = ring.readableFrom ?? 0
                    for number in stride(from: from, through: count, by: 1) {
                        guard let entry = ring.entry(count: number), let sent = model[number] else {
                            Issue.record("seed \(seed): \(number) of \(from)...\(count) is not there")
                            return
                        }
                        bytes += sent.key.count + sent.value.count
                        #expect(ring.key(ring[entry]).elementsEqual(sent.key))
                        #expect(ring.value(ring[entry]).elementsEqual(sent.value))
                    }
                    #expect(bytes <= 4096)
                    #expect(ring.releasedCount == max(from, min(released, count) + 1))
                }
            }
        }
        fuzz.report("")
    }
}
