import Mapping
import Randomness
import Testing

struct RowIdentityTests {
    private static func ids(_ rows: [String]) -> [String] {
        let identity = RowIdentity()
        return rows.map { row in
            Array(row.utf8).withUnsafeBytes { row in
                identity.id(ofRow: row).map { String(decoding: $0, as: UTF8.self) } ?? ""
            }
        }
    }

    /// They stand in ledgers: another id for the same row would count it again.
    @Test func anIdIsTheHashOfTheContentAndItsNumber() {
        #expect(
            Self.ids(["abc", "", "abc"]) == [
                "ba7816bf8f01cfea414140de5dae2223-1", "e3b0c44298fc1c149afbf4c8996fb924-1",
                "ba7816bf8f01cfea414140de5dae2223-2",
            ])
    }

    @Test func otherRowsChangeNoId() {
        let ids = Self.ids(["a", "b", "a", "c"])
        #expect(Self.ids(["c", "a", "x", "a"]) == [ids[3], ids[0], Self.ids(["x"])[0], ids[2]])
    }

    @Test func countsAgreeWithADictionary() {
        var random = Seeded(1)
        var counts = FingerprintCounts()
        var expected: [UInt64: Int] = [:]
        for _ in 0..<20_000 {
            // Few different ones, some that differ in high bits alone, and 0.
            let fingerprint = UInt64(random.below(3000)) << (random.below(2) * 40)
            expected[fingerprint, default: 0] += 1
            #expect(counts.add(fingerprint) == expected[fingerprint])
        }
        #expect(counts.count == expected.count)
        #expect(counts.contains(0) == (expected[0] != nil) && !counts.contains(.max))
    }
}
