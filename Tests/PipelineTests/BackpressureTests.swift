import Kafka
import Testing

@testable import Pipeline

/// When an intake pauses and resumes, without a broker.
@Suite struct BackpressureTests {
    private static let bytes = 1000
    private final class Intake {
        private var state = Backpressure(maximumBytes: BackpressureTests.bytes)
        var isPaused: Bool { state.isPaused }
        func note(batches: Int, bytes: Int, overflows: Bool = false) -> Bool {
            state.note(batches: batches, bytes: bytes, overflows: overflows)
        }
    }
    private let state = Intake()

    /// (batches, bytes) in flight, and whether an intake that reads pauses for them.
    @Test(
        arguments: [
            (0, 0, false), (Backpressure.maximumBatches, bytes, false), (Backpressure.maximumBatches + 1, 0, true),
            (0, bytes + 1, true), (1, bytes + 1, true),
        ] as [(Int, Int, Bool)])
    func beyondEitherBoundItPauses(_ batches: Int, _ bytes: Int, _ pauses: Bool) {
        let changes = state.note(batches: batches, bytes: bytes)
        #expect(changes == pauses && state.isPaused == pauses)
    }

    /// (batches, bytes) in flight, and whether a paused intake resumes at them.
    @Test(
        arguments: [
            (0, 0, true), (Backpressure.maximumBatches / 2, bytes / 2, true),
            (Backpressure.maximumBatches / 2 + 1, 0, false), (0, bytes / 2 + 1, false),
        ] as [(Int, Int, Bool)])
    func atHalfOfBothItResumes(_ batches: Int, _ bytes: Int, _ resumes: Bool) {
        #expect(state.note(batches: Backpressure.maximumBatches + 1, bytes: 0))
        let changes = state.note(batches: batches, bytes: bytes)
        #expect(changes == resumes && state.isPaused != resumes)
    }

    @Test func whileTheProducerOverflowsItIsPaused() {
        #expect(state.note(batches: 1, bytes: 1, overflows: true) && state.isPaused)
        #expect(!state.note(batches: 0, bytes: 0, overflows: true) && state.isPaused)
        #expect(state.note(batches: 0, bytes: 0) && !state.isPaused)
    }

    /// Half of the producer's queue, which a memory limit makes smaller.
    @Test func theBoundInBytesFollowsTheProducersQueue() {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead", facts: [])
        var configuration = PipelineConfiguration(kafka: KafkaConfiguration(brokers: "none"), topics: topics)
        #expect(Backpressure(configuration).maximumBytes == 2 << 20)
        configuration.memoryLimit = 64 << 20
        #expect(Backpressure(configuration).maximumBytes == 1 << 20)
    }
}
