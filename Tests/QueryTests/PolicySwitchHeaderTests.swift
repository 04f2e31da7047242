import HTTP
import HTTPTypes
import Hummingbird
import Replay
import Testing

@testable import Pipeline
@testable import Query

/// What an answer says of a policy switch that is under way.
struct PolicySwitchHeaderTests {
    private func answer(_ policySwitch: PipelineReading.Switching?) -> Response {
        let freshness = Freshness(
            partition: 3, offset: 7, clock: .min, lag: 1, isCurrent: false, policySwitch: policySwitch)
        return Response.json(Array("{}".utf8)).stamped(freshness)
    }

    @Test func theHeaderNamesThePolicyThatIsSwitchedToAndTheShareDone() {
        func header(_ done: Double) -> String? {
            answer(.init(partition: 3, policy: "town", version: 2, done: done)).headers[.policySwitch]
        }
        #expect(header(0) == "town/2; done=0.00")
        #expect(header(0.4299) == "town/2; done=0.42")
        #expect(header(0.999) == "town/2; done=0.99")
        #expect(header(1) == "town/2; done=1")
    }

    /// A topic's name is not in it, for an act can name any.
    @Test func theHeaderSaysThatASourceIsLeftOutOrCountedAgain() {
        func header(_ isWithdrawn: Bool) -> String? {
            let source = PartitionFold.PolicySwitch.Source(topic: "a\r\nb", isWithdrawn: isWithdrawn)
            return answer(.init(partition: 3, policy: "town", version: 2, source: source, done: 0.5))
                .headers[.policySwitch]
        }
        #expect(header(true) == "town/2; source=withdrawn; done=0.50")
        #expect(header(false) == "town/2; source=restored; done=0.50")
    }

    @Test func whereNothingIsSwitchedThereIsNoHeader() { #expect(answer(nil).headers[.policySwitch] == nil) }

    /// The console reads the header, also that of another member.
    @Test func theConsoleSaysInASentenceWhatIsFolded() {
        func sentence(_ source: PartitionFold.PolicySwitch.Source?) -> String? {
            answer(.init(partition: 3, policy: "town", version: 2, source: source, done: 0.57))
                .headers[.policySwitch].flatMap { ConsoleAnswers.sentence(ofChange: $0) }
        }
        #expect(
            sentence(nil)
                == "Policy town 2 becomes active: 57 % of the history is folded for that. Until all is, this page shows the "
                + "standing under the policy before it. Load it again then.")
        let withdrawn = sentence(.init(topic: "a", isWithdrawn: true))
        #expect(withdrawn?.hasPrefix("A source is being withdrawn: 57 % ") == true)
        #expect(withdrawn?.contains("standing with it.") == true)
        #expect(sentence(.init(topic: "a", isWithdrawn: false))?.contains("standing without it.") == true)
        #expect(ConsoleAnswers.sentence(ofChange: "town/2") == nil)
    }

    /// Another member's answer is handed on with it.
    @Test func theHeaderIsHandedOn() { #expect(HTTPField.Name.ofAnswer.contains(.policySwitch)) }
}
