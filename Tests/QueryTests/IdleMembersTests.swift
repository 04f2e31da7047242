import Testing

@testable import Query

struct IdleMembersTests {
    @Test func oneThatDoesNotAnswerIsLeftOutForAWhile() {
        let members = IdleMembers()
        let start = ContinuousClock.now
        let pause = IdleMembers.shortestPause
        #expect(members.asked(of: ["a", "b"], at: start) == ["a", "b"])
        members.noteSilence(of: "a", at: start)
        #expect(members.asked(of: ["a", "b"], at: start + .seconds(1)) == ["b"])
        #expect(members.asked(of: ["a", "b"], at: start + pause) == ["a", "b"])
        // Who announces itself again is asked again.
        members.noteSilence(of: "a", at: start + pause)
        #expect(members.asked(of: ["b"], at: start + pause + .seconds(1)) == ["b"])
        #expect(members.asked(of: ["a", "b"], at: start + pause + .seconds(2)) == ["a", "b"])
    }

    @Test func eachFurtherSilenceDoublesThePauseUpToALimit() {
        let members = IdleMembers()
        var now = ContinuousClock.now
        var pause = IdleMembers.shortestPause
        for _ in 0..<10 {
            members.noteSilence(of: "a", at: now)
            // The second of two questions under way is the same silence.
            members.noteSilence(of: "a", at: now)
            #expect(members.asked(of: ["a"], at: now + pause - .milliseconds(1)).isEmpty)
            #expect(members.asked(of: ["a"], at: now + pause) == ["a"])
            now = now + pause
            pause = min(pause * 2, IdleMembers.longestPause)
        }
        #expect(pause == IdleMembers.longestPause)
        members.noteAnswer(of: "a")
        members.noteSilence(of: "a", at: now)
        #expect(members.asked(of: ["a"], at: now + IdleMembers.shortestPause) == ["a"], "an answer ends it")
    }
}
