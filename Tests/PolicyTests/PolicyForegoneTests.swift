import Policy
import Testing

/// Conditions whose answers are certain, and parts that nobody reaches.
@Suite struct PolicyForegoneTests {
    private func warnings(_ change: (inout PolicyDocument) -> Void) throws -> [String] {
        let text = PolicyDocument.with {
            $0.rules = Self.rules
            change(&$0)
        }
        return try PolicyReview(yaml: text, file: "").warnings.map(\.message)
    }

    private static let rules = """
        rules: [{id: fare, dimension: transport, event: fare.paid, points: 1}, {id: evaded, dimension: transport, event: fare.evaded, points: -1}]
        """

    @Test(arguments: [
        (
            "score > 1200 && score < 1100",
            "this is never true: these conditions on score exclude each other (character 14)"
        ),
        (
            "score > 1100 && band != 'C' && score <= 1100",
            "this is never true: these conditions on score exclude each other"
        ),
        ("band == 'A' && band == 'C'", "this is never true: these conditions on band exclude each other"),
        ("band != 'A' && band != 'C'", "this is never true: these conditions on band exclude each other"),
        (
            "kind in ['business'] && kind == 'individual'",
            "this is never true: these conditions on kind exclude each other"
        ),
        ("score > 900 || score <= 1000", "this is always true: these conditions on score leave nothing out"),
        ("band != 'A' || band != 'C'", "this is always true: these conditions on band leave nothing out"),
        ("!(score < 1200) && !(score > 1100)", "this is never true: these conditions on score exclude each other"),
        (
            "score >= 0 && score > 900 && score < 901",
            "this is never true: these conditions on score exclude each other"
        ),
        (
            "score < 0 || score <= 900 || score >= 901",
            "this is always true: these conditions on score leave nothing out"
        ),
        ("score % 10 == 11", "this is never true: it lies between 0 and 9"),
        ("score / 10 > 130", "this is never true: it lies between 0 and 130"),
        ("double(score) > 1300.5", "this is never true: it lies between 0 and 1300"),
        ("score == 1000.5", "this is never true: a whole number is no fraction"),
        ("0.5 != score", "this is always true: a whole number is no fraction"),
        ("score in [1301, -1]", "this is never true: it lies between 0 and 1300"),
        ("score in []", "this is never true: the list is empty"),
        ("score in ['1000']", "this is never true: the list has only values of other types"),
        ("score in [900.5, 1000.5]", "this is never true: the list has only values of other types"),
        ("band in [1, 2]", "this is never true: the list has only values of other types"),
        ("score in [1, 2] && score > 2", "this is never true: these conditions on score exclude each other"),
        ("score in [1, 2] && score in [3, 4]", "this is never true: these conditions on score exclude each other"),
        ("score == 7 && score != 7", "this is never true: these conditions on score exclude each other"),
        ("score != 7 || score != 8", "this is always true: these conditions on score leave nothing out"),
        ("score == score", "this is always true: both sides are the same"),
        ("score < score", "this is never true: both sides are the same"),
        ("score > 900 && false", "this is never true"), ("true || score > 900", "this is always true"),
        ("sanctioned || score > 9", "nobody is ever sanctioned: the policy has no sanctions"),
    ])
    func perksWithACertainAnswer(when: String, message: String) throws {
        let found = try warnings { $0.perks = "perks: [{id: p, when: \(quoted(when))}]" }
        #expect(found.count == 1 && found[0].hasPrefix(message.replacing(" (character 14)", with: "")), "\(found)")
    }

    @Test(arguments: [
        "score > 1100 && score < 1200", "score >= 1100 && score <= 1100", "score < 900 || score > 900",
        "score < 900 || score > 1000", "band == 'A' && score > 1000", "band != 'A' && score != 3",
        "band == 'A' || band != 'A' && score > 1000", "score % 10 == 9", "score / 10 == 130", "-score / 10 > -3",
        "score == 1000.0", "score > 1000.5", "score in [1301, 1000]", "score in [1000, 1000.5, 'a']",
        "score in [1, 2] && score > 1", "score in [1, 2] && score in [2, 3]", "score >= 7 && score != 7",
        "score == dimension.transport", "score > 900 && true", "score > 900 || false", "score % -7 == 6",
        "dimension.transport % 7 == -6", "kind in ['business'] || kind == 'individual' && score > 3",
    ])
    func perksWithoutACertainAnswer(when: String) throws {
        #expect(try warnings { $0.perks = "perks: [{id: p, when: \(quoted(when))}]" } == [])
    }

