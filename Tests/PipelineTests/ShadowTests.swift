import Events
import Ledger
import Policy
import Replay
import Scoring
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// A policy that is folded beside the active one, in a partition at work.
@Suite struct ShadowTests {
    private static let candidate = PipelineFixture.policyText.replacing("version: 1", with: "version: 2")
        .replacing("base: 500", with: "base: 510")
    private let order = ShadowOrder(text: Self.candidate, since: Timestamp(microseconds: 0))

    private func hash(_ runner: PartitionRunner) -> String? {
        runner.partition?.withFold { $0.shadow?.policyHash }
    }

    // MARK: The way

    @Test func anOrderedPolicyIsFoldedFromTheArchiveThenLiveAndCompared() throws {
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 5), runner)
        #expect(runner.status.shadow == nil)
        stage.order(.shadow(order), runner)
        let shadow = try #require(runner.status.shadow)
        #expect(shadow.phase == .live && shadow.folded == 7 && shadow.total == 7 && !shadow.isStandby)
        let difference = try #require(shadow.difference)
        #expect(difference.subjects == 1 && difference.scores.higher == 1)
        #expect(difference.sample.map(\.subject) == ["anna"] && difference.sample.map(\.difference) == [10])

        stage.poll([Frames.bills(from: 7, at: 7)], from: 7, runner)
        #expect(runner.status.shadow?.phase == .live && runner.status.shadow?.folded == 8)
        #expect(runner.status.shadow?.difference?.partitions.map(\.toOffset) == [7], "it is not time yet")
        stage.runtime.clock.pass(ShadowWork.compareEvery)
        stage.poke(runner)
        #expect(runner.status.shadow?.difference?.partitions.map(\.toOffset) == [8])
        #expect(runner.status.shadow?.difference?.sample.map(\.live.score) == [560])

        stage.order(.shadow(nil), runner)
        #expect(runner.status.shadow == nil && hash(runner) == nil)
    }

    /// The order can come before anything is folded.
    @Test func theFactsAreThoseThatThereAreWithoutAShadow() throws {
        let frames = try Frames.ledger(bills: 9)
        var sent: [[MemoryKafka.Sent]] = []
        for hasShadow in [false, true] {
            let stage = try RunnerStage(archives: true)
            let runner = stage.owned()
            if hasShadow { stage.order(.shadow(order), runner) }
            #expect(runner.status.shadow?.phase == (hasShadow ? .waiting : nil), "there is no policy yet")
            stage.poll(frames, runner)
            if hasShadow { #expect(runner.status.shadow?.phase == .live) }
            sent.append(stage.kafka.sent)
        }
        #expect(sent[0] == sent[1] && sent[0].count > 9)
    }

    @Test func anotherOrderTakesThePlaceOfTheFirst() throws {
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 2), runner)
        stage.order(.shadow(order), runner)
        #expect(hash(runner) == order.hash)
        let second = ShadowOrder(
            text: Self.candidate.replacing("base: 510", with: "base: 490"), since: Timestamp(microseconds: 1))
        stage.order(.shadow(second), runner)
        #expect(hash(runner) == second.hash)
        #expect(runner.status.shadow?.phase == .live && runner.status.shadow?.difference?.scores.lower == 1)
    }

    /// The facts, too, are those of a switch without a shadow.
    @Test func anActivationOfWhatIsInTheShadowEndsTheShadow() throws {
        var frames = try Frames.ledger(bills: 3)
        frames.append(try Frames.activation(of: Self.candidate, at: 5))
        frames.append(Frames.bills(from: 6, at: 6))
        var sent: [[MemoryKafka.Sent]] = []
        for hasShadow in [false, true] {
            let stage = try RunnerStage(archives: true)
            let runner = stage.owned()
            stage.poll(Array(frames[..<5]), runner)
            if hasShadow {
                stage.order(.shadow(order), runner)
                #expect(runner.status.shadow?.phase == .live)
            }
            stage.poll(Array(frames[5...]), from: 5, runner)
            let version = runner.partition?.withFold { $0.policy?.version }
            #expect(version == 2)
            if hasShadow { #expect(runner.status.shadow?.phase == .active && hash(runner) == nil) }
            sent.append(stage.kafka.sent)
        }
        #expect(sent[0] == sent[1])
    }

    @Test func aStandbyFoldsAShadowToo() throws {
        let stage = try RunnerStage(archives: true)
        let runner = stage.open()
        stage.begin(.read, runner)
        stage.poll(try Frames.ledger(bills: 3), runner)
        runner.inbox.note(publishedByOwner: 5)
        stage.poke(runner)
        #expect(runner.status.nextOffset == 5)
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.isStandby == true && runner.status.shadow?.phase == .live)
        #expect(stage.kafka.sent.isEmpty)
    }

    @Test func aStateThatIsReplacedBeginsItsShadowAnew() throws {
        let frames = try Frames.ledger(bills: 4)
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(frames, runner)
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.phase == .live)
        // Nothing of what it has sent is published: the state is ahead of its facts, and another one is folded.
        stage.begin(.assign, runner)
        stage.order(.recover(.init(committed: 0, marks: RunnerStage.blank, end: 6)), runner)
        #expect(runner.status.nextOffset == 6)
        #expect(runner.status.shadow?.phase == .live && hash(runner) == order.hash)
    }

    // MARK: The share

    /// Time stands still: a slice has as many frames as there may be in one.
    @Test func whileThereIsSomethingToFoldTheShadowHasItsShareOnly() throws {
        let (before, after, size) = (300, 640, 30)
        let frames = (0..<before + after).map { number in
            Frames.bills(size, from: 1000 + Int64(number * size), at: Int64(number + 2))
        }
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 0) + frames[..<before], runner)
        runner.inbox.order(.shadow(order))
        stage.add(Array(frames[before...]), from: Int64(before + 2), to: runner)
        let end = Int64(before + after + 2)
        while runner.status.nextOffset < end { #expect(stage.environment.slices.runNext()) }
        let folded = try #require(runner.status.shadow?.folded)
        #expect(folded > 0 && folded <= Int64(after) / ShadowWork.share + 2)
        stage.settle()
        #expect(runner.status.shadow?.phase == .live && runner.status.shadow?.folded == end)
    }

    @Test func whatIsNotOwedToTheShadowWaitsForAWorkerOfItsOwn() throws {
        let (count, size) = (300, 30)
        let frames = (0..<count).map { number in
            Frames.bills(size, from: 1000 + Int64(number * size), at: Int64(number + 2))
        }
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 0) + frames, runner)
        runner.inbox.order(.shadow(order))
        stage.environment.slices.ready(runner)
        #expect(stage.environment.slices.runNext())
        #expect(runner.status.shadow?.phase == .folding && runner.status.shadow?.folded == 0)
        #expect(stage.environment.slices.readyCount == 0 && stage.environment.slices.count == 1)
        #expect(stage.environment.slices.runNext())
        let folded = try #require(runner.status.shadow?.folded)
        #expect(folded > 0 && folded <= Int64(PartitionFold.Slice.standardHistory / size))
        #expect(stage.environment.slices.readyCount == 0 && stage.environment.slices.count == 1)
        stage.settle()
        #expect(runner.status.shadow?.phase == .live)
    }

    @Test func whatIsOwedToTheShadowIsPaidInPieces() {
        var work = ShadowWork(order)
        work.owe(for: ShadowWork.leastPiece * ShadowWork.share - 1, isBehind: true)
        #expect(work.takePiece() == nil)
        work.owe(for: ShadowWork.share, isBehind: true)
        #expect(work.takePiece() == Int(ShadowWork.leastPiece) && work.takePiece() == nil)
        work.owe(for: .max, isBehind: true)
        var pieces: [Int] = []
        while let piece = work.takePiece() { pieces.append(piece) }
        #expect(pieces == [Int](repeating: Int(ShadowWork.mostPiece), count: 4))
        // What it did not follow.
        work.hasBeenLive = true
        work.owe(for: 300, isBehind: true)
        #expect(work.takePiece() == 300)
        work.owe(for: 300, isBehind: false)
        #expect(work.takePiece() == nil)
    }

    // MARK: What is refused

    private func refusal(_ stage: RunnerStage, _ order: ShadowOrder) throws -> String {
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 1), runner)
        stage.order(.shadow(order), runner)
        let shadow = try #require(runner.status.shadow)
        #expect(shadow.phase == .refused && hash(runner) == nil)
        stage.poll([Frames.bills(from: 3, at: 3)], from: 3, runner)
        #expect(runner.status.nextOffset == 4, "the partition goes on")
        return shadow.reason ?? ""
    }

    @Test func withoutAnArchiveItIsRefused() throws {
        #expect(try refusal(RunnerStage(), order).contains("no archive"))
    }

    @Test func whatDoesNotCompileIsRefused() throws {
        let bad = ShadowOrder(text: "policy: hamlet", since: Timestamp(microseconds: 0))
        #expect(try refusal(RunnerStage(archives: true), bad).contains("does not compile"))
    }

    @Test func withoutRoomForASecondStateItIsRefused() throws {
        let stage = try RunnerStage(archives: true, memoryLimit: 1_000_000)
        stage.runtime.clock.residentBytes = 999_999
        #expect(try refusal(stage, order).contains("--memory-limit"))
    }

    @Test func atTheMemoryLimitTheShadowGoesAndNotTheEnrolments() throws {
        let stage = try RunnerStage(archives: true, memoryLimit: 1 << 30)
        let limit = try #require(stage.environment.memory.limit)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 1), runner)
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.phase == .live)
        let bytes = try #require(runner.partition?.withFold { $0.withShadow { Int64($0.byteCount) } ?? 0 })
        #expect(bytes > 1)
        let memory = stage.environment.memory
        // From the limit on the intake makes enrolments dead letters.
        func look(at resident: Int64) {
            stage.runtime.clock.residentBytes = resident
            stage.runtime.clock.pass(seconds: 1)
            memory.look()
        }
        look(at: limit + bytes - 1)
        #expect(memory.isTight && !memory.isFull, "an enrolment has room")
        stage.environment.slices.ready(runner)
        stage.runSlices()
        #expect(runner.status.shadow?.phase == .refused && hash(runner) == nil)
        look(at: limit + bytes - 1)
        #expect(!memory.isFull, "what is not freed yet does not count")
        stage.settle()
        look(at: limit - 1)
        #expect(!memory.isFull)
        stage.poll([Frames.bills(from: 3, at: 3)], from: 3, runner)
        #expect(runner.status.nextOffset == 4 && hash(runner) == nil)
        // It comes back with another order.
        look(at: 0)
        stage.order(.shadow(nil), runner)
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.phase == .live)
    }

    /// A refusal is of its order, and not of the policy.
    @Test func aNewOrderOfTheSamePolicyIsTriedAgain() throws {
        let stage = try RunnerStage(archives: true, memoryLimit: 1 << 30)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 1), runner)
        stage.runtime.clock.residentBytes = 1 << 30
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.phase == .refused)
        stage.runtime.clock.residentBytes = 0
        stage.order(.shadow(order), runner)
        #expect(runner.status.shadow?.phase == .refused && runner.status.shadow?.order == order, "it is the same order")
        let again = ShadowOrder(text: Self.candidate, since: Timestamp(microseconds: 1))
        stage.order(.shadow(again), runner)
        #expect(runner.status.shadow?.phase == .live && runner.status.shadow?.order == again)
    }

    // MARK: The report

    /// Before the order is taken away.
    @Test func aPolicyIsActiveWhereTheOwnersOfAllPartitionsSaySo() {
        func report(_ partitions: (Int32, Bool, PipelineReading.Shadow.Phase)...) -> ShadowReport {
            ShadowReport(
                member: "one", reason: nil, shadow: nil,
                partitions: partitions.map {
                    .init(partition: $0.0, standby: $0.1, phase: $0.2, folded: 0, total: 0, reason: nil)
                }, difference: nil, work: .init(partitions: [], workers: 1, entriesPerSecond: nil))
        }
        let one = report((0, false, .active), (1, true, .active))
        let isActive = ShadowReport.isActive(in: [0, 1], by: [one, report((1, false, .active))])
        #expect(isActive)
        let nobody = ShadowReport.isActive(in: [0, 1], by: [])
        #expect(!nobody, "nobody has said so")
        let unowned = ShadowReport.isActive(in: [0, 1], by: [one])
        #expect(!unowned, "a standby's word is not its owner's")
        let waiting = ShadowReport.isActive(in: [0], by: [one, report((1, true, .live))])
        #expect(!waiting)
    }

    @Test func aMemberThatFoldsNothingHasNoPartInTheWork() throws {
        func report(_ partitions: [ShadowReport.Work.Size], _ rate: Double?) -> ShadowReport {
            ShadowReport(
                member: "one", reason: nil, shadow: nil, partitions: [], difference: nil,
                work: .init(partitions: partitions, workers: 1, entriesPerSecond: rate))
        }
        let intake = report([], nil)
        #expect(ShadowReport.totalWork(of: [intake]) == nil && ShadowReport.totalWork(of: []) == nil)
        let fold = report(
            [.init(partition: 0, standby: false, entries: 400), .init(partition: 1, standby: true, entries: 100)], 10)
        let work = try #require(ShadowReport.totalWork(of: [intake, fold]))
        #expect(work == .init(members: 1, partitions: 1, entries: 400, seconds: 50, isMeasured: true))
        let unmeasured = report([.init(partition: 1, standby: false, entries: 100)], nil)
        let both = try #require(ShadowReport.totalWork(of: [fold, unmeasured, intake]))
        #expect(both.members == 2 && both.partitions == 2 && both.entries == 500 && !both.isMeasured)
    }

    @Test func aReportComesBackAsItWentAndSaysWhatThereIsNone() throws {
        let work = ShadowReport.Work(
            partitions: [
                .init(partition: 0, standby: false, entries: 400), .init(partition: 1, standby: true, entries: 100),
            ],
            workers: 2, entriesPerSecond: 10)
        #expect(work.seconds == 40, "the longest partition is folded by one worker")
        let none = ShadowReport(
            member: "one", reason: nil, shadow: nil, partitions: [], difference: nil, work: work)
        let text = String(decoding: none.json, as: UTF8.self)
        #expect(text.contains(#""shadow":null"#) && text.contains(#""canShadow":true"#))
        let some = ShadowReport(
            member: "one", reason: "no room", shadow: .init(order),
            partitions: [.init(partition: 0, standby: false, phase: .folding, folded: 1, total: 2, reason: nil)],
            difference: nil, work: work)
        let found = try #require(ShadowReport(json: some.json))
        #expect(!found.canShadow && found.reason == "no room" && found.shadow == .init(order))
        #expect(found.partitions == some.partitions && found.work == work)
        #expect(ShadowReport(json: Array("{}".utf8)) == nil)
    }
}
