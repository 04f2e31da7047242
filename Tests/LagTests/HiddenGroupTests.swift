import Kafka
import Testing

@testable import Lag

/// A group that the brokers do not list is missing only if its coordinator says so.
@Suite struct HiddenGroupTests {
    private func refusal(_ code: Int32, _ name: String) -> Result<Admin.GroupDescription, KafkaError> {
        .failure(KafkaError(code: code, name: name, message: "", target: "g"))
    }

    private func described(_ state: String) -> Result<Admin.GroupDescription, KafkaError> {
        .success(Admin.GroupDescription(state: state, assignor: "", members: []))
    }

    @Test func aGroupThatItsCoordinatorDoesNotKnowIsMissing() {
        #expect(LagCollector.isMissing(described("Dead")))
        #expect(LagCollector.isMissing(refusal(-165, "_UNSUPPORTED_FEATURE")), "nothing but the list is known")
    }

    @Test func aGroupThatIsRefusedOrDoesNotAnswerMayBeHidden() {
        #expect(!LagCollector.isMissing(refusal(30, "GROUP_AUTHORIZATION_FAILED")))
        #expect(!LagCollector.isMissing(refusal(-185, "_TIMED_OUT")))
        #expect(!LagCollector.isMissing(described("Empty")), "listed by no broker, and there all the same")
        #expect(!LagCollector.isMissing(nil))
    }
}
