import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

/// A frame that is folded in slices comes to what it comes to as a whole.
@Suite struct SliceTests {
    typealias Frames = [(offset: Int64, bytes: [UInt8])]

    static func slice(_ units: Int) -> PartitionFold.Slice {
        PartitionFold.Slice(entries: units, timers: units, history: units, facts: units, cost: units)
    }

    /// What a partition's fold has come to.
    struct Outcome: Equatable {
        var facts: [String]
        var digest: StateDigest
        var sequences: [Int64]
        var counters: FoldCounters
        var repeatedFrames: Int64
        var brokenFrames: Int64
        var repeatedOrigins: Int64
        var nextOffset: Int64

        init(_ facts: [String], _ fold: borrowing PartitionFold) {
            self.facts = facts
            (digest, sequences, counters) = (fold.fold.digest(), fold.sequences, fold.fold.counters)
            let acceptance = fold.acceptance
            (repeatedFrames, brokenFrames) = (acceptance.repeatedFrames, acceptance.brokenFrames)
            (repeatedOrigins, nextOffset) = (acceptance.repeatedOrigins, fold.nextOffset)
        }
    }

    static func values(_ batch: borrowing EncodedFacts) -> [String] {
        batch.items.map { item in
            "\(item.topic) \(item.sequence) \(String(decoding: batch.key(item), as: UTF8.self)) "
                + String(decoding: batch.value(item), as: UTF8.self)
        }
    }

