import Ledger
import Testing

@Suite struct Murmur2Tests {
    /// The vectors of the tests of Kafka's Java client (UtilsTest.testMurmur2).
    @Test(arguments: [
        ("21", Int32(-973_932_308)), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971), ("abc", 479_470_107),
    ])
    func agreesWithTheJavaClient(key: String, hash: Int32) {
        #expect(Array(key.utf8).withUnsafeBytes { Int32(bitPattern: Murmur2.hash($0)) } == hash)
    }

    /// toPositive(murmur2(key)) % partitions
    @Test(arguments: ["", "21", "foobar", "abc", "ä", "anna"]) func partitionsAreNeverNegative(key: String) {
        for count in 1...13 {
            Array(key.utf8).withUnsafeBytes { bytes in
                let partition = Murmur2.partition(of: bytes, count: count)
                #expect(partition == Int(Murmur2.hash(bytes) & 0x7FFF_FFFF) % count)
                #expect((0..<count).contains(partition))
            }
        }
    }

    @Test func isTheSameAtEveryAlignment() {
        let text = Array("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8".utf8)
        for shift in 0..<8 {
            let shifted = [UInt8](repeating: 0, count: shift) + text
            shifted.withUnsafeBytes { bytes in
                let hash = Murmur2.hash(UnsafeRawBufferPointer(rebasing: bytes[shift...]))
                #expect(Int32(bitPattern: hash) == -58_897_971)
            }
        }
    }

    @Test func keysSpreadOverPartitions() {
        var counts = [Int](repeating: 0, count: 12)
        for number in 0..<12_000 {
            let key = Array("subject-\(number)".utf8)
            counts[key.withUnsafeBytes { Murmur2.partition(of: $0, count: 12) }] += 1
        }
        #expect(counts.allSatisfy { (850...1150).contains($0) })
    }
}
