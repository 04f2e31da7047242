import Kafka
@testable import Pipeline
import Testing

/// Control topics go first: the state machine, without a broker.
@Suite struct ControlFirstTests {
    private let start = ContinuousClock.now
    private let topicPartitions = (0..<3 as Range<Int32>).map { TopicPartition("control", $0) }

    private func waiting(for ends: [Int64]) -> ControlFirst {
        var state = ControlFirst(at: start)
        state.begin(ends: Dictionary(uniqueKeysWithValues: zip(topicPartitions, ends)))
        return state
    }

    @Test func sourcesWaitWhileTheEndsAreNotKnown() {
        #expect(!ControlFirst(at: start).mayReadSources(at: start))
    }

    @Test func anEmptyControlTopicIsRead() { #expect(waiting(for: [0, 0, 0]).mayReadSources(at: start)) }

    @Test func everyPartitionMustBeReadToItsEnd() {
        var state = waiting(for: [5, 0, 7])
        state.note([topicPartitions[0]: 5], at: start)
        #expect(!state.mayReadSources(at: start))
        // None is committed, or not enough.
        state.note([topicPartitions[2]: PartitionOffset.none], at: start)
        state.note([topicPartitions[2]: 6], at: start)
        #expect(!state.mayReadSources(at: start))
        state.note([topicPartitions[2]: 9], at: start)
        #expect(state.mayReadSources(at: start) && !state.hasGivenUp(at: start))
    }

    @Test func nobodyWaitsForEver() {
        let state = waiting(for: [5, 0, 0])
        let (before, after) = (start + ControlFirst.patience, start + ControlFirst.patience + .milliseconds(1))
        #expect(!state.mayReadSources(at: before) && !state.hasGivenUp(at: before))
        #expect(state.mayReadSources(at: after) && state.hasGivenUp(at: after))
        #expect(ControlFirst(at: start).mayReadSources(at: after))
    }

    /// A long history of enrolments is no reason to give up, as long as it is read.
    @Test func progressIsWaitedFor() {
        var state = waiting(for: [1000, 0, 0])
        for step in 1...5 as ClosedRange<Int64> {
            let now = start + .seconds(step * 20)
            state.note([topicPartitions[0]: step], at: now)
            #expect(!state.hasGivenUp(at: now + .seconds(20)))
        }
        state.note([topicPartitions[0]: 5], at: start + .seconds(120))
        #expect(state.hasGivenUp(at: start + .seconds(131)))
    }

    @Test func theGroupIsAskedNowAndThen() {
        var state = ControlFirst(at: start)
        let moments = stride(from: 0, through: 300, by: 20).filter {
            state.isDue(at: start + .milliseconds($0))
        }
        #expect(moments == [0, 100, 200, 300])
    }
}

/// Since when a position lags an end that moves.
@Suite struct TimeBehindTests {
    private let start = ContinuousClock.now

    @Test func itIsTheAgeOfTheFirstEndThatIsNotReached() {
        var behind = TimeBehind()
        #expect(behind.since(position: 0) == nil)
        for second in 0..<10 as Range<Int64> { behind.note(end: 10 * (second + 1), at: start + .seconds(second)) }
        #expect(behind.since(position: 0) == start)
        #expect(behind.since(position: 9) == start)
        #expect(behind.since(position: 10) == start + .seconds(1))
        #expect(behind.since(position: 57) == start + .seconds(5))
        #expect(behind.since(position: 100) == nil)
        // An end that does not move makes nothing older.
        behind.note(end: 100, at: start + .seconds(60))
        #expect(behind.since(position: 100) == nil)
        behind.note(end: 101, at: start + .seconds(90))
        #expect(behind.since(position: 100) == start + .seconds(90))
    }

    /// However fast the end moves and however long nothing is reached, memory is bounded and the answer never too small.
    @Test func samplesAreBounded() {
        var behind = TimeBehind()
        for moment in 0..<100_000 as Range<Int64> {
            behind.note(end: moment + 1, at: start + .milliseconds(moment))
        }
        #expect(behind.since(position: 0) == start)
        #expect(behind.since(position: 99_999).map { $0 <= start + .milliseconds(99_999) } == true)
        #expect(behind.since(position: 100_000) == nil)
    }
}
