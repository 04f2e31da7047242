import Testing

import Pipeline
@testable import Disasters
import Simulation

/// Time passes for members of the simulated cluster as it does for real ones.
@Suite struct SimulatedTimeTests {
    private static let thread = "fold"
    private static let second: Int64 = 1_000_000
    private static let tooLong = SimulatedGroup.maximumPollInterval + second

    private let cluster = SimulatedCluster(topics: ["ledger": 1], random: SplitMix64(seed: 1), bug: nil)
    private let process: SimulatedProcess
    private let machine: SimulatedMachine
    private var group: SimulatedGroup { cluster.group("fold") }

    init() {
        process = SimulatedProcess(cluster, name: "member-0")
        machine = SimulatedMachine("member-0", cluster, start: 0)
    }

    private func join(as instance: String? = nil) -> Int {
        group.join(process, ["ledger"], as: instance, on: Self.thread, at: cluster.time)
    }

    private func work(_ body: () throws -> Void) rethrows { try cluster.run(on: Self.thread, body) }

    // MARK: Poll deadline

    @Test func whoComputesForTooLongIsExpelledAndAtFault() {
        let member = join()
        work { process.compute(Self.tooLong) }
        #expect(!group.contains(member) && group.expulsions == ["member-0": 1])
        #expect(group.stalls.map(\.member) == ["member-0"] && group.stalls.map(\.busy.own) == [Self.tooLong])
    }

    @Test func aPollBeginsTheTimeAnew() {
        let member = join()
        for _ in 0..<4 {
            work {
                process.compute(Self.tooLong / 2)
                process.polled()
            }
        }
        #expect(group.contains(member) && group.expulsions.isEmpty)
    }

    @Test func whoeverIsNotSteppedIsNotBusy() {
        let member = join()
        cluster.wait(72 * 3600 * Self.second)
        #expect(group.contains(member) && process.busy(on: Self.thread).total == 0)
    }

    @Test func anotherThreadsWorkKeepsNobodyFromPolling() {
        let member = join()
        cluster.run(on: "intake") { process.compute(Self.tooLong) }
        #expect(group.contains(member))
    }

    @Test func whatIsDoneOffThePollKeepsNobodyFromPolling() {
        let member = join()
        let before = cluster.time
        work {
            machine.offThePoll { process.compute(Self.tooLong) }
            process.compute(Self.second)
        }
        machine.background(.storage) { [process] in process.compute(Self.tooLong) }
        work { machine.workInBackground() }
        #expect(group.contains(member) && process.busy(on: Self.thread).own == Self.second)
        #expect(cluster.time - before == 2 * Self.tooLong + Self.second)
    }

    @Test func whoWaitsForTheBrokerIsExpelledAndNotAtFault() {
        let member = join()
        work { process.waitForBroker(Self.tooLong) }
        #expect(!group.contains(member) && group.expulsions == ["member-0": 1] && group.stalls.isEmpty)
    }

    @Test func whoIsCutOffIsNotAtFault() {
        _ = join()
        process.isConnected = false
        work { process.compute(Self.tooLong) }
        #expect(group.expulsions == ["member-0": 1] && group.stalls.isEmpty)
    }

    @Test func aStaticMemberFallsSilentAndIsExpelledASessionLater() {
        let member = join(as: "member-0")
        work { process.compute(Self.tooLong) }
        #expect(group.contains(member) && group.expulsions == ["member-0": 1])
        cluster.wait(SimulatedGroup.session + Self.second)
        #expect(!group.contains(member) && group.expulsions == ["member-0": 1])
    }

    // MARK: Slow disks

    /// Writes and syncs a file.
    private func useDisk() {
        let disk = ProcessDisk(process: process, machine: machine)
        let file = disk.open("/file", create: true, readOnly: false)
        let count = [UInt8](repeating: 7, count: 9).withUnsafeBytes { disk.write(file, $0, at: 0) }
        #expect(count == 9 && disk.sync(file) == 0 && disk.syncDirectory("/") == 0 && disk.close(file) == 0)
    }

    @Test func aDiskTakesNoTimeUnlessItIsSlow() {
        work { useDisk() }
        #expect(cluster.time == 0 && process.busy(on: Self.thread).total == 0)
    }

    @Test func aSlowDiskKeepsWhoeverCallsIt() {
        machine.hasSlowDisk = true
        work { useDisk() }
        #expect(cluster.time > 0 && process.busy(on: Self.thread).own == cluster.time)
    }

    @Test func aSlowDiskKeepsNoPollFromWhichItIsNotCalled() {
        machine.hasSlowDisk = true
        work { machine.offThePoll { useDisk() } }
        #expect(cluster.time > 0 && process.busy(on: Self.thread).total == 0)
    }

    // MARK: Slow brokers

    @Test func slowBrokersAnswerLateOrNotWithinTheTimeOut() throws {
        cluster.goSlow(for: 60 * Self.second)
        try work { try process.request(timeoutMilliseconds: 10_000) }
        #expect(cluster.time >= 200_000 && process.busy(on: Self.thread).waiting == cluster.time)
        let before = cluster.time
        #expect(throws: (any Error).self) { try process.request(timeoutMilliseconds: 100) }
        #expect(cluster.time - before == 100_000)
        cluster.goFast()
        #expect(!cluster.isSlow && cluster.latency < 200_000)
    }
}
