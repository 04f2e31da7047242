import Kafka
@testable import Pipeline
@testable import Disasters
import Simulation
import Testing

/// Which answers of simulated members are taken.
@Suite struct QuestionsTests {
    private static let topicPartition = TopicPartition(SimulatedTopics.ledger, 1)

    private final class Consumer {}

    private let process: SimulatedProcess
    private let other: SimulatedProcess
    private let consumer = Consumer()

    init() {
        let cluster = SimulatedCluster(topics: [:], random: SplitMix64(seed: 1), bug: nil)
        process = SimulatedProcess(cluster, name: "member-0")
        other = SimulatedProcess(cluster, name: "member-1")
        process.noteAssignment([Self.topicPartition], of: consumer)
    }

    private func answer(
        at offset: Int64 = 7, isWithinFrame: Bool = false, isCurrent: Bool = true, isOfStandby: Bool = false
    ) -> SteppedPipeline.Answer {
        SteppedPipeline.Answer(
            member: "member-0", partition: Self.topicPartition.partition, standing: nil, offset: offset,
            isWithinFrame: isWithinFrame, isCurrent: isCurrent, isOfStandby: isOfStandby)
    }

    /// `owner` is the partition's owner by the group; nil for the member that answers.
    private func judge(
        _ answer: SteppedPipeline.Answer, _ questions: inout Questions, owner: SimulatedProcess? = nil,
        asked: String = "member-0"
    ) throws {
        try questions.judge(answer, about: "anna", asked: asked, giver: process, owner: owner ?? process)
    }

    @Test func anOwnersAnswerIsTakenAndHeldAgainstTheLedgerLater() throws {
        var questions = Questions()
        try judge(answer(at: 7), &questions)
        try judge(answer(at: 9, isWithinFrame: true), &questions, asked: "member-1")
        #expect(questions.subjects(of: 1) == [7: ["anna"]] && questions.subjects(of: 0).isEmpty)
        #expect(questions.counts.ofOwners == 2 && questions.counts.forwarded == 1)
    }

    @Test func whoHasHeardThatItsPartitionIsGoneIsNoOwner() {
        var questions = Questions()
        process.noteAssignment([], of: consumer)
        #expect(throws: Oracle.Objection.self) { try judge(answer(), &questions) }
        #expect(throws: Never.self) { try judge(answer(isCurrent: false, isOfStandby: true), &questions) }
    }

    @Test func aStandbyIsNeverCurrent() {
        var questions = Questions()
        #expect(throws: Oracle.Objection.self) { try judge(answer(isOfStandby: true), &questions) }
    }

    @Test func anOwnerThatIsCurrentIsNotOlderThanWhatWas() throws {
        var questions = Questions()
        questions.noteCurrent(1, at: 8)
        questions.noteCurrent(1, at: 5)
        #expect(throws: Oracle.Objection.self) { try judge(answer(at: 7), &questions) }
        try judge(answer(at: 8), &questions)
        try judge(answer(at: 7, isCurrent: false), &questions)
        // It cannot know yet that another one has the partition now.
        try judge(answer(at: 7), &questions, owner: other)
    }
}
