import Policy
import Testing

/// Measures, attributes, constants, rolling and fading rules in plain sentences.
@Suite struct MeasureExplanationTests {
    private func explanation(_ rules: String, _ more: String = "") throws -> String {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{\(rules)}]"
            $0.more = """
                constants: {strikes: 3, tier: gold, tiers: [gold, plus], free: 12.5}
                attributes: {tier: string, fleet: int, vip: bool, since: timestamp, rate: double}
                measures:
                  - {id: late, dimension: transport, event: ride.late, when: data.minutes > 10, count: true, within: 90 days, adverse: true}
                  - {id: ever, dimension: transport, kinds: [business], event: [ride.late, "speeding.*"], count: true}
                  - {id: km, dimension: transport, event: ride.finished, sum: data.km, within: 1 year}
                  - {id: least, dimension: payment, event: bill.paid, min: data.cents}
                  - {id: most, dimension: payment, event: bill.paid, max: data.cents, within: 6 months}
                  - {id: last, dimension: payment, event: bill.paid, latest: data.cents * 2}
                  - {id: row, dimension: payment, event: bill.paid, streak: [bill.missed, "fine.*"]}
                \(more)
                """
        }
        let policy = try ScoringPolicy(yaml: text, file: "policy.yaml")
        return PolicyExplanation(policy).text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static let ride = "id: r, dimension: transport, event: ride.finished, points: 2"

    @Test func measuresAndAttributes() throws {
        let all = try explanation(Self.ride)
        for sentence in [
            "## What is known of a member Beside events, the rules look at what is said of a member on enrolling:",
            "- **tier**: a text. - **fleet**: a whole number. - **vip**: true or false. - **since**: a time. "
                + "- **rate**: a number.",
            "- **late** (context: transport): the number of `ride.late` (counted when its `minutes` is more than 10) in the last "
                + "90 days. These are held against the member.",
            "- **ever** (context: transport) (businesses only): the number of `ride.late` or `speeding.*`. -",
            "- **km** (context: transport): the sum of `km` of all `ride.finished` in the last year. -",
            "- **least** (context: payment): the least `cents` of all `bill.paid`. Without any there is no such number.",
            "- **most** (context: payment): the greatest `cents` of all `bill.paid` in the last 6 months. Without any",
            "- **last** (context: payment): the `data.cents * 2` of the latest of `bill.paid`. Without any",
            "- **row** (context: payment): the number of `bill.paid` in a row, broken by `bill.missed` or `fine.*`. ##",
            "a sanction looks at nothing but the points, the measures or the events of its own.",
        ] {
            #expect(all.contains(sentence), "\(sentence)\n\(all)")
        }
    }

    @Test(arguments: [
        (
            "measure.late >= constant.strikes ? -60 : 0",
            "while there were 3 or more `ride.late` (counted when its `minutes` is more than 10) in the last 90 days: "
                + "60 points less."
        ),
        (
            "measure.ever == 0 ? 1 : -2",
            "while there was no `ride.late` or `speeding.*`: 1 point more, otherwise 2 points less."
        ),
        ("measure.ever > 0 ? 5 : 0", "while there were 1 or more `ride.late` or `speeding.*`: 5 points more."),
        (
            "measure.km >= 1000 ? 25 : 0",
            "while the sum of `km` of all `ride.finished` in the last year is 1000 or more: 25 points more."
        ),
        (
            "attribute.tier == constant.tier && kind == 'business' ? 5 : 0",
            "while the member's `tier` is gold and the member is a business: 5 points more."
        ),
        (
            "attribute.tier in constant.tiers || !attribute.vip ? 5 : 0",
            "while the member's `tier` is gold or plus or the member's `vip` is false: 5 points more."
        ),
        (
            "!has(measure.ever) ? 0 : measure.ever < 2 ? 10 : measure.ever <= 5 && kind in ['business'] ? -5 : -20",
            "while there was no `ride.late` or `speeding.*`: nothing, else while there were fewer than 2 `ride.late` or "
                + "`speeding.*`: 10 points more, else while there were 5 or fewer `ride.late` or `speeding.*` and the member is a "
                + "business: 5 points less, otherwise 20 points less."
        ),
        ("measure.ever * -3", "-3 times the number of `ride.late` or `speeding.*`, as points."),
        ("measure.ever", "the number of `ride.late` or `speeding.*`, as points."),
        ("4", "at every moment, 4 points more."),
        ("constant.strikes", "at every moment, 3 points more."),
        (
            "measure.km == 2 ? measure.km : constant.strikes",
            "at every moment, as many points as `measure.km == 2 ? measure.km : 3` says."
        ),
    ])
    func rulesOverMeasures(points: String, sentence: String) throws {
        let all = try explanation("id: r, dimension: transport, points: \(quoted(points))")
        #expect(all.contains("**r**: \(sentence)"), "\(all)")
    }

    @Test func whatARuleOverMeasuresIsClampedTo() throws {
        #expect(
            try explanation("id: r, dimension: transport, kinds: [business], points: measure.ever, cap: 45").contains(
                "**r** (businesses only): the number of `ride.late` or `speeding.*`, as points. That is no less than -45 and no "
                    + "more than 45."))
    }

    @Test(arguments: [
        (
            "within: 60 days, cap: 40",
            "gives 2 points. No more than 40 points are given in 60 days. It counts until 60 days after the end of its day (UTC)."
        ),
        (
            "per: month, lasts: 12 months, fades: true",
            "gives 2 points. It counts in full until the end of the event's calendar month. Then it fades in 12 equal steps, "
                + "one a month: after 12 months it counts no more."
        ),
        (
            "per: day, lasts: 2 years, fades: true",
            "It counts in full until the end of the event's day. Then it fades in 24 equal steps, one a month: after 2 years it "
                + "counts no more."
        ),
        (
            "per: day, lasts: 1 day, fades: true",
            "It counts in full until the end of the event's day. Then it counts until 1 day later."
        ),
        (
            "when: \"data.km > constant.free || attribute.tier == 'plus'\"",
            "each `ride.finished`, when its `km` is more than 12.5 or the member's `tier` is plus, gives 2 points."
        ),
        (
            "when: \"(data.km > constant.free)\"",
            "each `ride.finished`, if `(data.km > 12.5)` is true, gives 2 points."
        ),
        (
            "when: \"data.x == 'constant.free' && data.constant.free > 1\"",
            "if `data.x == 'constant.free' && data.constant.free > 1` is true"
        ),
        ("when: has(attribute.tier)", "when the member's `tier` is given, gives 2 points."),
    ])
    func rulesOverEvents(more: String, sentence: String) throws {
        let all = try explanation("\(Self.ride), \(more)")
        #expect(all.contains(sentence), "\(all)")
    }

    @Test func sanctionsAndPerks() throws {
        let all = try explanation(
            Self.ride,
            """
            sanctions:
              - {id: s, dimension: transport, measures: [m], when: measure.late > 4 || points <= -50, lasts: 1 day}
              - {id: t, dimension: transport, measures: [m], event: speeding.*, lifted-by: [course.*], lasts: 1 day}
            """)
        #expect(
            all.contains(
                "It is imposed when there were more than 4 `ride.late` (counted when its `minutes` is more than 10) in the last 90 "
                    + "days or the points of transport are -50 or less after an event that took points in this context or came into "
                    + "`late`, which is held against the member."))
        #expect(all.contains("It is imposed by `speeding.*`."))
        #expect(all.contains("Before that it is lifted by `course.*` (remedied)"))
    }

    @Test func aPerkOverMeasures() throws {
        let text = PolicyDocument.with {
            $0.perks = "perks: [{id: p, when: \(quoted("measure.n < 2 && has(measure.m) && attribute.fleet >= 3"))}]"
            $0.more = """
                attributes: {fleet: int}
                measures: [{id: n, dimension: payment, event: a, count: true}, {id: m, dimension: payment, event: a, max: data.n}]
                """
        }
        let all = PolicyExplanation(try ScoringPolicy(yaml: text, file: "policy.yaml")).text
        #expect(
            all.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(
                "granted when there were fewer than 2 `a`, there was at least one `a` and the member's `fleet` is 3 or "
                    + "more."))
    }
}