    @Test(arguments: [
        ("time.getMonth() == 12", "this is never true: it lies between 0 and 11"),
        ("time.getDayOfWeek('Europe/Berlin') > 6", "this is never true: it lies between 0 and 6"),
        ("time.getHours() >= 24", "this is never true: it lies between 0 and 23"),
        ("size(data.tags) < 0", "this is never true: it is at least 0"),
        ("size(data.tags) == 1.5", "this is never true: a whole number is no fraction"),
        ("int(data.km) in ['a', 'b']", "this is never true: the list has only values of other types"),
        ("data.km in []", "this is never true: the list is empty"),
        ("data.km >= data.km", "this is always true: both sides are the same"),
        ("data.km in [1, 2] && data.km == 3", "this is never true: these conditions on data.km exclude each other"),
        ("data.km > 5 && data.km < 3", "this is never true: these conditions on data.km exclude each other"),
        (
            "data.what == 'a' && data.what == 'b'",
            "this is never true: these conditions on data.what exclude each other"
        ),
        (
            "data.what != 'a' || data.what != 'b'",
            "this is always true: these conditions on data.what leave nothing out"
        ),
        (
            "data.tags.exists(t, t == 'a' && t == 'b')",
            "this is never true: these conditions on one value exclude each other"
        ),
        ("type == 'fare.lots'", "this is never true: there is no type \"fare.lots\" here; did you mean \"fare.lost\"?"),
        ("kind == 'individual'", "this is never true: this is not for the kind \"individual\""),
        ("kind == 'busines'", "this is never true: there is no kind \"busines\" here; did you mean \"business\"?"),
        ("data.km > 10 / 0", "always an error: division by zero"),
        ("time > timestamp('2026-13-01T00:00:00Z')", "always an error: the value cannot be converted"),
    ])
    func rulesWithACertainAnswer(when: String, message: String) throws {
        let found = try warnings {
            $0.rules += "\n" + Self.lost(when)
            $0.rules = $0.rules.replacing("]\n", with: ", ")
        }
        #expect(found.count == 1 && found[0].hasPrefix(message), "\(found)")
    }

    private static func lost(_ when: String) -> String {
        "{id: l, dimension: transport, kinds: [business], event: [fare.lost, fare.left], when: \(quoted(when)), points: -1}]"
    }

    @Test(arguments: [
        "time.getMonth() == 11", "(time - time).getHours() > 24", "size(data.tags) > 0", "data.km > 3 && data.km < 5",
        "data.km > 3 || data.km < 5", "data.what == 'a' || data.what == 'b'", "data.what != 'a' && data.what != 'b'",
        "data.km == 1.5", "data.km in [1, 'a']", "data.km == data.far", "type == 'fare.lost'",
        "data.a > 5 && data.b < 3", "data.a == 3 && data.a != 4",
        "data.l.all(x, x > 1 && x < 3)",
    ])
    func rulesWithoutACertainAnswer(when: String) throws {
        let found = try warnings {
            $0.rules += "\n" + Self.lost(when)
            $0.rules = $0.rules.replacing("]\n", with: ", ")
        }
        #expect(found.filter { !$0.contains("leave nothing out") } == [])
        #expect(found.isEmpty == (when != "data.km > 3 || data.km < 5"))
    }

    @Test func aTypeUnderAPrefixMayBeAny() throws {
        let rules = Self.rules.replacing(
            "fare.paid, points", with: "\"fare.p.*\", when: \"type == 'fare.p.x'\", points")
        #expect(try warnings { $0.rules = rules } == [])
    }

    @Test func aBandThatNobodyReachesIsNoCondition() throws {
        let found = try warnings {
            $0.rules =
                "rules: [{id: fare, dimension: transport, event: fare.paid, points: 1, cap: 10}, {id: e, dimension: payment, event: e, points: -1}]"
            $0.bands = "bands: [{name: C, from: 0}, {name: B, from: 960}, {name: A, from: 1200}]"
            $0.perks = "perks: [{id: p, when: band == 'A'}]"
            $0.dimensions = "dimensions: {payment: {min: -350, max: 0}, transport: {}}"
        }
        #expect(
            found == [
                "nobody can reach the band \"A\": no score is more than 1010",
                "this is never true: nobody can reach the band \"A\" (character 6 of the expression)",
            ])
    }

    @Test func aConstantInPointsIsNamed() throws {
        #expect(
            try warnings {
                $0.rules = $0.rules.replacing("points: 1", with: "points: constant.fare * 2")
                $0.more = "constants: {fare: 3}"
            } == [])
    }

    @Test func measuresThatDoNothing() throws {
        let found = try warnings {
            $0.more = """
                measures:
                  - {id: row, dimension: transport, event: [fare.paid, fare.late], streak: "fare.*"}
                  - {id: held, dimension: payment, kinds: [official], event: bill, count: true, adverse: true}
                sanctions:
                  - {id: s, dimension: payment, measures: [m], when: measure.held > 3, lasts: 1 day}
                """
            $0.rules = $0.rules.dropLast() + ", {id: none, dimension: transport, points: \"measure.row > 3 ? 0 : 0\"}]"
        }
        #expect(
            found == [
                "this rule never gives and never takes a point",
                "each of its events breaks the streak, which is 0 therefore",
                "the policy scores nobody of these kinds",
                "nothing can impose this: no rule over events takes points in \"payment\", and none of its measures is adverse",
            ])
    }
}
