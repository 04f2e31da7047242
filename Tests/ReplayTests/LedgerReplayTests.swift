import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Synchronization
import Testing

@Suite struct LedgerReplayTests {
    private let ledgers: [RandomLedger]

    init() { ledgers = (0..<5).map { RandomLedger(seed: 40 + $0, frames: 60) } }

    /// The partitions' frames; `calls` may fail.
    private func source(_ ledgers: [RandomLedger]) -> LedgerReplay.Source {
        let frames = ledgers.map(\.frames)
        return { partition, start, end in
            MemoryFrames(frames[Int(partition)].filter { $0.offset >= start && $0.offset < end })
        }
    }

    /// Folded by hand.
    private func live(_ number: Int, until end: Int64 = .max) throws -> PartitionFold {
        let frames = ledgers[number].frames
        var fold = PartitionFold(partition: Int32(number)) { end in MemoryFrames(frames.filter { $0.offset < end }) }
        var facts = EncodedFacts()
        for frame in frames where frame.offset < end {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
        }
        return fold
    }

    @Test(arguments: [1, 2, 5]) func digestsAndSequencesAreThoseOfTheLiveFold(threads: Int) throws {
        var replay = LedgerReplay()
        replay.threads = threads
        let progress = ReplayProgress()
        let lines = Mutex(0)
        let results = try replay.run(partitions: [0, 1, 2, 3, 4], source: source(ledgers), progress: progress) { fold in
            var writer = StandingsWriter()
            writer.add(fold.fold)
            let count = writer.count
            lines.withLock { $0 += count }
        }
        #expect(results.map(\.partition) == [0, 1, 2, 3, 4])
        var entries: Int64 = 0
        for (number, result) in results.enumerated() {
            let live = try live(number)
            let (digest, sequences, next, clock) = (
                live.fold.digest(), live.sequences, live.nextOffset, live.fold.clock
            )
            #expect(result.digest == digest && result.sequences == sequences)
            #expect(result.nextOffset == next && result.clock == clock)
            entries += result.entries
        }
        #expect(progress.entries == entries)
        #expect(progress.offsets == results.map(\.nextOffset).reduce(0, +))
        #expect(lines.withLock { $0 } == results.map(\.subjects).reduce(0, +))
    }

    @Test func untilAnOffset() throws {
        for until in [1, 7, 30, 61] as [Int64] {
            var replay = LedgerReplay()
            replay.until = until
            let result = try #require(try replay.run(partitions: [2], source: source(ledgers)).first)
            let digest = try live(2, until: until).fold.digest()
            #expect(result.digest == digest)
        }
    }

    /// Before the first entry that would move the clock further, with the clock moved there.
    @Test func asOfATime() throws {
        let end = try live(1).fold.clock.microseconds
        for step in 1...12 as ClosedRange<Int64> {
            let time = Timestamp(microseconds: end / 10 * step)
            var replay = LedgerReplay()
            replay.asOf = time
            let result = try #require(try replay.run(partitions: [1], source: source(ledgers)).first)
            #expect(result.clock == time)
            #expect((result.knownUntil?.microseconds == end) == (time.microseconds > end))
            // By hand: entry for entry.
            var expected = PartitionFold(partition: 1, history: ledgers[1].history)
            expected.horizon = time
            var facts = EncodedFacts()
            for frame in ledgers[1].frames where !expected.hasReachedHorizon {
                try frame.bytes.withUnsafeBytes {
                    try expected.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
                }
                let clock = expected.fold.clock
                #expect(clock <= time)
            }
            expected.finish(at: time, above: [0, 0, 0], into: &facts)
            let (digest, sequences) = (expected.fold.digest(), expected.sequences)
            #expect(result.digest == digest && result.sequences == sequences)
        }
    }

