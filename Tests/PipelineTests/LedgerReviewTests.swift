import Dispatch
import Kafka
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// A question that is answered from the ledger's whole history, on a thread of its own.
    @Suite struct LedgerReviewTests {
        private struct Away: Error, CustomStringConvertible {
            let description = "the broker is away"
        }

        @Test func thereIsOneQuestionAtATimeAndItsAnswerIsFoundLater() async throws {
            let fixture = try PipelineFixture()
            defer { withExtendedLifetime(fixture) {} }
            let configuration = PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics)
            let review = LedgerReview<String, Int>("test-review", configuration, lifetime: .seconds(3600), passes: 2)
            let gate = DispatchSemaphore(value: 0)
            func words(_ question: String, _ answer: @escaping @Sendable (Int) throws -> Int, waits: Bool = true) async
                -> String
            {
                let deadline = ContinuousClock.now + (waits ? PipelineFixture.patience : .zero)
                let state = await review.state(of: question, until: deadline) { try answer($0.partitions.count) }
                return switch state {
                case .answered(let answer): "answered \(answer)"
                case .failed(let reason): reason
                case .underWay: "under way"
                case .busy: "busy"
                }
            }
            let begun = await words(
                "bills",
                {
                    gate.wait()
                    return $0
                }, waits: false)
            #expect(begun == "under way")
            #expect(await words("trams", { _ in -1 }) == "busy")
            gate.signal()
            // The work that was begun answers, and continues to answer.
            for _ in 0..<2 { #expect(await words("bills", { _ in -1 }) == "answered \(fixture.ledgerPartitions)") }
            // A failure is stated once.
            #expect(await words("trams", { _ in throw Away() }) == "the broker is away")
            #expect(await words("trams", { _ in 7 }) == "answered 7")
        }

        @Test func theLastAnswersStayWhileOtherQuestionsAreAnswered() async throws {
            let fixture = try PipelineFixture()
            defer { withExtendedLifetime(fixture) {} }
            let configuration = PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics)
            let review = LedgerReview<Int, Int>("test-review", configuration, lifetime: .seconds(3600), passes: 1)
            func answer(_ question: Int, _ answer: Int) async -> Int? {
                let end = ContinuousClock.now + PipelineFixture.patience
                guard case .answered(let found) = await review.state(of: question, until: end, { _ in answer }) else {
                    return nil
                }
                return found
            }
            let count = LedgerReview<Int, Int>.maximumOutcomes
            for question in 0..<count { #expect(await answer(question, question) == question) }
            for question in 0..<count { #expect(await answer(question, -1) == question) }
            let gate = DispatchSemaphore(value: 0)
            _ = await review.state(of: count, until: .now) { _ in
                gate.wait()
                return count
            }
            let meanwhile = await answer(0, -1)
            gate.signal()
            #expect(meanwhile == 0)
            #expect(await answer(count, -1) == count)
            // The oldest answer left for the newest.
            #expect(await answer(1, -1) == 1)
            #expect(await answer(0, -2) == -2)
        }

        @Test func reviewsWithOnePlaceFoldOneAfterTheOther() async throws {
            let fixture = try PipelineFixture()
            defer { withExtendedLifetime(fixture) {} }
            let configuration = PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics)
            let slot = ReviewSlot()
            func review() -> LedgerReview<String, Int> {
                LedgerReview("test-review", configuration, lifetime: .seconds(3600), passes: 1, slot: slot)
            }
            let (first, second) = (review(), review())
            let gate = DispatchSemaphore(value: 0)
            _ = await first.state(of: "bills", until: .now) { _ in
                gate.wait()
                return 1
            }
            guard case .busy = await second.state(of: "trams", until: .now, { _ in 2 }) else {
                Issue.record("two fold at a time")
                gate.signal()
                return
            }
            gate.signal()
            let end = ContinuousClock.now + PipelineFixture.patience
            guard case .answered(1) = await first.state(of: "bills", until: end, { _ in -1 }),
                case .answered(2) = await second.state(of: "trams", until: end, { _ in 2 })
            else {
                Issue.record("an answer is missing")
                return
            }
        }
    }
}