    static func whole(_ frames: Frames, _ fold: inout PartitionFold) throws -> Outcome {
        var batch = EncodedFacts()
        for frame in frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &batch)
            }
        }
        return Outcome(values(batch), fold)
    }

    /// Folds a part of a frame whose bytes are gone when it returns; the facts of the part.
    static func part(
        _ frame: (offset: Int64, bytes: [UInt8]), _ slice: PartitionFold.Slice, above published: [Int64] = [0, 0, 0],
        _ fold: inout PartitionFold
    ) throws -> (progress: PartitionFold.Progress, facts: [String]) {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.bytes.count, alignment: 1)
        bytes.copyBytes(from: frame.bytes)
        defer {
            for index in bytes.indices { bytes[index] = 0xEE }
            bytes.deallocate()
        }
        var batch = EncodedFacts()
        let progress = try fold.apply(
            frame: UnsafeRawBufferPointer(bytes), at: frame.offset, above: published, into: &batch, within: slice)
        return (progress, values(batch))
    }

    static func slices(_ frames: Frames, _ slice: PartitionFold.Slice, _ fold: inout PartitionFold) throws -> Outcome {
        var facts: [String] = []
        var calls = 0
        for frame in frames {
            var isDone = false
            while !isDone {
                let before = fold.nextOffset
                let part = try part(frame, slice, &fold)
                facts += part.facts
                isDone = part.progress == .done
                let (isWithin, isSpoiled, next) = (fold.isWithinFrame, fold.isSpoiled, fold.nextOffset)
                #expect(isWithin == !isDone && !isSpoiled)
                #expect(next == (isDone ? frame.offset + 1 : before))
                calls += 1
                if !isDone, calls % 64 == 0 { expectNoSnapshot(fold) }
            }
        }
        return Outcome(facts, fold)
    }

    /// Standings can be asked for, and a snapshot is refused.
    static func expectNoSnapshot(_ fold: borrowing PartitionFold) {
        var subjects = 0
        fold.fold.forEachStanding { _ in subjects += 1 }
        let count = fold.fold.subjectCount
        #expect(subjects == count)
        do {
            try fold.writeSnapshot(chainHead: [UInt8](repeating: 0, count: 32)) { _ in }
            Issue.record("a snapshot of half a frame")
        } catch {
            #expect("\(error)".contains("folded in part") || "\(error)".contains("not begun"))
        }
    }

    static func fold(_ frames: Frames) -> PartitionFold {
        PartitionFold(
            partition: RandomLedger.partition,
            history: { end in
                MemoryFrames(frames.filter { $0.offset < end })
            })
    }

    /// Of a ledger that ends with two switches of its policy besides.
    private static func expectTheSame(_ ledger: Frames, skipped: Set<Int64> = [], _ comment: Comment) throws {
        var frames = ledger
        for (number, text) in [RandomLedger.others[0], RandomLedger.others[1]].enumerated() {
            let activation = LedgerEntry.event(
                type: "standing.policy.activated", subject: "", offset: Int64(number), topic: "policies",
                data: LedgerEntry.policyData(text))
            frames.append(
                (
                    frames[frames.count - 1].offset + 1,
                    LedgerEntry.frame(session: 80, number: UInt64(number), [activation, .tick(86_400 * 300)])
                ))
        }
        var fold = Self.fold(frames)
        for offset in skipped { fold.skip(offset) }
        let expected = try whole(frames, &fold)
        #expect(expected.counters.policySwitches >= 1 && !expected.facts.isEmpty)
        for units in [1, 7, 100] {
            var fold = Self.fold(frames)
            for offset in skipped { fold.skip(offset) }
            let found = try slices(frames, slice(units), &fold)
            #expect(found == expected, "\(comment), \(units) units")
        }
    }

    // MARK: The same as the whole

    @Test(arguments: UInt64(1)...6) func slicesGiveTheFactsAndTheStateOfTheWhole(seed: UInt64) throws {
        try Self.expectTheSame(RandomLedger(seed: seed, frames: 70).frames, "seed \(seed)")
    }

    /// A ledger of the second fold version, whose entries move it to the next ones, in a frame with others.
    @Test(arguments: UInt64(11)...13) func slicesOfALedgerThatIsUpgraded(seed: UInt64) throws {
        var frames = RandomLedger(seed: seed, frames: 60).frames
        frames[0].bytes = LedgerEntry.frame(
            session: 9,
            [
                .system(
                    type: "standing.policy.activated",
                    data: LedgerEntry.policyData(RandomLedger.text)
                        .replacing(#","ledger":"city","fold-version":6"#, with: ""))
            ])
        let indexes = [20, 40]
        for (version, index) in zip([3, 6], indexes) {
            let data = #"{"ledger":"city","fold-version":\#(version)}"#
            let upgrade = LedgerEntry.frame(
                session: UInt64(50 + version),
                [
                    .tick(86_400 * Int64(index)), .system(type: "standing.ledger.upgraded", data: data),
                    .tick(86_400 * Int64(index + 1)),
                ])
            let offset = frames[index].offset
            for later in frames.indices where later >= index { frames[later].offset += 1 }
            frames.insert((offset, upgrade), at: index)
        }
        try Self.expectTheSame(frames, "seed \(seed)")
    }

    /// Records that cannot be read or folded, and are passed over.
    @Test(arguments: SkipSearchTests.Stray.allCases) func slicesOfALedgerWithASkippedRecord(
        stray: SkipSearchTests.Stray
    ) throws {
        let (frames, offset) = Self.with(stray, behind: 12, in: RandomLedger(seed: 5, frames: 40).frames)
        try Self.expectTheSame(frames, skipped: [offset], "\(stray)")
    }

    static func with(
        _ stray: SkipSearchTests.Stray, behind index: Int, in frames: Frames
    ) -> (frames: Frames, offset: Int64) {
        let offset = frames[index].offset + 1
        let record = (offset: offset, bytes: stray.bytes(after: frames[index].bytes))
        let later = frames[(index + 1)...].map { (offset: $0.offset + 1, bytes: $0.bytes) }
        return (Array(frames[...index]) + [record] + later, offset)
    }

    /// What is published meanwhile is left out of the parts that follow.
    @Test func factsThatArePublishedMeanwhileAreLeftOut() throws {
        let frames = RandomLedger(seed: 2, frames: 40).frames
        var fold = Self.fold(frames)
        let expected = try Self.whole(frames, &fold)
        var other = Self.fold(frames)
        var emitted: [String] = []
        for frame in frames {
            var published: [Int64] = [0, 0, 0]
            while true {
                let part = try Self.part(frame, Self.slice(2), above: published, &other)
                emitted += part.facts
                if part.progress == .done { break }
                // All scores there are, and those that are to come.
                published[0] = .max
            }
        }
        let scores = emitted.filter { $0.hasPrefix("scoreChanges") }.count
        #expect(
            emitted.filter { !$0.hasPrefix("scoreChanges") } == expected.facts.filter { !$0.hasPrefix("scoreChanges") })
        #expect(scores < expected.facts.filter { $0.hasPrefix("scoreChanges") }.count)
        let sequences = other.sequences
        #expect(sequences == expected.sequences)
    }

    // MARK: Bounds

    /// 100,000 buckets end with one tick: no part has more facts than its slice allows, nor more timers.
    @Test func aMonthsEndOfManyBucketsNeverHasMoreFactsThanItsSlice() throws {
        let rules = (1...5).map {
            "  - {id: r\($0), dimension: d, event: deed, points: \($0), per: month, lasts: 1 month}"
        }
        let policy = """
            policy: months
            version: 1
            score: {base: 0, min: -1000, max: 1000}
            dimensions: {d: {}}
            rules:
            \(rules.joined(separator: "\n"))
            bands: [{name: A, from: -1000}]

            """
        let people = 20_000
        var frames: Frames = [(0, LedgerEntry.frame(session: 1, [.policy(policy)]))]
        for start in stride(from: 0, to: people, by: 1000) {
            let entries = (start..<start + 1000).flatMap { number -> [LedgerEntry] in
                let person = "p\(number * 7919 % people)"
                return [
                    .enrolled(person, offset: Int64(2 * number)),
                    .happened("deed", person, offset: Int64(2 * number + 1)),
                ]
            }
            frames.append((Int64(frames.count), LedgerEntry.frame(session: 1, number: UInt64(frames.count), entries)))
        }
        let end = (
            offset: Int64(frames.count),
            bytes: LedgerEntry.frame(session: 1, number: UInt64(frames.count), [.tick(86_400 * 200)])
        )
        var fold = Self.fold(frames)
        _ = try Self.whole(frames, &fold)
        let expected = try Self.whole([end], &fold)
        #expect(expected.facts.count == people)
        for (facts, most) in [(1000, 201), (50, 50)] {
            var fold = Self.fold(frames)
            _ = try Self.whole(frames, &fold)
            var emitted: [String] = []
            var (parts, greatest) = (0, 0)
            while true {
                let part = try Self.part(end, PartitionFold.Slice(timers: 1000, facts: facts), &fold)
                emitted += part.facts
                (parts, greatest) = (parts + 1, max(greatest, part.facts.count))
                if part.progress == .done { break }
            }
            #expect(greatest <= most && greatest > 0)
            // Each timer once where it is put in order, and once where it fires.
            #expect(parts >= 5 * people * 2 / 1004)
            #expect(Outcome(emitted, fold) == expected)
        }
    }

    /// The facts of a switch come in parts too.
    @Test func theFactsOfASwitchNeverHaveMoreThanTheirSlice() throws {
        let people = (0..<300).map { "p\($0 * 37 % 300)" }
        let start = LedgerEntry.frame([.policy(TestPolicy.text)])
        let lives = people.enumerated().flatMap { number, person -> [LedgerEntry] in
            [
                .enrolled(person, offset: Int64(2 * number)),
                .happened("bill.paid", person, offset: Int64(2 * number + 1)),
            ]
        }
        let frames: Frames = [
            (0, start), (1, LedgerEntry.frame(number: 1, lives)),
            (2, LedgerEntry.frame(number: 2, [Self.activation(1000), .happened("bill.paid", "p1", offset: 1001)])),
        ]
        var fold = Self.fold(frames)
        let expected = try Self.whole(frames, &fold)
        var other = Self.fold(frames)
        var emitted = try Self.whole(Array(frames.dropLast()), &other).facts
        var greatest = 0
        while true {
            let part = try Self.part(frames[2], PartitionFold.Slice(facts: 20), &other)
            emitted += part.facts
            greatest = max(greatest, part.facts.count)
            if part.progress == .done { break }
        }
        #expect(greatest <= 20 && greatest > 0)
        #expect(Outcome(emitted, other) == expected)
        #expect(expected.facts.count > 900)
    }

    // MARK: A policy switch

    private static let next = TestPolicy.text.replacing("version: 2", with: "version: 3")
        .replacing("points: 15", with: "points: 50")

    private static func activation(_ offset: Int64, _ text: String = next) -> LedgerEntry {
        .event(type: "standing.policy.activated", subject: "", offset: offset, data: LedgerEntry.policyData(text))
    }

    private static func scores(_ fold: borrowing PartitionFold) -> [String: Int64] {
        var scores: [String: Int64] = [:]
        fold.fold.forEachStanding { scores[String(decoding: $0.subject, as: UTF8.self)] = $0.level.score }
        return scores
    }

    /// A frame with the activation in its midst, after 20 frames of history.
    static func ledgerWithASwitch() -> Frames {
        var frames: Frames = [(0, LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("anna", offset: 0)]))]
        for number in 1...20 {
            let offset = Int64(number)
            frames.append(
                (offset, LedgerEntry.frame(number: UInt64(number), [.happened("bill.paid", "anna", offset: offset)])))
        }
        frames.append(
            (
                21,
                LedgerEntry.frame(
                    number: 21,
                    [
                        .happened("bill.missed", "anna", offset: 21), activation(22),
                        .happened("bill.missed", "anna", offset: 23),
                    ])
            ))
        return frames
    }

    @Test func aSwitchAnswersUnderTheOldPolicyUntilItIsDone() throws {
        let frames = Self.ledgerWithASwitch()
        var fold = Self.fold(frames)
        _ = try Self.whole(Array(frames.dropLast()), &fold)
        var steps: [PartitionFold.PolicySwitch] = []
        var emitted: [String] = []
        while true {
            let part = try Self.part(frames[21], Self.slice(3), &fold)
            emitted += part.facts
            let (step, version) = (fold.policySwitch, fold.policy?.version)
            guard let step else {
                if part.progress == .done { break }
                continue
            }
            steps.append(step)
            let scores = Self.scores(fold)
            #expect(part.progress == .unfinished && version == 2)
            #expect(scores == ["anna": 600 + 20 * 15 - 60])
            // The entry before the activation is folded, and its facts are out.
            #expect(emitted.contains { $0.contains(#""score":840"#) })
        }
        #expect(steps.count > 5)
        #expect(steps.allSatisfy { $0.id == "town" && $0.version == 3 && $0.total == 21 && $0.folded <= 21 })
        #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.folded <= $1.folded })
        #expect(steps.first.map { $0.folded < 21 } == true && steps.last?.folded == 21)
        let (version, switches) = (fold.policy?.version, fold.fold.counters.policySwitches)
        #expect(version == 3 && switches == 1)
        let scores = Self.scores(fold)
        #expect(scores == ["anna": 950], "as much as a score can be")
    }

    /// There is no preview of a policy within a frame.
    @Test func withinAFrameThereIsNoPreview() throws {
        let frames = Self.ledgerWithASwitch()
        var fold = Self.fold(frames)
        _ = try Self.whole(Array(frames.dropLast()), &fold)
        while try Self.part(frames[21], Self.slice(1), &fold).progress == .unfinished {
            guard fold.policySwitch != nil, let policy = fold.policy else { continue }
            do {
                _ = try fold.preview(policy) { _ in MemoryFrames([]) }
                Issue.record("a preview within a frame")
            } catch {
                #expect("\(error)".contains("folded in part"))
            }
            break
        }
    }
}
