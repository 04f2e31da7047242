import Events
import Randomness
import Testing

@testable import Pipeline

@Suite struct FactSearchTests {
    private typealias Mark = Publication.Mark

    /// Searches in a partition whose records have these numbers, the first under offset `beginning`; answers the outcome and
    /// how many records were read.
    private func search(
        _ log: [Int64?], beginning: Int64 = 0, after last: Int64, mark: Mark = Mark()
    ) -> (outcome: FactSearch.Outcome?, read: Int) {
        let end = beginning + Int64(log.count)
        var search = FactSearch(after: last, mark: mark, beginning: beginning, end: end)
        var read = 0
        while search.outcome == nil {
            for offset in search.range {
                search.add(log[Int(offset - beginning)], at: offset)
                read += 1
            }
            search.endRound()
        }
        return (search.outcome, read)
    }

    /// What a consumer has that starts there.
    private func follow(_ log: [Int64?], beginning: Int64 = 0, from offset: Int64, after last: Int64) -> Int64 {
        var rule = FactSequence(last: last)
        for number in log[Int(offset - beginning)...] { if let number { _ = rule.judge(number) } }
        return rule.last
    }

    private let plain: [Int64?] = (1...1000).map { $0 }

    @Test func fromTheMarkWhereTheConsumerHasAsMuch() {
        for last in [400, 450, 1000] as [Int64] {
            let found = search(plain, after: last, mark: Mark(offset: 400, sequence: 400))
            #expect(found.outcome == .found(400) && found.read == 0, "\(last)")
        }
    }

    @Test func beforeTheMarkWhereTheConsumerHasLess() {
        let found = search(plain, after: 390, mark: Mark(offset: 400, sequence: 400))
        #expect(found.outcome == .found(390))
        #expect(found.read < 300, "not the whole topic")
        #expect(search(plain, after: 1, mark: Mark(offset: 1000, sequence: 1000)).outcome == .found(1))
    }

    @Test func withoutAMarkTheTopicIsReadOnce() {
        for last in [1, 500, 1000] as [Int64] {
            let found = search(plain, after: last)
            #expect(found.outcome == .found(last) && found.read == 1000)
        }
        #expect(search([], after: 0).outcome == .found(0))
        #expect(search([nil], after: 3).outcome == .found(1))
    }

    /// The records that are lost may have been those that come next.
    @Test func withoutAMarkATopicThatHasLostAllItsNumbersIsGone() {
        for last in [0, 3, 9] as [Int64] {
            #expect(search([], beginning: 7, after: last).outcome == .gone)
            #expect(search([nil, nil], beginning: 7, after: last).outcome == .gone)
            #expect(search([], beginning: 7, after: last, mark: Mark(offset: 5, sequence: 5)).outcome == .gone)
        }
        #expect(search([4], beginning: 7, after: 3).outcome == .found(7))
    }

    /// The state is ahead of what is published.
    @Test func factsThatAreNotOutYetComeBehindTheEnd() {
        #expect(search([1, 2, 3], after: 9).outcome == .found(3))
        #expect(search([1, 2, 3], after: 9, mark: Mark(offset: 2, sequence: 2)).outcome == .found(2))
    }

    @Test func repeatsAndStraysDoNotMislead() {
        // A member that should have stopped has published 2…4 once more, and 9 too early.
        let log: [Int64?] = [1, 2, 3, 4, 5, 6, 2, 3, nil, 4, 9, 7, 8, 9, 10]
        let mark = Mark(offset: 15, sequence: 10)
        for last in 0...10 as ClosedRange<Int64> {
            for mark in [mark, Mark(), Mark(offset: 6, sequence: 6)] {
                guard case .found(let offset) = search(log, after: last, mark: mark).outcome else {
                    Issue.record("nothing found after \(last), \(mark)")
                    continue
                }
                #expect(follow(log, from: offset, after: last) == 10, "after \(last), \(mark)")
            }
        }
    }

    @Test func whatTheTopicHasLostIsGone() {
        let log = Array(plain[600...])
        #expect(search(log, beginning: 600, after: 599, mark: Mark(offset: 1000, sequence: 1000)).outcome == .gone)
        #expect(
            search(log, beginning: 600, after: 600, mark: Mark(offset: 1000, sequence: 1000)).outcome == .found(600))
        #expect(search(log, beginning: 600, after: 599).outcome == .gone)
        #expect(search(log, beginning: 600, after: 0).outcome == .gone)
        // The mark's record too.
        #expect(search(log, beginning: 600, after: 450, mark: Mark(offset: 400, sequence: 400)).outcome == .gone)
        #expect(search(log, beginning: 600, after: 700, mark: Mark(offset: 400, sequence: 400)).outcome == .found(700))
        // Everything, and nothing is missing.
        #expect(search([], beginning: 600, after: 600, mark: Mark(offset: 600, sequence: 600)).outcome == .found(600))
        #expect(search([], beginning: 600, after: 599, mark: Mark(offset: 600, sequence: 600)).outcome == .gone)
    }

    /// A topic that was made anew ends before the mark.
    @Test func aMarkBeyondTheEndIsNone() {
        #expect(search([1, 2, 3], after: 2, mark: Mark(offset: 50, sequence: 40)).outcome == .found(2))
        #expect(search([41, 42], after: 2, mark: Mark(offset: 50, sequence: 40)).outcome == .gone)
    }

    /// Owners that take over from marks and continue after what they find, and zombies beside them: a reader that starts where the
    /// search says has what a reader of everything has.
    @Test func randomTopics() {
        var random = Seeded(77)
        for _ in 0..<2000 {
            var log: [Int64?] = []
            var rule = FactSequence()
            var marks = [Mark()]
            for _ in 0..<(1 + random.below(60)) {
                switch random.below(6) {
                case 0:
                    // A zombie repeats what was there, or a run of it.
                    let from = Int64(1 + random.below(Int(rule.last) + 1))
                    for number in from...min(rule.last + 1, from + Int64(random.below(5))) {
                        log.append(number)
                        _ = rule.judge(number)
                    }
                case 1: log.append(rule.last + 2 + Int64(random.below(4)))
                case 2: log.append(nil)
                default:
                    log.append(rule.last + 1)
                    _ = rule.judge(rule.last + 1)
                }
                marks.append(Mark(offset: Int64(log.count), sequence: rule.last))
            }
            // In the end the owner has published what the strays have promised.
            let greatest = log.compactMap { $0 }.max() ?? 0
            while rule.last < greatest {
                log.append(rule.last + 1)
                _ = rule.judge(rule.last + 1)
            }
            let last = Int64(random.below(Int(rule.last) + 1))
            let mark = marks[random.below(marks.count)]
            guard case .found(let offset) = search(log, after: last, mark: mark).outcome else {
                Issue.record("nothing found after \(last) with \(mark) in \(log)")
                continue
            }
            #expect(follow(log, from: offset, after: last) == rule.last, "after \(last) with \(mark) in \(log)")
        }
    }
}