    @Test func whatIfAnotherPolicyHadAlwaysBeenActive() throws {
        let other = try ScoringPolicy(yaml: RandomLedger.others[0], file: "")
        var replay = LedgerReplay()
        replay.policy = other
        let result = try #require(try replay.run(partitions: [3], source: source(ledgers)).first)
        var fold = PartitionFold(partition: 3, fixedPolicy: other)
        var facts = EncodedFacts()
        for frame in ledgers[3].frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
        }
        let (digest, switches) = (fold.fold.digest(), fold.fold.counters.policySwitches)
        #expect(result.digest == digest)
        #expect(switches == 0)
    }

    @Test func factsAreThoseThatWerePublished() throws {
        var live = PartitionFold(partition: 0, history: ledgers[0].history)
        let published = try ledgers[0].apply(0..<ledgers[0].frames.count, to: &live)
        func facts(from: Int64) throws -> [String] {
            var facts: [String] = []
            try LedgerReplay().facts(partition: 0, from: from, source: source(ledgers)) {
                facts.append(String(decoding: $0, as: UTF8.self))
            }
            return facts
        }
        #expect(try facts(from: 0) == published)
        let later = try facts(from: 30)
        #expect(later.count > 10 && later == published.suffix(later.count))
    }

    /// From a state that was stored at any frame: the same end as from the first frame.
    @Test func aStateThatIsRestoredGoesOnToTheSameEnd() throws {
        let all = source(ledgers)
        let plain = try LedgerReplay().run(partitions: [0, 1, 2, 3, 4], source: all)
        for cut in [1, 17, 45, 1000] as [Int64] {
            var replay = LedgerReplay()
            let read = Mutex(Int64.max)
            replay.restore = { partition, history in
                // One has none.
                guard partition != 3 else { return nil }
                var fold = PartitionFold(partition: partition, history: history)
                var facts = EncodedFacts()
                let frames = try all(partition, 0, cut)
                while let frame = try frames.next() {
                    try fold.apply(frame: frame.bytes, at: frame.offset, above: [0, 0, 0], into: &facts)
                }
                return fold
            }
            let results = try replay.run(partitions: [0, 1, 2, 3, 4]) { partition, start, end in
                if partition == 0, end == .max { read.withLock { $0 = min($0, start) } }
                return try all(partition, start, end)
            }
            for (one, other) in zip(plain, results) {
                #expect(
                    one.digest == other.digest && one.sequences == other.sequences && one.nextOffset == other.nextOffset
                        && one.clock == other.clock && one.subjects == other.subjects, "cut \(cut)")
            }
            #expect(read.withLock { $0 } > 0, "nothing before the state is read again")
        }
    }

    @Test func everyFactIsHandedOnWhileItFolds() throws {
        let notices = Mutex([Int32: [String]]())
        var replay = LedgerReplay()
        replay.threads = 3
        replay.fact = { partition, topic, fact in
            let text = String(decoding: fact, as: UTF8.self)
            let isOfTopic =
                switch topic {
                case .scoreChanges: text.contains(#""type":"standing.score."#)
                case .sanctions: text.contains(#""type":"standing.sanction."#)
                case .perks: text.contains(#""type":"standing.perk."#)
                }
            notices.withLock { $0[partition, default: []].append(isOfTopic ? text : "\(topic): \(text)") }
        }
        let results = try replay.run(partitions: [0, 1, 2], source: source(ledgers))
        #expect(results == (try LedgerReplay().run(partitions: [0, 1, 2], source: source(ledgers))))
        for partition in 0..<3 as Range<Int32> {
            var expected: [String] = []
            try LedgerReplay().facts(partition: partition, source: source(ledgers)) {
                expected.append(String(decoding: $0, as: UTF8.self))
            }
            let isSame = notices.withLock { $0[partition] } == expected
            #expect(isSame && !expected.isEmpty)
        }
    }

    @Test func aSourceThatFailsEndsTheWholeReplay() throws {
        struct Broken: Error {}
        let good = source(ledgers)
        var replay = LedgerReplay()
        replay.threads = 2
        #expect(throws: Broken.self) {
            try replay.run(partitions: [0, 1, 2]) { partition, start, end in
                if partition == 1 { throw Broken() }
                return try good(partition, start, end)
            }
        }
    }

    @Test func progressAsksTheThreadsToEnd() throws {
        let progress = ReplayProgress(total: 100)
        progress.stop()
        let results = try LedgerReplay().run(partitions: [0], source: source(ledgers), progress: progress)
        #expect(results.map(\.nextOffset) == [0])
    }

    // MARK: The estimate

    @Test func theRateIsThatOfTheLastSeconds() throws {
        var estimate = RateEstimate()
        #expect(estimate.rate == nil && estimate.timeLeft(total: 10) == nil)
        estimate.add(done: 0, at: 100)
        #expect(estimate.rate == nil)
        estimate.add(done: 500, at: 101)
        #expect(estimate.rate == 500)
        #expect(estimate.timeLeft(total: 1500) == 2)
        #expect(estimate.timeLeft(total: 0) == nil)
        for second in 2...40 { estimate.add(done: 500 + Int64(second - 1) * 100, at: 100 + Double(second)) }
        #expect(estimate.rate == 100, "the fast beginning is forgotten")
        #expect(estimate.timeLeft(total: 4500) == 1)
        #expect(estimate.timeLeft(total: 10) == 0)
        for second in 41...80 { estimate.add(done: 4400, at: 100 + Double(second)) }
        #expect(estimate.timeLeft(total: 9000) == nil, "nothing goes on")
    }
}
