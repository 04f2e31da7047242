import Events
import CEL
import Foundation
import Policy
import Testing

@Suite struct ScoringPolicyTests {
    private static let golden = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "../shared/golden/first.yaml").standardizedFileURL

    private static let individual = KindSet(rawValue: 0b001)
    private static let official = KindSet(rawValue: 0b100)

    private func points(_ policy: ScoringPolicy) -> [Int64] {
        policy.rules.compactMap { if case .constant(let points) = $0.points { points } else { nil } }
    }

    private func policy(_ text: String) throws -> ScoringPolicy { try ScoringPolicy(yaml: text, file: "town.yaml") }

    @Test func readsEverySection() throws {
        let text = """
            policy: town-2
            version: 7
            score: {base: 1000, min: 0, max: 1300}
            kinds: [individual, official]
            dimensions:
              payment: {min: -350, max: 120}
              conduct: {}
            rules:
              - {id: paid, dimension: payment, event: bill.paid, points: 2, cap: 20, per: ever}
              - {id: missed, dimension: payment, kinds: [official], event: [bill.missed, loan.missed], points: -22}
            bands:
              - {name: C, from: -5}
              - {name: A, from: 960}
              - {name: "AA", from: 1030}
            perks:
              - {id: bikes, when: 'band in ["A", "AA"]', grace: 14 days}
              - {id: counter, when: "band == 'AA'"}

            """
        let policy = try policy(text)
        #expect(policy.id == "town-2")
        #expect(policy.version == 7)
        #expect([policy.score.base, policy.score.min, policy.score.max] == [1000, 0, 1300])
        #expect(policy.kinds == Self.individual.union(Self.official))
        #expect(policy.dimensions.map(\.name) == ["payment", "conduct"])
        #expect(policy.dimensions.map(\.min) == [-350, -ScoringPolicy.saturation])
        #expect(policy.dimensions.map(\.max) == [120, ScoringPolicy.saturation])
        #expect(policy.rules.map(\.id) == ["paid", "missed"])
        #expect(policy.rules.map(\.dimension) == [0, 0])
        #expect(policy.rules.map(\.kinds) == [policy.kinds, Self.official])
        #expect(policy.rules.map { $0.events.map(\.description) } == [["bill.paid"], ["bill.missed", "loan.missed"]])
        #expect(points(policy) == [2, -22])
        #expect(policy.rules.map(\.cap) == [20, .max])
        #expect(policy.bands.map(\.name) == ["C", "A", "AA"])
        #expect(policy.bands.map(\.from) == [-5, 960, 1030])
        #expect(policy.perks.map(\.id) == ["bikes", "counter"])
        #expect(policy.perks.map(\.when.source) == ["band in [\"A\", \"AA\"]", "band == 'AA'"])
        #expect(policy.perks.map(\.grace) == [CalendarSpan(14, .days), .zero])
        #expect(policy.text == text)
    }

    @Test func kindsAndPerksMayBeLeftOut() throws {
        let policy = try policy(PolicyDocument.with { ($0.kinds, $0.perks) = ("", "") })
        #expect(policy.kinds == .all)
        #expect(policy.rules.map(\.kinds) == [.all])
        #expect(policy.perks.isEmpty)
    }

    @Test(arguments: [
        ("0 days", CalendarSpan.zero), ("1 day", CalendarSpan(1, .days)), ("14 days", CalendarSpan(14, .days)),
        ("1 month", CalendarSpan(1, .months)), ("1000 years", CalendarSpan(1000, .years)),
    ])
    func graces(grace: String, span: CalendarSpan) throws {
        let text = PolicyDocument.with { $0.perks = "perks: [{id: bikes, when: band == \"A\", grace: \(grace)}]" }
        #expect(try policy(text).perks.map(\.grace) == [span])
    }

    @Test(arguments: [
        (Int64(-100), 0), (0, 0), (499, 0), (500, 1), (959, 1), (960, 2), (5_000, 2),
    ])
    func theBandIsTheHighestWhoseStartIsReached(score: Int64, band: Int) throws {
        let text = PolicyDocument.with {
            $0.bands = "bands: [{name: C, from: 0}, {name: B, from: 500}, {name: A, from: 960}]"
        }
        #expect(try policy(text).band(of: score) == band)
    }

    @Test func oneTypeMayServeSeveralRulesOfOneDimension() throws {
        let text = PolicyDocument.with {
            $0.rules = """
                rules:
                  - {id: fare, dimension: transport, event: fare.paid, points: 1}
                  - {id: commuter, dimension: transport, kinds: [individual], event: fare.paid, points: 2}
                """
        }
        #expect(try policy(text).rules.count == 2)
    }

    @Test func extremesAreTaken() throws {
        let limit = ScoringPolicy.saturation
        let text = PolicyDocument.with {
            $0.version = "version: \(Int32.max)"
            $0.score = "score: {base: 0, min: -\(limit), max: \(limit)}"
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, points: -\(limit), cap: 0}]"
            $0.bands = "bands: [{name: C, from: -\(limit)}, {name: A, from: \(limit)}]"
            $0.policy = "policy: a" + String(repeating: "-", count: 63)
        }
        #expect(try mistakes(in: text) == [])
    }

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: golden.path(percentEncoded: false)),
            "shared/golden/first.yaml is not here"))
    func theGoldenPolicy() throws {
        let path = Self.golden.path(percentEncoded: false)
        let policy = try policy(try String(contentsOfFile: path, encoding: .utf8))
        #expect(policy.id == "first")
        #expect(policy.version == 1)
        #expect([policy.score.base, policy.score.min, policy.score.max] == [600, 350, 950])
        #expect(policy.kinds == Self.individual)
        #expect(policy.dimensions.map(\.name) == ["payment"])
        #expect(policy.rules.map(\.id) == ["paid-in-full", "revolved", "overdue"])
        #expect(points(policy) == [15, 2, -40])
        #expect(policy.bands.map(\.name) == ["C", "B", "A"])
        #expect(policy.bands.map(\.from) == [350, 560, 640])
    }

    @Test(arguments: [
        ("", 60), ("early: 0 minutes", 0), ("early: 1 minute", 1), ("early: 90 minutes", 90),
        ("early: 10080 minutes", 10080),
        ("early: 1 hour", 60), ("early: 168 hours", 10080), ("early: 0 days", 0), ("early: 7 days", 10080),
    ])
    func howLongWhatComesEarlyWaits(text: String, minutes: Int64) throws {
        let policy = try ScoringPolicy(yaml: PolicyDocument.with { $0.more = text }, file: "town.yaml")
        #expect(policy.early == minutes * 60_000_000)
    }
}
