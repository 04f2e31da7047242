import Policy
import Replay
import Testing

/// What `standing policy new` writes is good, passes and touches everything.
@Suite struct PolicyTemplateTests {
    @Test func theFirstPolicyIsGoodAndItsCasesPass() throws {
        let review = try PolicyReview(yaml: PolicyTemplate.policy("my-club"), file: "my-club.yaml")
        #expect(review.policy.id == "my-club")
        #expect(review.lines() == [])
        let file = try PolicyCaseFile(yaml: PolicyTemplate.cases("my-club"), file: "cases/my-club.yaml") { path in
            #expect(path == "../my-club.yaml")
            return review.policy
        }
        let runner = PolicyCaseRunner(policy: file.policy)
        var coverage = PolicyCoverage()
        for example in file.cases {
            let result = runner.run(example)
            #expect(result.hasPassed, "\(result.name)\n\(result.difference.joined(separator: "\n"))")
            #expect(result.errors.isEmpty)
            coverage.formUnion(result.coverage)
        }
        #expect(coverage.parts(of: file.policy).flatMap(\.untouched) == [])
    }
}
