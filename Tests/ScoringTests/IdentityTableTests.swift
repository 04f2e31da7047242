@testable import Scoring
import Testing

@Suite struct IdentityTableTests {
    /// Fingerprints of one shard that all begin their search in the same slot of a table of 64.
    private static func colliding(slot: UInt64, _ count: Int) -> [UInt64] {
        (1...UInt64(count)).map { $0 << 12 | slot }
    }

    @Test(arguments: [0, 5, 7, 56, 63] as [UInt64])
    func fingerprintsThatShareASlotAreAllFound(slot: UInt64) {
        var table = IdentityTable()
        // More than a line of the table has; the last line's go on at the table's start.
        let fingerprints = Self.colliding(slot: slot, 30)
        for fingerprint in fingerprints {
            let isNew = table.insert(fingerprint, enrolment: 1)
            #expect(isNew)
        }
        for fingerprint in fingerprints {
            let (isFound, isNew) = (table.contains(fingerprint, enrolment: 1), table.insert(fingerprint, enrolment: 1))
            #expect(isFound && !isNew)
        }
        let other = table.contains(31 << 12 | slot, enrolment: 1)
        let otherEnrolment = table.contains(fingerprints[0], enrolment: 2)
        #expect(!other && !otherEnrolment)
        #expect(table.count == 30)
    }

    @Test func whatATableHadItHasAfterItGrew() {
        var table = IdentityTable()
        let fingerprints = Self.colliding(slot: 63, 1000)
        for fingerprint in fingerprints { _ = table.insert(fingerprint, enrolment: 3) }
        let found = fingerprints.count { table.contains($0, enrolment: 3) }
        #expect(found == 1000)
        var seen = 0
        table.forEach { _ in seen += 1 }
        #expect(seen == 1000)
    }
}
