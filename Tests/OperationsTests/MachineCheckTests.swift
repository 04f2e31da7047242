import Operations
import Testing

@Suite struct MachineCheckTests {
    /// Whatever is not well has a mend.
    private func codes(_ findings: [Finding]) -> [String] {
        for finding in findings where ![.ok, .note].contains(finding.severity) {
            #expect(finding.remedy != nil, "\(finding.code): \(finding.message)")
        }
        return findings.map { "\($0.severity.rawValue) \($0.code)" }
    }

    @Test func theClock() {
        func clock(_ kernel: MachineCheck.KernelClock?, _ newest: Int64? = nil) -> [String] {
            codes(MachineCheck.clock(kernel, newest: newest, allowed: 300_000_000))
        }
        let good = MachineCheck.KernelClock(isSynchronized: true, maximumError: 5_000)
        #expect(clock(good) == ["ok ok"])
        #expect(clock(good, -10) == ["ok ok"])
        #expect(clock(good, 300_000_000) == ["ok ok"])
        #expect(clock(good, 300_000_001) == ["error clock-behind"])
        #expect(clock(.init(isSynchronized: false, maximumError: 0)) == ["warning clock-free"])
        #expect(clock(.init(isSynchronized: true, maximumError: 1_000_001)) == ["warning clock-unsure"])
        #expect(clock(nil) == ["unchecked unchecked"])
        #expect(clock(nil, 400_000_000) == ["unchecked unchecked", "error clock-behind"])
    }

    @Test func theDisk() {
        func disk(_ free: Int64, _ total: Int64, inodes: Int64? = nil, syncs: [Int64] = []) -> [String] {
            codes(
                MachineCheck.disk(
                    .init(free: free << 30, total: total << 30, freeInodes: inodes, syncs: syncs), path: "/d"))
        }
        #expect(disk(50, 100, syncs: [3_000]) == ["ok ok"])
        #expect(disk(0, 100) == ["error disk-full"])
        #expect(disk(9, 100) == ["warning disk-short"])
        #expect(disk(10, 100) == ["ok ok"])
        #expect(disk(50, 100, inodes: 9_999) == ["warning inodes-short"])
        // The median decides: one slow sync does not.
        #expect(disk(50, 100, syncs: [900_000, 2_000, 3_000]) == ["ok ok"])
        #expect(disk(50, 100, syncs: [100_001, 200_000, 1]) == ["warning sync-slow"])
        let ok = MachineCheck.disk(.init(free: 3 << 29, total: 2 << 30, freeInodes: nil, syncs: [2_345]), path: "/d")
        #expect(ok.first?.message == "/d has 1.5 GiB free of 2.0, a sync takes 2.3 ms")
    }

    @Test func descriptors() {
        #expect(codes(MachineCheck.descriptors(limit: 1024, needed: 1024)) == ["ok ok"])
        #expect(codes(MachineCheck.descriptors(limit: 1023, needed: 1024)) == ["warning descriptors-few"])
        #expect(codes(MachineCheck.descriptors(limit: 1024, needed: nil)) == ["unchecked unchecked"])
    }

    @Test func filesWithSecretsAreTheirUsersAlone() {
        func file(_ mode: UInt32?, isOwn: Bool = true) -> [String] {
            codes(MachineCheck.secrets([.init(path: "k", what: "the signing key", mode: mode, isOwn: isOwn)]))
        }
        #expect(file(0o600) == ["ok ok"])
        #expect(file(0o400) == ["ok ok"])
        #expect(file(0o640) == ["warning readable-by-group"])
        #expect(file(0o644) == ["error readable-by-all"])
        #expect(file(0o602) == ["error readable-by-all"])
        #expect(file(nil) == ["error file-missing"])
        #expect(file(0o600, isOwn: false) == ["note another-owner"])
        #expect(MachineCheck.secrets([]).map(\.severity) == [.ok])
        // A process that can write the trusted keys is trusted.
        func keys(_ mode: UInt32?) -> [String] {
            codes(
                MachineCheck.secrets([
                    .init(path: "k", what: "the trusted keys", mode: mode, isOwn: false, isPublic: true)
                ]))
        }
        #expect(keys(0o644) == ["ok ok"])
        #expect(keys(0o664) == ["error writable-by-others"])
        #expect(keys(0o646) == ["error writable-by-others"])
        #expect(keys(nil) == ["error file-missing"])
    }
}
