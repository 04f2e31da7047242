/// Counts of 64-bit fingerprints in limited memory: at most 12 bytes for each slot of a table that is never more than
/// half full.
public struct FingerprintCounts {
    /// The limit of different fingerprints, which take about 200 MB.
    public static let maximumCount = 8 * 1024 * 1024

    /// The number of different fingerprints.
    public private(set) var count = 0
    private var fingerprints: [UInt64]
    private var counts: [UInt32]

    public init() {
        fingerprints = Array(repeating: 0, count: 1024)
        counts = Array(repeating: 0, count: 1024)
    }

    /// Counts a fingerprint. Returns its count; nil if there is no room for another.
    public mutating func add(_ fingerprint: UInt64) -> Int? {
        var slot = self.slot(of: fingerprint)
        if counts[slot] == 0 {
            guard count < Self.maximumCount else { return nil }
            if (count + 1) * 2 > counts.count {
                grow()
                slot = self.slot(of: fingerprint)
            }
            fingerprints[slot] = fingerprint
            count += 1
        }
        if counts[slot] < .max { counts[slot] += 1 }
        return Int(counts[slot])
    }

    public func contains(_ fingerprint: UInt64) -> Bool { counts[slot(of: fingerprint)] > 0 }

    /// The slot of a fingerprint, or the free one for it.
    private func slot(of fingerprint: UInt64) -> Int {
        let mask = counts.count - 1
        // Fibonacci hashing: all bits of the fingerprint decide.
        var slot = Int(truncatingIfNeeded: (fingerprint &* 0x9E37_79B9_7F4A_7C15) &>> 20) & mask
        while counts[slot] > 0, fingerprints[slot] != fingerprint { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let before = (fingerprints, counts)
        fingerprints = Array(repeating: 0, count: before.0.count * 2)
        counts = Array(repeating: 0, count: before.0.count * 2)
        for (fingerprint, count) in zip(before.0, before.1) where count > 0 {
            let slot = slot(of: fingerprint)
            fingerprints[slot] = fingerprint
            counts[slot] = count
        }
    }
}
