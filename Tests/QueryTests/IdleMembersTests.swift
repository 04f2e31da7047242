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

    @Test func howManyAreAwayIsKnownForAWhileAfterTheyWereAsked() {
        let members = IdleMembers()
        let start = ContinuousClock.now
        #expect(members.away(of: [], at: start) == 0)
        #expect(members.away(of: ["a"], at: start) == nil, "nobody was asked")
        _ = members.asked(of: ["a", "b"], at: start)
        members.noteSilence(of: "a", at: start)
        members.noteAnswer(of: "b")
        #expect(members.away(of: ["a", "b"], at: start + .seconds(1)) == 1)
        #expect(members.away(of: ["b"], at: start + .seconds(1)) == 0, "who is not announced any more is not away")
        #expect(members.away(of: ["a", "b"], at: start + IdleMembers.lifetime) == nil)
    }
}
