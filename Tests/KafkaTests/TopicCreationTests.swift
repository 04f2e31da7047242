import Testing

@testable import Kafka

/// What becomes of several topics over the attempts to create them. The embedded broker creates none over the wire.
@Suite struct TopicCreationTests {
    private let notController = KafkaError(
        code: 41, name: "NOT_CONTROLLER", message: "Broker: Not controller for cluster", isRetriable: true)
    private let forbidden = KafkaError(
        code: 29, name: "TOPIC_AUTHORIZATION_FAILED", message: "Broker: Topic authorization failed")

    @Test func onlyWhatIsOpenIsCreatedAgain() throws {
        var creation = Admin.Creation(of: 3)
        #expect(throws: notController) { try creation.take([nil, notController, forbidden], isRepeat: false) }
        #expect(creation.open == [1] && creation.hasAnswers)
        try creation.take([nil], isRepeat: true)
        #expect(creation.answers == [nil, nil, forbidden] && creation.open.isEmpty)
    }

    @Test func whatALostAnswerHasCreatedIsThere() throws {
        let exists = KafkaError(code: 36, name: "TOPIC_ALREADY_EXISTS", message: "Broker: Topic already exists")
        var first = Admin.Creation(of: 1)
        try first.take([exists], isRepeat: false)
        #expect(first.answers == [exists])
        var again = Admin.Creation(of: 1)
        try again.take([exists], isRepeat: true)
        #expect(again.answers == [nil])
    }
}
