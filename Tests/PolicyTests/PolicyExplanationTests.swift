import Foundation
import Policy
import Testing

@Suite struct PolicyExplanationTests {
    private static let policies = URL(filePath: #filePath).appending(path: "../../../deploy/policies").standardized

    private func explanation(_ text: String) throws -> String {
        PolicyExplanation(try ScoringPolicy(yaml: text, file: "policy.yaml")).text
    }

    /// The text as one line, so that a sentence can be looked for wherever it was broken.
    private func flat(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static let small = """
        policy: small
        version: 3
        score: {base: 600, min: 350, max: 950}
        kinds: [individual, official]
        dimensions:
          payment: {min: -100}
          office: {}
        rules:
          - {id: paid, dimension: payment, event: [bill.paid, loan.repaid], points: 1, per: month, cap: 10, lasts: 2 years}
          - {id: audit, dimension: office, kinds: [official], event: audit.passed, points: 3}
        bands:
          - {name: B, from: 300}
          - {name: A, from: 700}
        perks:
          - {id: counter, when: band == "A", grace: 1 day}
        sanctions:
          - {id: no-credit, dimension: payment, measures: [credit, loans], when: points <= -50, notice: 7 days, lasts: 90 days}
        appeals: {stay: false, decide-within: 10 days}
        """

    @Test func theWholeText() throws {
        #expect(
            try explanation(Self.small) == """
                # The policy "small", version 3

                ## Who is scored

                This policy scores individuals and officials, and of these only who has enrolled. Nobody is scored
                before enrolling: what happened earlier, or to someone who never enrols, counts for nothing, ever.
                Whoever withdraws is scored no more: every sanction is lifted, the perks end and the points are
                forgotten.

                ## The score

                Everyone starts at 600 points. The score is 600 plus the points of every context below, never less
                than 350 and never more than 950. It depends on what counts at that moment and not on the order in
                which it became known.

                ## Contexts

                Evidence never crosses from one context to another: each kind of event counts in one context only,
                and a sanction looks at nothing but the points or the events of its own.

                - **payment**: its points together count as no less than -100.
                - **office**: its points count without a limit of their own.

                ## What counts

                ### payment

                - **paid**: each `bill.paid` or `loan.repaid` gives 1 point. No more than 10 points are given in a
                  calendar month. It counts until 2 years after the end of the event's calendar month.

                ### office

                - **audit** (officials only): each `audit.passed` gives 3 points. It counts for ever.

                ## Bands

                The score decides the band:

                - **B**: 300 to 699.
                - **A**: 700 and more.

                ## Perks

                A perk is granted as soon as its condition holds. When it no longer holds, the perk goes.

                - **counter**: granted when the band is A. It is revoked only when that has not been so for 1 day
                  without a break.

                ## Sanctions

                Only something new and adverse can impose a sanction: time that passes, a correction, an appeal or a
                new version of this policy can lift one but never impose one. Every sanction has a term and ends by
                itself. Nothing is blocked while a sanction is only announced.

                - **no-credit** (context: payment): blocks `credit` and `loans`. It is imposed when the points of
                  payment are -50 or less after an event that took points in this context. It is announced at once
                  and comes into force 7 days later. It ends 90 days after it was imposed. Before that it is lifted
                  as soon as that level is left (cured), when an appeal is upheld or not decided in time or by
                  withdrawing from the programme.

                ## The right to appeal

                Whoever is under a sanction, announced or in force, may appeal, once each time that one is imposed.
                The sanction goes on while the appeal is undecided. The appeal must be decided within 10 days. If it
                is not, the sanction is lifted: silence counts in favour of the person. If the appeal is upheld, the
                sanction is lifted. If it is rejected, the sanction goes on with its old dates, and no day of it is
                added.

                ## Corrections

                An event that was reported in error can be voided. Then everything is as if it had never happened,
                and the same event sent again does not count. An event that is reported twice counts once. Every
                change of a score, a perk or a sanction is told with the rules and points that made it.

                What happened before somebody joined never counts. What happened after it and arrives before the
                news of it counts, if that news follows within 1 hour.

                No rule and no sanction may look at protected attributes: race, ethnicity, religion, political
                opinion, political affiliation, union membership, health, disability, sex, gender, sexual
                orientation, marital status, pregnancy, genetic data or biometric data.

                """)
    }

    /// A rule's condition, and its sentence.
    @Test(arguments: [
        ("data.amount > 1000", "when its `amount` is more than 1000"),
        (
            "data.amount >= 400.5 && kind == \"business\"",
            "when its `amount` is 400.5 or more and the member is a business"
        ),
        ("kind in ['individual', 'official']", "when the member is an individual or an official"),
        ("!has(data.hours)", "when its `hours` is not given"),
        ("has(data.hours) && data.hours > 0", "when its `hours` is given and its `hours` is more than 0"),
        ("data.carriage in [\"sleeper\", \"high-speed\"]", "when its `carriage` is sleeper or high-speed"),
        ("data.carriage != \"sleeper\"", "when its `carriage` is not sleeper"),
        ("data.late == false", "when its `late` is false"),
        ("data.late", "when its `late` is true"),
        ("!data.late", "when its `late` is false"),
        // Everything else as it is.
        ("data.paid * 20 >= data.billed", "if `data.paid * 20 >= data.billed` is true"),
        ("data.a > 1 || data.b > 1", "when its `a` is more than 1 or its `b` is more than 1"),
        ("data.a > 1 || data.b > 1 && data.c", "if `data.a > 1 || data.b > 1 && data.c` is true"),
        ("type == 'fare.paid'", "when it is `fare.paid`"),
        ("(data.a > 1)", "if `(data.a > 1)` is true"),
        ("data.a == '&& <= '", "if `data.a == '&& <= '` is true"),
        ("data.a == '&&' && data.b < 2", "when its `a` is && and its `b` is less than 2"),
        ("data.name.startsWith('x')", "if `data.name.startsWith('x')` is true"),
        ("data.a.b > 1", "if `data.a.b > 1` is true"),
    ])
    func conditions(when: String, sentence: String) throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, points: 1, when: \(quoted(when))}]"
        }
        let all = flat(try explanation(text))
        #expect(all.contains("each `fare.paid`, \(sentence), gives 1 point."), "\(when)")
    }

    @Test(arguments: [
        ("1", "gives 1 point."), ("-2", "takes 2 points."), ("data.hours", "counts its `hours` as points."),
        ("data.days * -2", "counts -2 times its `days` as points."),
        ("3 * data.days", "counts 3 times its `days` as points."),
        ("data.days > 30 ? -25 : -12", "takes 25 points when its `days` is more than 30, otherwise 12."),
        (
            "data.over > 50 ? -6 : data.over > 30 ? -4 : 1",
            "takes 6 points when its `over` is more than 50, 4 when its `over` is more than 30, otherwise gives 1 point."
        ),
        ("data.ok ? 2 : -12", "gives 2 points when its `ok` is true, otherwise takes 12 points."),
        ("data.a * data.b", "counts as many points as `data.a * data.b` says."),
        ("data.a > 1 ? data.b : 2", "counts as many points as `data.a > 1 ? data.b : 2` says."),
    ])
    func points(points: String, sentence: String) throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, points: \(quoted(points))}]"
        }
        #expect(flat(try explanation(text)).contains("each `fare.paid` \(sentence)"), "\(points)")
    }

    @Test(arguments: [
        (
            "score >= 750 && dimension.payment >= 50",
            "when the score is 750 or more and the points of payment are 50 or more"
        ),
        ("band in [\"A\", \"C\"] && !sanctioned", "when the band is A or C and no sanction is in force"),
        ("sanctioned", "when a sanction is in force"),
        ("score > dimension.payment", "if `score > dimension.payment` is true"),
    ])
    func standings(when: String, sentence: String) throws {
        let text = PolicyDocument.with { $0.perks = "perks: [{id: bikes, when: \(quoted(when))}]" }
        #expect(flat(try explanation(text)).contains("**bikes**: granted \(sentence)."), "\(when)")
    }

    @Test func aConditionThatIsAlwaysTrueNeedsNoWords() throws {
        let text = flat(
            try explanation(
                Self.small.replacing("when: band == \"A\"", with: "when: true")
                    .replacing("when: points <= -50", with: "when: true")
                    .replacing("event: audit.passed,", with: "event: audit.passed, when: true,")))
        #expect(text.contains("- **counter**: granted to everyone who is scored. ##"), "\(text)")
        #expect(text.contains("It is imposed after an event that took points in this context."), "\(text)")
        #expect(text.contains("(officials only): each `audit.passed` gives 3 points."), "\(text)")
    }

    @Test func whatAnEventImposes() throws {
        let text = PolicyDocument.with {
            $0.more = """
                sanctions:
                  - id: no-trains
                    dimension: transport
                    event: train.smoking
                    when: data.times > 1
                    lifted-by: [fine.paid, fine.waived]
                    measures: rail
                    lasts: 1 year
                """
        }
        let all = flat(try explanation(text))
        #expect(
            all.contains(
                "**no-trains** (context: transport): blocks `rail`. It is imposed by `train.smoking`, when its `times` is "
                    + "more than 1. It is in force at once, without notice. It ends 1 year after it was imposed; a further "
                    + "such event starts the term again. Before that it is lifted by `fine.paid` or `fine.waived` "
                    + "(remedied), when the event that imposed it is voided, when an appeal is upheld or not decided in "
                    + "time or by withdrawing from the programme."))
        #expect(all.contains("While the appeal is undecided the sanction is stayed: nothing is blocked."))
        #expect(all.contains("The appeal must be decided within 30 days."))
    }

    @Test func withoutPerksAndSanctionsThereIsNothingToAppeal() throws {
        let all = try explanation(PolicyDocument.with { $0.perks = "" })
        #expect(all.contains("This policy gives no perks."))
        #expect(all.contains("This policy imposes no sanctions."))
        #expect(!all.contains("appeal"))
    }

    @Test func everyRulePerkBandSanctionMeasureAndEventOfEverySampleIsTold() throws {
        for name in ["town", "loyalty", "licence", "drive", "market", "credit"] {
            let file = Self.policies.appending(path: "\(name)/\(name).yaml")
            let text = try String(contentsOf: file, encoding: .utf8)
            let policy = try ScoringPolicy(yaml: text, file: "\(name).yaml")
            let explanation = PolicyExplanation(policy).text
            #expect(explanation == PolicyExplanation(policy).text)
            #expect(explanation.split(separator: "\n").allSatisfy { $0.count <= PolicyExplanation.lineLength })
            #expect(!explanation.contains("\n\n\n"))
            let all = flat(explanation)
            for rule in policy.rules {
                #expect(all.contains("**\(rule.id)**"))
                for event in rule.events { #expect(all.contains("`\(event)`")) }
            }
            for band in policy.bands { #expect(all.contains("**\(band.name)**")) }
            for perk in policy.perks { #expect(all.contains("**\(perk.id)**")) }
            for sanction in policy.sanctions {
                #expect(all.contains("**\(sanction.id)** (context: \(policy.dimensions[sanction.dimension].name))"))
                for measure in sanction.measures { #expect(all.contains("`\(measure)`")) }
            }
        }
    }
}
