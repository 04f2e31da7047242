import Kafka
import Testing

@testable import Pipeline

/// Of acknowledgements in a row the poller takes only those that no later one includes.
@Suite struct DeliveryTests {
    private func delivery(_ tag: Int, topic: Int = 0, partition: Int32 = 3, code: Int32 = 0) -> Delivery {
        Delivery(topic: topic, partition: partition, offset: Int64(tag) + 100, tag: tag, code: code)
    }

    @Test func aLaterRecordOfThePartitionIncludesAnEarlierOne() {
        #expect(delivery(8).includes(delivery(7)))
        #expect(!delivery(7).includes(delivery(8)))
    }

    @Test func nothingIncludesARecordOfAnotherPartitionOrTopic() {
        #expect(!delivery(8).includes(delivery(7, partition: 4)))
        #expect(!delivery(8).includes(delivery(7, topic: 1)))
    }

    /// An error must be seen, and what came before it counts.
    @Test func nothingIncludesAnErrorAndAnErrorIncludesNothing() {
        #expect(!delivery(8).includes(delivery(7, code: -195)))
        #expect(!delivery(8, code: -195).includes(delivery(7)))
    }

    /// Ticks all have the same tag, and each is counted.
    @Test func recordsThatAreNoFactsIncludeNoOther() {
        let other = FoldEnvironment.otherTag
        #expect(!delivery(other).includes(delivery(other)))
    }
}
