import Pipeline
import Testing

/// Whom a member asks about a subject whose partition it does not own.
@Suite struct AnswerRouteTests {
    private func whole(_ first: AnswerRoute) -> [AnswerRoute] {
        var route = [first]
        while route.last != .nobody, let last = route.last { route.append(last.next) }
        return route
    }

    @Test func theOwnerIsAskedThenTheStandbyHereThenNobody() {
        let route = whole(AnswerRoute(isForwarded: false, owner: "b:80"))
        #expect(route == [.owner(address: "b:80"), .standby, .nobody])
        #expect(AnswerRoute.nobody.next == .nobody)
    }

    /// Two members, each of which takes the other for the owner, would ask each other for ever.
    @Test func whatAnotherMemberAsksIsNotSentOn() {
        #expect(whole(AnswerRoute(isForwarded: true, owner: "b:80")) == [.standby, .nobody])
    }

    @Test func whereNobodySaysThatItOwnsThePartitionTheStandbyIsAsked() {
        #expect(whole(AnswerRoute(isForwarded: false, owner: nil)) == [.standby, .nobody])
    }
}
