import Logging
import Testing

@testable import Pipeline

@Suite struct GuardedClockTests {
    private let runtime = StillRuntime()
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func itRunsWithTheWallClock() {
        let clock = GuardedClock(runtime, logger)
        for _ in 0..<100 {
            runtime.pass(seconds: 3000)
            #expect(clock.time == runtime.wallClock)
        }
    }

    @Test(arguments: [24, -24] as [Int64]) func aStepIsNotBelievedUntilItHasBeenWatchedForAnHour(hours: Int64) {
        let clock = GuardedClock(runtime, logger)
        runtime.step(hours: hours)
        let error = hours * 3_600_000_000
        for _ in 0..<119 {
            #expect(clock.time == runtime.wallClock - error)
            runtime.pass(seconds: 30)
        }
        #expect(clock.time == runtime.wallClock - error)
        runtime.pass(seconds: 60)
        #expect(clock.time == runtime.wallClock)
    }

    @Test func whoLooksAwayWatchesAnew() {
        let clock = GuardedClock(runtime, logger)
        runtime.step(hours: 24)
        #expect(clock.time == runtime.wallClock - 24 * 3_600_000_000)
        runtime.pass(seconds: 7200)
        #expect(clock.time == runtime.wallClock - 24 * 3_600_000_000)
    }

    @Test func aStepThatIsTakenBackLeavesNothing() {
        let clock = GuardedClock(runtime, logger)
        runtime.step(hours: -24)
        _ = clock.time
        runtime.pass(seconds: 50)
        runtime.step(hours: 24)
        #expect(clock.time == runtime.wallClock)
        runtime.step(hours: -24)
        for _ in 0..<100 {
            #expect(clock.time == runtime.wallClock + 24 * 3_600_000_000)
            runtime.pass(seconds: 30)
        }
    }

    /// As NTP does it.
    @Test func aSmallCorrectionIsFollowed() {
        let clock = GuardedClock(runtime, logger)
        runtime.pass(seconds: 10)
        _ = clock.time
        for _ in 0..<100 {
            runtime.pass(seconds: 61)
            #expect(clock.time == runtime.wallClock)
        }
    }
}

@Suite struct MemoryWatchTests {
    private let runtime = StillRuntime()
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func isFull(
        _ watch: MemoryWatch, at resident: Int64, growth: Int64 = 0, afterSeconds seconds: Int64 = 1
    ) -> Bool {
        runtime.residentBytes = resident
        runtime.pass(seconds: seconds)
        watch.expect(growth: growth)
        watch.look()
        return watch.isFull
    }

    @Test func itIsFullAtTheLimitAndHasRoomAgainBelowIt() {
        let watch = MemoryWatch(limit: 1000, runtime: runtime, logger: logger)
        #expect(!isFull(watch, at: 999))
        #expect(isFull(watch, at: 1000))
        #expect(isFull(watch, at: 951, afterSeconds: 1000))
        #expect(isFull(watch, at: 949))
        #expect(!isFull(watch, at: 949, afterSeconds: 120))
        #expect(isFull(watch, at: 700, growth: 300), "the next growth is reserved")
    }

    /// Between batches of enrolments the memory of records in flight is free.
    @Test func aPauseInTheTrafficMakesNoRoom() {
        let watch = MemoryWatch(limit: 1000, runtime: runtime, logger: logger)
        #expect(isFull(watch, at: 1000))
        for _ in 0..<10 {
            #expect(isFull(watch, at: 900) && isFull(watch, at: 900, afterSeconds: 119))
            #expect(isFull(watch, at: 960))
        }
        #expect(isFull(watch, at: 900) && !isFull(watch, at: 900, afterSeconds: 120))
        #expect(!isFull(watch, at: 999), "once it has room, only the limit counts")
    }

    @Test func whatSecondStatesWillTakeIsKeptFree() {
        let watch = MemoryWatch(limit: 1000, runtime: runtime, logger: logger)
        runtime.residentBytes = 450
        #expect(watch.room == 500)
        let first = watch.reserve(300, for: 0)
        #expect(first.isReserved && watch.room == 200)
        let second = watch.reserve(201, for: 1)
        #expect(!second.isReserved && second.room == 200)
        let again = watch.reserve(500, for: 0)
        #expect(again.isReserved, "its own share is not counted twice")
        watch.note(.init(bytes: 300, growth: 20, left: 80), of: 0)
        runtime.residentBytes = 750
        #expect(watch.room == 100)
        watch.note(nil, of: 0)
        #expect(watch.room == 200)
        watch.noteEnd(of: 300)
        #expect(watch.room == 500, "what is about to be freed is no more")
        runtime.residentBytes = 450
        watch.noteFreed(300)
        #expect(watch.room == 500)
        let unlimited = MemoryWatch(limit: nil, runtime: runtime, logger: logger)
        let third = unlimited.reserve(.max, for: 0)
        #expect(third.isReserved && unlimited.room == nil)
    }

    @Test func secondStatesMustGoBeforeItIsFullAndTakeNobodysPlace() {
        let watch = MemoryWatch(limit: 1000, runtime: runtime, logger: logger)
        watch.note(.init(bytes: 300, growth: 50), of: 0)
        #expect(!isFull(watch, at: 899) && !watch.isTight)
        #expect(!isFull(watch, at: 900) && watch.isTight, "with what they take at once")
        #expect(!isFull(watch, at: 1299), "what they take counts as free")
        #expect(isFull(watch, at: 1300))
        #expect(isFull(watch, at: 1200) && !isFull(watch, at: 1200, afterSeconds: 120))
        watch.note(nil, of: 0)
        watch.noteEnd(of: 300)
        #expect(!isFull(watch, at: 1200) && !watch.isTight, "until it is freed")
        watch.noteFreed(300)
        #expect(!isFull(watch, at: 900) && !watch.isTight)
        #expect(isFull(watch, at: 1000) && watch.isTight)
    }

    @Test func withoutALimitNothingIsFull() {
        let watch = MemoryWatch(limit: nil, runtime: runtime, logger: logger)
        #expect(!isFull(watch, at: .max / 2))
    }

    @Test func theOwnerOfAPartitionSaysWhetherItIsFull() {
        let directory = MemberDirectory(member: "m")
        directory.ownAddress = "here:1"
        func note(_ address: String, _ partitions: [Int32], isFull: Bool) {
            directory.note(
                MemberAnnouncement(member: "m", address: address, partitions: partitions, isFull: isFull), key: address,
                ledgerPartitions: 4)
        }
        note("here:1", [0], isFull: false)
        note("there:1", [1], isFull: true)
        #expect(directory.isFull(0, unknown: true) && !directory.isFull(0, unknown: false), "this process knows itself")
        #expect(directory.isFull(1, unknown: false))
        #expect(directory.isFull(2, unknown: true) && !directory.isFull(2, unknown: false))
        note("there:1", [1], isFull: false)
        let now = ContinuousClock().now
        #expect(!directory.isFull(1, unknown: true))
        #expect(directory.news(of: [0], isFull: true, at: now)?.full == true)
        #expect(directory.news(of: [0], isFull: true, at: now) == nil)
        #expect(directory.news(of: [0], at: now)?.full == nil)
    }
}
