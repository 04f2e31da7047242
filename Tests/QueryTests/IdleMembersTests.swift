import Testing

@testable import Query

struct IdleMembersTests {
    @Test func oneThatDoesNotAnswerIsLeftOutForAWhile() {
        let members = IdleMembers()
        let start = ContinuousClock.now
        #expect(members.asked(of: ["a", "b"], at: start) == ["a", "b"])
        members.noteSilence(of: "a", at: start)
        #expect(members.asked(of: ["a", "b"], at: start + .seconds(1)) == ["b"])
        #expect(members.asked(of: ["a", "b"], at: start + IdleMembers.pause) == ["a", "b"])
        // Who announces itself again is asked again.
        members.noteSilence(of: "a", at: start)
        #expect(members.asked(of: ["b"], at: start + .seconds(1)) == ["b"])
        #expect(members.asked(of: ["a", "b"], at: start + .seconds(2)) == ["a", "b"])
    }
}
