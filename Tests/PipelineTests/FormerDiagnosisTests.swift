import Scoring
import Testing

@testable import Pipeline

/// What is counted of partitions that a member has left.
@Suite struct FormerDiagnosisTests {
    private static let first = FormerDiagnosis.Policy(id: "town", version: 1)
    private static let second = FormerDiagnosis.Policy(id: "town", version: 2)

    private static func diagnosis(of rule: String) -> Diagnosis {
        var result = Diagnosis()
        (result.ruleEvents, result.ruleCosts) = ([.init(rule: rule, events: 2)], [.init(rule: rule, units: 3)])
        result.notEnrolled = [.init(topic: "trams", events: 1)]
        return result
    }

    @Test func partitionsUnderOnePolicyAddUp() {
        var former = FormerDiagnosis()
        for _ in 1...2 { former.add(Self.diagnosis(of: "late"), of: Self.first) }
        former.add(Diagnosis(), of: nil)
        former.restart(unlessOf: [Self.second, Self.first])
        #expect(former.sum.ruleEvents == [.init(rule: "late", events: 4)])
        #expect(former.sum.ruleCosts == [.init(rule: "late", units: 6)])
    }

    @Test func aRuleThatTheActivePolicyDoesNotHaveIsForgotten() {
        var former = FormerDiagnosis()
        former.add(Self.diagnosis(of: "late"), of: Self.first)
        former.restart(unlessOf: [])
        #expect(former.sum.ruleCosts.map(\.rule) == ["late"], "no partition is folded here")
        former.restart(unlessOf: [Self.second])
        #expect(former.sum.ruleEvents.isEmpty && former.sum.ruleCosts.isEmpty)
        #expect(former.sum.notEnrolled == [.init(topic: "trams", events: 1)])
    }

    @Test func aPartitionUnderAnotherPolicyBeginsAnew() {
        var former = FormerDiagnosis()
        former.add(Self.diagnosis(of: "late"), of: Self.first)
        former.add(Self.diagnosis(of: "noise"), of: Self.second)
        #expect(former.sum.ruleCosts.map(\.rule) == ["noise"])
        #expect(former.sum.notEnrolled == [.init(topic: "trams", events: 2)])
    }
}
