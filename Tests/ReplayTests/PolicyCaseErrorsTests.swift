import Policy
import Replay
import Scoring
import Testing

/// A case says which expressions had no value, whether it passes or not.
@Suite struct PolicyCaseErrorsTests {
    private static let policy = """
        policy: rides
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {driving: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: "int(data.km / 10.0)"}
        bands: [{name: A, from: 350}]
        """

    private func run(_ km: String, then: String) throws -> PolicyCaseResult {
        let yaml = """
            policy: rides.yaml
            cases:
              - name: a ride
                given: [{enrol: anna, at: 2026-01-01}]
                when: [{event: ride.finished, at: 2026-01-02, id: r1, source: /rides, data: {km: \(km)}}]
                then: \(then)
            """
        let file = try PolicyCaseFile(yaml: yaml, file: "cases.yaml") { path in
            try ScoringPolicy(yaml: Self.policy, file: path)
        }
        return PolicyCaseRunner(policy: file.policy).run(file.cases[0])
    }

    @Test func aCaseThatPassesWarnsAllTheSame() throws {
        let result = try run("25", then: "[]")
        #expect(result.hasPassed)
        #expect(
            result.errors == [
                .init(
                    part: .rule, id: "ride", reason: "no such overload", count: 1,
                    example: .init(source: "/rides", id: "r1"))
            ])
        #expect(
            result.warnings == [
                "cases.yaml:3: warning: a ride: rule ride: no such overload, once; the first is of source /rides, id r1"
            ])
    }

    @Test func aCaseThatFailsWarnsToo() throws {
        let result = try run("25", then: "[{score: 602}]")
        #expect(!result.hasPassed)
        #expect(result.warnings.count == 1)
    }

    @Test func whereAllHaveAValueThereIsNoWarning() throws {
        let result = try run("25.0", then: "[{score: 602}]")
        #expect(result.hasPassed)
        #expect(result.errors == [] && result.warnings == [])
    }
}
