import Foundation
import Scoring
import Testing

@testable import Pipeline

/// Members ask each other for the changes of ledger partition 3.
struct ChangeFeedMembersTests {
    private static let subject = "citizen-17"
    private let owner = ChangeFeed(SystemRuntime())
    private let asking = ChangeFeed(SystemRuntime())

    init() { owner[3].begin(published: [0, 0, 0]) }

    private static func fact(_ number: Int64, of subject: String = subject) -> [UInt8] {
        Array(
            (#"{"specversion":"1.0","id":"3-\#(number)-0-0","source":"/standing/town/card","type":"standing.score.changed","#
                + #""subject":"\#(subject)","time":"2026-01-02T03:04:05Z","sequence":"\#(number)","#
                + #""data":{"policy":{"id":"card","version":3},"cause":{"timer":"bucket-end"},"#
                + #""reasons":[],"before":null,"after":{"score":600,"band":"B"}}}"#).utf8)
    }

    /// Facts that a member sends, and that are acknowledged.
    private func publish(_ numbers: ClosedRange<Int64>, by feed: ChangeFeed, of subject: String = subject) {
        for number in numbers {
            let (key, value) = (Array(subject.utf8), Self.fact(number, of: subject))
            feed[3].withLock { state in
                key.withUnsafeBytes { key in
                    value.withUnsafeBytes { value in
                        state.ring.append(
                            .scoreChanged, count: number, sequence: number, at: 0, key: key, value: value)
                    }
                }
            }
        }
        feed[3].acknowledge([Publication.Mark(offset: 0, sequence: numbers.upperBound), nil, nil])
    }

    /// One question to a member and its answer.
    private func ask(_ feed: ChangeFeed) async throws {
        let question = try #require(ChangeFeed.Question(json: asking.question(of: [3]).json))
        let isTaken = asking.mirror(await feed.answer(question, within: .zero), of: [3])
        #expect(isTaken)
    }

    private func read(_ reader: ChangeSubscription) -> (facts: [[UInt8]], taken: ChangeSubscription.Taken) {
        var batch = ChangeBatch()
        let taken = reader.take(into: &batch, bytes: 1 << 20)
        return (batch.items.map { Array(batch.json($0)) }, taken)
    }

    @Test func aReaderAtOneMemberHasTheFactsOfAnother() async throws {
        publish(1...3, by: owner)
        let reader = try #require(asking.subscribe(.everything, from: ChangeToken("3.2")))
        #expect(read(reader).facts.isEmpty && reader.token.text == "3.2" && asking.readablePartitions.isEmpty)
        try await ask(owner)
        let first = read(reader)
        #expect(first.facts == [Self.fact(2), Self.fact(3)] && first.taken.gaps.isEmpty)
        #expect(first.taken.hasOtherPartitions && asking.readablePartitions == [3] && asking.ownedPartitions.isEmpty)
        publish(4...4, by: owner)
        try await ask(owner)
        #expect(read(reader).facts == [Self.fact(4)] && reader.token.text == "3.5")
        try await ask(owner)
        #expect(read(reader).facts.isEmpty)
    }

    /// Who comes without a token begins with what comes then, as at the owner.
    @Test func aReaderOfOneSubjectIsNotifiedToo() async throws {
        publish(1...2, by: owner)
        try await ask(owner)
        let scope = ChangeSubscription.Scope.subject(Array(Self.subject.utf8), partition: 3)
        let reader = try #require(asking.subscribe(scope))
        #expect(read(reader).facts.isEmpty)
        publish(3...3, by: owner, of: "somebody")
        publish(4...4, by: owner)
        try await ask(owner)
        #expect(read(reader).facts == [Self.fact(4)])
    }

    @Test func aTokenSurvivesAChangeOfOwner() async throws {
        publish(1...3, by: owner)
        try await ask(owner)
        let reader = try #require(asking.subscribe(.everything, from: ChangeToken("3.1")))
        #expect(read(reader).facts.count == 3)
        owner[3].end()
        let next = ChangeFeed(SystemRuntime())
        next[3].begin(published: [3, 0, 0])
        publish(4...5, by: next)
        try await ask(next)
        let after = read(reader)
        #expect(after.facts == [Self.fact(4), Self.fact(5)] && after.taken.gaps.isEmpty)
        // This member becomes the owner, with what it has read.
        asking[3].begin(published: [5, 0, 0])
        publish(6...6, by: asking)
        #expect(read(reader).facts == [Self.fact(6)] && reader.token.text == "3.7")
    }

    /// Facts that the new owner does not have are a gap, and never skipped silently.
    @Test func factsThatNobodyHasAnyMoreAreAGap() async throws {
        publish(1...3, by: owner)
        try await ask(owner)
        let reader = try #require(asking.subscribe(.everything, from: ChangeToken("3.1")))
        _ = read(reader)
        let next = ChangeFeed(SystemRuntime())
        next[3].begin(published: [5, 0, 0])
        publish(6...6, by: next)
        try await ask(next)
        let after = read(reader)
        #expect(after.taken.gaps == [.init(partition: 3, missed: 2)] && reader.token.text == "3.7")
    }

    @Test func whoDoesNotOwnThePartitionAnswersNothing() async throws {
        publish(1...3, by: owner)
        try await ask(owner)
        let question = asking.question(of: [3])
        owner[3].end()
        let answer = await owner.answer(question, within: .seconds(60))
        #expect(asking.mirror(answer, of: [3]))
        #expect(asking.readablePartitions.isEmpty, "at once, and the reader is told")
        // A member that mirrors a partition does not answer for it.
        try await ask(owner)
        let own = await asking.answer(question, within: .zero)
        #expect(String(decoding: own, as: UTF8.self).contains(#""parts":[]"#))
    }

    /// A member that has become the owner takes no facts of another.
    @Test func anOwnersFactsAreItsOwn() async throws {
        publish(1...3, by: owner)
        let answer = await owner.answer(asking.question(of: [3]), within: .zero)
        asking[3].begin(published: [7, 0, 0])
        #expect(asking.mirror(answer, of: [3]))
        let reader = try #require(asking.subscribe(.own))
        _ = read(reader)
        #expect(reader.token.text == "3.8" && !asking.hasReaders)
    }

    @Test func nothingOfAnAnswerIsTrusted() async throws {
        publish(1...1, by: owner)
        let good = String(decoding: await owner.answer(asking.question(of: [3]), within: .zero), as: UTF8.self)
        for text in [
            "", "{}", good.replacing(#""partition":3"#, with: #""partition":4"#),
            good.replacing(#""from":1"#, with: #""from":0"#), good.replacing("standing.score.changed", with: "x"),
        ] {
            #expect(text != good, "the case changes nothing")
            #expect(!asking.mirror(Array(text.utf8), of: [3]) && asking.readablePartitions.isEmpty, "\(text)")
        }
        #expect(ChangeFeed.Question(json: Array("[]".utf8)) == nil)
    }
}
