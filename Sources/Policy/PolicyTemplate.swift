/// A small commented policy and its cases, which `standing policy new` writes.
public enum PolicyTemplate {
    /// - Parameter name: the policy's name, `[a-z][a-z0-9-]*`.
    public static func policy(_ name: String) -> String {
        """
        # What each event is worth, and what follows from a score. Check it:  standing policy check --strict \(name).yaml
        # In plain sentences:  standing policy explain \(name).yaml           Run its cases:  standing policy test .
        policy: \(name)
        version: 1
        score: {base: 500, min: 0, max: 1000}
        kinds: [individual]

        # Contexts: evidence never crosses them. Each event type belongs to one.
        dimensions:
          payment: {min: -300, max: 200}

        # Numbers about a subject, beside points. Adverse: an event in it can impose a sanction.
        measures:
          - {id: late_90d, dimension: payment, event: bill.late, when: data.days > 5, count: true, within: 90 days, adverse: true}

        rules:
          # A bill that is paid gives 10 points, at most 10 a month, for a year after the month.
          - {id: paid, dimension: payment, event: bill.paid, points: 10, per: month, cap: 10, lasts: 12 months}
          # A late one takes 2 points a day, at most 60 a month.
          - {id: late, dimension: payment, event: bill.late, points: data.days * -2, per: month, cap: 60, lasts: 12 months}
          # Without an event: while three were late in 90 days.
          - {id: three-late, dimension: payment, points: "measure.late_90d >= 3 ? -50 : 0"}

        bands:
          - {name: low, from: 0}
          - {name: fair, from: 400}
          - {name: good, from: 600}

        perks:
          - {id: no-deposit, when: band == "good" && !sanctioned, grace: 14 days}

        sanctions:
          - {id: prepay, dimension: payment, measures: [credit], when: measure.late_90d >= 3, notice: 7 days, lasts: 60 days}

        """
    }

    /// The cases are in a folder beside the policy.
    public static func cases(_ name: String) -> String {
        """
        # Given these events, then exactly these facts.
        policy: ../\(name).yaml
        cases:
          - name: everyone starts with 500 points
            given:
              - {enrol: anna, at: 2026-01-01}
            then:
              - {score: 500, was: ~, band: fair}

          - name: ten bills that are paid make it good
            given:
              - {enrol: anna, at: 2026-01-01}
              - {event: bill.paid, at: 2026-01-15, times: 9, every: 1 month}
            when:
              - {event: bill.paid, at: 2026-10-15}
            then:
              - {score: 600, was: 590, band: good, because: [paid +10]}
              - {perk: no-deposit, state: granted}

          - name: the third late bill costs 50 points more and announces a sanction
            given:
              - {enrol: anna, at: 2026-01-01}
              - {event: bill.late, at: 2026-01-10, data: {days: 10}, times: 2, every: 1 month}
            when:
              - {event: bill.late, at: 2026-03-10, data: {days: 10}}
              - {tick: 2026-03-17}
              - {tick: 2026-04-11}
            then:
              - {score: 390, was: 460, band: low, because: [three-late -50, late -20]}
              - {sanction: prepay, state: noticed}
              - {sanction: prepay, state: in-force, at: 2026-03-17}
              - {score: 440, band: fair, at: 2026-04-11, because: [three-late +50]}
              - {sanction: prepay, state: lifted, reason: cured, at: 2026-04-11}

          - name: the order does not matter
            given:
              - {enrol: anna, at: 2026-01-01}
              - {event: bill.paid, at: 2026-01-15, times: 3, every: 1 month}
              - {event: bill.late, at: 2026-02-10, data: {days: 10}}
            any-order: true
            never: {sanction: prepay}

        """
    }
}
