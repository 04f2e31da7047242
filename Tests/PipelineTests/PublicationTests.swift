import Scoring
import Testing

@testable import Pipeline

@Suite struct PublicationTests {
    private typealias Mark = Publication.Mark
    private static let blank = [Mark](repeating: Mark(), count: FactTopic.allCases.count)
    private let scores = FactTopic.scoreChanges.rawValue
    private let perks = FactTopic.perks.rawValue

    @Test func beginsSettledWithNothingToCommit() {
        let publication = Publication(found: Self.blank)
        #expect(publication.isSettled)
        #expect(publication.committable == 0)
        #expect(publication.sent == [0, 0, 0])
    }

    @Test func aFrameWithoutFactsIsCommittableAtOnce() {
        var publication = Publication(found: Self.blank)
        publication.folded(next: 4)
        #expect(publication.committable == 0)
        publication.settle()
        #expect(publication.isSettled)
        #expect(publication.committable == 4)
    }

    @Test func whatIsSentAndNotAcknowledgedIsInFlight() {
        var publication = Publication(found: [Mark(offset: 9, sequence: 7), Mark(), Mark()])
        #expect(publication.inFlight == 0)
        publication.send(.scoreChanges, 9)
        publication.send(.perks, 1)
        #expect(publication.inFlight == 3)
        publication.acknowledge(topic: scores, sequence: 8, offset: 10)
        publication.acknowledge(topic: perks, sequence: 1, offset: 0)
        #expect(publication.inFlight == 1)
    }

    private enum Step {
        case send(FactTopic, Int64)
        case folded(Int64)
        /// Acknowledged under its own number as offset.
        case ack(FactTopic, Int64)
        case expect(committable: Int64, settled: Bool)
    }

    @Test func acknowledgementsComeInAnyOrderBetweenTopics() {
        run([
            .send(.scoreChanges, 1), .send(.perks, 1), .folded(1),
            .send(.scoreChanges, 2), .folded(2),
            .send(.perks, 2), .folded(3),
            .expect(committable: 0, settled: false),
            .ack(.scoreChanges, 1), .expect(committable: 0, settled: false),
            .ack(.scoreChanges, 2), .expect(committable: 0, settled: false),
            .ack(.perks, 1), .expect(committable: 2, settled: false),
            .ack(.perks, 2), .expect(committable: 3, settled: true),
        ])
    }

    @Test func framesWithoutFactsWaitForTheFactsBeforeThem() {
        run([
            .folded(1), .expect(committable: 1, settled: true),
            .send(.perks, 1), .folded(2), .folded(3), .folded(4), .expect(committable: 1, settled: false),
            .ack(.perks, 1), .expect(committable: 4, settled: true),
            .folded(5), .expect(committable: 5, settled: true),
        ])
    }

    @Test func aRepeatedAcknowledgementChangesNothing() {
        run([
            .send(.perks, 1), .send(.perks, 2), .folded(1),
            .ack(.perks, 1), .ack(.perks, 1), .expect(committable: 0, settled: false),
            .ack(.perks, 2), .ack(.perks, 1), .expect(committable: 1, settled: true),
        ])
    }

    @Test func factsSentInTheMiddleOfAFrameHoldItBack() {
        run([
            .send(.perks, 1), .ack(.perks, 1), .expect(committable: 0, settled: true),
            .send(.perks, 2), .folded(1), .expect(committable: 0, settled: false),
            .ack(.perks, 2), .expect(committable: 1, settled: true),
        ])
    }

    @Test func manyAcknowledgementsSettleAtOnce() {
        var publication = Publication(found: Self.blank)
        for frame in 1...1000 as ClosedRange<Int64> {
            publication.send(.scoreChanges, frame)
            publication.folded(next: frame)
            publication.acknowledge(topic: scores, sequence: frame, offset: frame - 1)
        }
        publication.settle()
        #expect(publication.isSettled)
        #expect(publication.committable == 1000)
    }

    @Test func manyFramesSettleInOrder() {
        var publication = Publication(found: Self.blank)
        for frame in 1...1000 as ClosedRange<Int64> {
            publication.send(.scoreChanges, frame)
            publication.folded(next: frame)
        }
        for frame in 1...1000 as ClosedRange<Int64> {
            publication.acknowledge(topic: scores, sequence: frame, offset: frame - 1)
            publication.settle()
            #expect(publication.committable == frame)
            #expect(publication.isSettled == (frame == 1000))
        }
    }

    private func run(_ steps: [Step]) {
        var publication = Publication(found: Self.blank)
        for (index, step) in steps.enumerated() {
            switch step {
            case .send(let topic, let sequence): publication.send(topic, sequence)
            case .folded(let next): publication.folded(next: next)
            case .ack(let topic, let sequence):
                publication.acknowledge(topic: topic.rawValue, sequence: sequence, offset: sequence)
            case .expect(let committable, let settled):
                publication.settle()
                #expect(publication.committable == committable, "step \(index)")
                #expect(publication.isSettled == settled, "step \(index)")
            }
        }
    }

    @Test func goesOnBehindWhatWasFound() {
        let found = [Mark(offset: 40, sequence: 38), Mark(), Mark(offset: 7, sequence: 5)]
        var publication = Publication(found: found)
        // Facts up to these numbers are out: nothing above `sent` was handed over, so nothing waits for them.
        #expect(publication.sent == [38, 0, 5])
        publication.folded(next: 3)
        publication.settle()
        #expect(publication.isSettled)
        #expect(publication.committable == 3)
        publication.send(.perks, 6)
        publication.folded(next: 4)
        publication.acknowledge(topic: perks, sequence: 5, offset: 99)
        #expect(publication.acknowledged == found)
        publication.acknowledge(topic: perks, sequence: 6, offset: 9)
        #expect(publication.acknowledged[perks] == Mark(offset: 10, sequence: 6))
        publication.settle()
        #expect(publication.committable == 4)
    }

    // MARK: Metadata

    @Test func metadataComesBack() {
        var publication = Publication(found: Self.blank)
        #expect(publication.metadata == "1;0:0;0:0;0:0")
        publication.send(.scoreChanges, 1)
        publication.acknowledge(topic: scores, sequence: 1, offset: 11)
        publication.send(.perks, 1)
        publication.acknowledge(topic: perks, sequence: 1, offset: 6)
        #expect(publication.metadata == "1;12:1;0:0;7:1")
        #expect(Publication.marks(in: publication.metadata) == publication.acknowledged)
    }

    @Test(arguments: [
        "", "1", "2;0:0;0:0;0:0", "1;0:0;0:0", "1;0:0;0:0;0:0;0:0", "1;0:0;0:0;0", "1;0:0;0:0;a:b", "1;0:0;0:0;1:2:3",
        "1;0:0;0:0;99999999999999999999:1", ";0:0;0:0;0:0",
    ])
    func anotherTextIsNoMark(_ text: String) { #expect(Publication.marks(in: text) == nil) }
}
