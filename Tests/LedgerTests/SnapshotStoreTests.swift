import Events
import Ledger
import Randomness
import Simulation
import Testing

@Suite struct SnapshotStoreTests {
    private let disk = FaultyFileSystem()
    private let store: SnapshotStore

    init() { store = SnapshotStore(root: "/snapshots", partition: 2, on: disk) }

    private struct Refused: Error {}

    private func content(_ offset: Int64) -> [UInt8] { (0..<300).map { UInt8(truncatingIfNeeded: $0 &* Int(offset)) } }

    private func write(_ offset: Int64) throws {
        let pending = try store.begin(nextOffset: offset)
        let bytes = content(offset)
        try bytes[..<100].withUnsafeBytes { try pending.write($0) }
        try bytes[100...].withUnsafeBytes { try pending.write($0) }
        try pending.commit()
    }

    /// The offset of the newest, after checking its content.
    private func newest(_ rejected: (SnapshotStore.Rejected) -> Void = { _ in }) throws -> Int64? {
        struct Other: Error {}
        return try store.newest(rejected: rejected) { offset, reader in
            // Piece by piece, as a state is read.
            var bytes = Array(try reader.take(7))
            while !reader.isAtEnd { bytes.append(try reader.byte()) }
            guard bytes == content(offset) else { throw Other() }
            return offset
        }
    }

    @Test func theNewestTwoAreKept() throws {
        #expect(try newest() == nil)
        for offset in [5, 12, 70, 900] as [Int64] {
            try write(offset)
            #expect(try newest() == offset)
        }
        #expect(try store.offsets() == [70, 900])
        #expect(
            disk.paths == [
                "/snapshots/00002/00000000000000000070.snapshot", "/snapshots/00002/00000000000000000900.snapshot",
            ])
        try store.drop()
        #expect(try newest() == nil)
    }

    @Test func oneThatIsNotTakenIsThrownAway() throws {
        try write(5)
        try write(6)
        var reasons: [String] = []
        let taken = try store.newest(rejected: { reasons.append($0.reason) }) { offset, _ in
            if offset == 6 { throw Refused() }
            return offset
        }
        #expect(taken == 5)
        #expect(reasons == ["Refused()"])
        #expect(try store.offsets() == [5])
    }

    @Test func aGuestThrowsNothingAway() throws {
        try write(5)
        try write(6)
        var reasons: [String] = []
        let taken = try store.newest(retainsRejected: true, rejected: { reasons.append($0.reason) }) { offset, _ in
            if offset == 6 { throw Refused() }
            return offset
        }
        #expect(taken == 5)
        #expect(reasons == ["Refused()"])
        #expect(try store.offsets() == [5, 6])
    }

    @Test func everyBitCounts() throws {
        try write(5)
        try write(6)
        let path = try #require(disk.paths.last)
        let good = try #require(disk[path])
        for bit in 0..<good.count * 8 {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            disk[path] = bytes
            var rejected: [String] = []
            try #require(try newest { rejected.append($0.path) } == 5, "bit \(bit)")
            #expect(rejected == [path])
        }
        for count in 0..<good.count {
            disk[path] = Array(good[..<count])
            try #require(try newest() == 5)
        }
        disk[path] = good
        #expect(try newest() == 6)
    }

    /// Whenever the machine stops or a call fails, the newest that is there is whole, and not older than the last that was
    /// made to last.
    @Test(arguments: [FaultyFileSystem.Fault.error(5), .error(28), .error(4), .short, .dropsUnsynced])
    func everyCallMayFail(fault: FaultyFileSystem.Fault) throws {
        try write(1)
        var call = 1
        var number: Int64 = 1
        while true {
            var last = try #require(try newest())
            disk.plan(fault, atCall: call)
            let before = disk.callCount
            number += 1
            do {
                try write(number)
                last = number
            } catch is FileError {}
            let calls = disk.callCount - before
            disk.clearFaults()
            disk.crash(names: number % 2 == 0) { _, write, count in write % 3 == 0 ? .max : count / 2 }
            let found = try #require(try newest(), "call \(call)")
            try #require(found >= last && found <= number, "call \(call)")
            if call > calls { break }
            call += 1
        }
    }
}
