import Events
import Ledger
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// A state that looks earlier events up gives what one gives that has all texts in memory.
@Suite struct EarlierEventLookUpTests {
    private typealias Question = PartitionFold.EarlierEventQuestion
    private typealias Names = PartitionFold.EarlierEventNames

    /// What the frames up to an offset have of the events that are asked for.
    private static func answers(to questions: [Question], in ledger: RandomLedger, upTo offset: Int64) throws
        -> [Question: [Names]]
    {
        var (reader, entry) = (EntryReader(), FrameReader.blank)
        var answers: [Question: [Names]] = [:]
        for frame in ledger.frames where frame.offset <= offset {
            try frame.bytes.withUnsafeBytes { frame in
                guard try reader.openOrPass(frame) else { return }
                while try reader.next(&entry) {
                    let question = Question(subject: Array(entry.event.subject), time: entry.event.time)
                    guard entry.kind == .event, questions.contains(question) else { continue }
                    let names = Names(source: Array(entry.event.source), id: Array(entry.event.id))
                    answers[question, default: []].append(names)
                }
            }
        }
        return answers
    }

    private static func restored(_ fold: borrowing PartitionFold, _ ledger: RandomLedger) throws -> PartitionFold {
        var bytes: [UInt8] = []
        try fold.writeSnapshot(chainHead: Array(repeating: 0, count: 32)) { bytes += Array($0) }
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        var (reader, head) = (ByteReader(UnsafeRawBufferPointer(copy)), [UInt8]())
        return try PartitionFold(
            partition: RandomLedger.partition, history: ledger.history, snapshot: &reader, chainHead: &head)
    }

    /// `restarts`: the state goes through a snapshot now and then.
    @Test(arguments: 1...6, [false, true]) func whatIsLookedUpGivesTheSame(seed: UInt64, restarts: Bool) throws {
        let ledger = RandomLedger(seed: seed, ties: true)
        var whole = ledger.fold()
        var other = ledger.fold()
        other.lookUpEarlierEvents(textBytes: 0)
        var random = Seeded(seed)
        var asked = 0
        for (index, frame) in ledger.frames.enumerated() {
            let facts = try ledger.apply(index..<index + 1, to: &whole)
            let slice = PartitionFold.Slice(
                entries: 1 + random.below(5), timers: 1 + random.below(9), history: 1 + random.below(40))
            var found: [String] = []
            try frame.bytes.withUnsafeBytes { bytes in
                var isDone = false
                while !isDone {
                    var batch = EncodedFacts()
                    let progress = try other.apply(
                        frame: bytes, at: frame.offset, above: [0, 0, 0], into: &batch, within: slice)
                    isDone = progress == .done
                    found += batch.items.map { String(decoding: batch.value($0), as: UTF8.self) }
                    let questions = other.earlierEventQuestions
                    guard !questions.isEmpty else { continue }
                    try #require(!isDone && !other.isEarlierEventMissing)
                    asked += questions.count
                    other.answer(try Self.answers(to: questions, in: ledger, upTo: frame.offset))
                }
            }
            try #require(found == facts, "frame \(index)")
            if restarts, index % 7 == 0 {
                other = try Self.restored(other, ledger)
                other.lookUpEarlierEvents(textBytes: 0)
            }
        }
        let (digest, expected) = (other.fold.digest(), whole.fold.digest())
        #expect(digest == expected)
        #expect(asked > 0)
        let hasAll = whole.hasAllTexts
        #expect(hasAll)
    }

    /// An answer that lacks an event is asked for once more, and then the frame is at fault.
    @Test func anEventThatNobodyHasIsAProblem() throws {
        let ledger = RandomLedger(seed: 1, switches: false, ties: true)
        var fold = ledger.fold()
        fold.lookUpEarlierEvents(textBytes: 0)
        var (asked, hasFailed) = (0, false)
        for frame in ledger.frames where !hasFailed {
            try frame.bytes.withUnsafeBytes { bytes in
                var isDone = false
                while !isDone, !hasFailed {
                    var batch = EncodedFacts()
                    do {
                        isDone =
                            try fold.apply(
                                frame: bytes, at: frame.offset, above: [0, 0, 0], into: &batch, within: .standard)
                            == .done
                    } catch let problem as PartitionFold.Problem {
                        hasFailed = true
                        #expect(problem.offset == frame.offset)
                    }
                    guard !fold.earlierEventQuestions.isEmpty else { continue }
                    asked += 1
                    #expect(fold.isEarlierEventMissing == (asked == 2))
                    fold.answer([:])
                }
            }
        }
        #expect(hasFailed && asked == 2)
    }
}
