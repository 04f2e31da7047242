import Events
import Randomness
import Scoring
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// What a partition publishes, seen by who reads its changes.
@Suite struct PartitionChangesTests {
    private func read(_ subscription: ChangeSubscription, most: Int? = nil) -> (
        facts: [[UInt8]], ChangeSubscription.Taken
    ) {
        var batch = ChangeBatch()
        let taken = subscription.take(into: &batch, bytes: 1 << 20, most: most)
        return (batch.items.map { Array(batch.json($0)) }, taken)
    }

    private func sent(_ stage: RunnerStage) -> [[UInt8]] { stage.kafka.sent.compactMap(\.value) }

    @Test func aReaderHasEveryFactOnceItIsAcknowledged() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything))
        #expect(read(reader).1.hasOtherPartitions)
        stage.poll(try Frames.ledger(bills: 5), runner)
        #expect(read(reader).facts.isEmpty && stage.kafka.sent.count > 5)
        stage.acknowledge(2)
        #expect(read(reader).facts == Array(sent(stage).prefix(2)))
        stage.acknowledge()
        let (rest, taken) = read(reader)
        #expect(rest == Array(sent(stage).dropFirst(2)))
        #expect(taken.gaps.isEmpty && taken.skipped == 0 && !taken.hasOtherPartitions)
        #expect(reader.token.text == "3.\(stage.kafka.sent.count + 1)")
        #expect(read(reader).facts.isEmpty)
    }

    @Test func aTokenGoesOnExactlyWhereItsReaderStopped() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything))
        _ = read(reader)
        stage.poll(try Frames.ledger(bills: 5), runner)
        stage.acknowledge()
        var batch = ChangeBatch()
        _ = reader.take(into: &batch, bytes: 1)
        #expect(batch.items.count == 1)
        let token = try #require(ChangeToken(reader.token.text))
        reader.cancel()
        let next = try #require(stage.environment.changes.subscribe(.everything, from: token))
        #expect(read(next).facts == Array(sent(stage).dropFirst()))
    }

    @Test func aTokenOfAnotherLedgerIsAGap() throws {
        let stage = try RunnerStage()
        _ = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything, from: ChangeToken("3.4711")))
        #expect(read(reader).1.gaps == [.init(partition: 3, missed: nil)])
        #expect(reader.token.text == "3.1" && read(reader).1.gaps.isEmpty)
    }

    @Test func whoTakesTheNewestIsToldHowManyAreLeftOut() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything))
        _ = read(reader)
        stage.poll(try Frames.ledger(bills: 5), runner)
        stage.acknowledge()
        let (facts, taken) = read(reader, most: 2)
        #expect(facts == Array(sent(stage).suffix(2)) && taken.skipped == Int64(stage.kafka.sent.count - 2))
        #expect(taken.gaps.isEmpty && reader.token.text == "3.\(stage.kafka.sent.count + 1)")
    }

    /// Each subject's own reader has exactly its facts.
    @Test func whoReadsOneSubjectHasItsFactsAlone() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 1), runner)
        let subject = try #require(stage.kafka.sent.compactMap(\.key).first)
        stage.acknowledge()
        let reader = try #require(
            stage.environment.changes.subscribe(.subject(subject, partition: 3), from: ChangeToken("3.1")))
        let stranger = try #require(
            stage.environment.changes.subscribe(.subject(Array("nobody".utf8), partition: 3), from: ChangeToken("3.1")))
        #expect(read(reader).facts == stage.kafka.sent.filter { $0.key == subject }.compactMap(\.value))
        #expect(read(stranger).facts.isEmpty && read(stranger).1.gaps.isEmpty)
        #expect(stranger.token == reader.token)
    }

    @Test func aPartitionThatGoesIsNotRead() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything))
        #expect(read(reader).1.hasOtherPartitions)
        stage.begin(.leave, runner)
        #expect(read(reader).1.hasOtherPartitions && stage.environment.changes.ownedPartitions.isEmpty)
        #expect(!read(reader).1.hasOtherPartitions)
    }

    /// Their acknowledgements never come here, but the next owner has published them before anything that follows.
    @Test func factsThatWereSentBeforeAPartitionWasLostAreReadAfterItsOwnerAnswers() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let reader = try #require(stage.environment.changes.subscribe(.everything))
        _ = read(reader)
        stage.poll(try Frames.ledger(bills: 5), runner)
        stage.acknowledge(2)
        #expect(read(reader).facts.count == 2)
        runner.changes.end()
        runner.changes.mirror([], from: Int64(stage.kafka.sent.count) + 1, isWhole: true)
        #expect(read(reader).facts == Array(sent(stage).dropFirst(2)))
    }

    /// While nobody watches, a second has room for so many facts and no more.
    @Test func withoutReadersOnlySomeAreKept() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let now = stage.runtime.now
        let allowed = runner.changes.withLock { state in
            [state.allow(50, at: now), state.allow(50, at: now), state.allow(50, at: now)]
        }
        #expect(allowed == [50, PartitionChanges.unwatchedFacts - 50, 0])
        #expect(runner.changes.withLock { $0.allow(1000, at: now + .seconds(1)) } == PartitionChanges.unwatchedFacts)
    }

    @Test func factsThatAreNotKeptAreAGap() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 2), runner)
        stage.acknowledge()
        let count = stage.kafka.sent.count
        #expect(stage.environment.changes.newest(100, since: .min).items.count == count)
        runner.changes.withLock { $0.ring.skip(to: Int64(count) + 11) }
        let reader = try #require(stage.environment.changes.subscribe(.everything, from: ChangeToken("3.1")))
        #expect(read(reader).1.gaps == [.init(partition: 3, missed: Int64(count) + 10)])
        #expect(reader.token.text == "3.\(count + 11)", "the count goes on over what is not kept")
        #expect(
            stage.environment.changes.newest(2, since: .min).items.map(\.count) == [Int64(count), Int64(count) - 1])
    }

    @Test func thereAreNoMoreReadersThanThereMayBe() throws {
        let stage = try RunnerStage()
        let feed = stage.environment.changes
        let readers = (0..<ChangeFeed.maximumSubscriptions).compactMap { _ in feed.subscribe(.everything) }
        #expect(readers.count == ChangeFeed.maximumSubscriptions && feed.subscribe(.everything) == nil)
        readers[0].cancel()
        #expect(feed.subscribe(.everything) != nil)
        feed.end()
        #expect(readers.allSatisfy(\.hasEnded) && feed.subscribe(.everything) == nil)
    }

    @Test func aReaderThatWaitsIsWokenByAFactByTheEndAndByItsDeadline() async throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        let feed = stage.environment.changes
        let reader = try #require(feed.subscribe(.everything))
        _ = read(reader)
        await reader.wait(until: .now)
        let waiting = Task { await reader.wait(until: .now + .seconds(600)) }
        stage.poll(try Frames.ledger(bills: 1), runner)
        stage.acknowledge()
        await waiting.value
        #expect(!read(reader).facts.isEmpty)
        let last = Task { await reader.wait(until: .now + .seconds(600)) }
        feed.end()
        await last.value
        #expect(reader.hasEnded)
        let cancelled = Task { await reader.wait(until: .now + .seconds(600)) }
        cancelled.cancel()
        await cancelled.value
    }
}
