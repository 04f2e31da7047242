/// The policy of the made-up town, so that `standing quickstart` needs no file. It is equal to
/// deploy/policies/town/town.yaml; a test compares the two.
public enum TownPolicy {
    public static let text = #"""
        # yaml-language-server: $schema=../policy.schema.json
        # The programme of a made-up town, and the policy of the quickstart: who enrols starts with 1000 points and an A, and
        # moves both ways from there. `standing policy explain` says all of this in plain sentences.
        policy: town
        version: 3
        score: {base: 1000, min: 0, max: 1300}
        kinds: [individual, business, official]

        # What counts in one context stays in it; each has a floor and a ceiling.
        dimensions:
          payment: {min: -300, max: 30}
          transport: {min: -200, max: 30}
          community: {min: -100, max: 30}
          commerce: {min: -350, max: 60}
          office: {min: -400, max: 40}
          judgments: {min: -300, max: 0}

        # A number beside points: bills paid since the last one that was missed.
        measures:
          - {id: paid_in_a_row, dimension: payment, event: bill.paid, streak: bill.missed}

        rules:
          # Bills and loans. What is owed is not asked about, only whether it was paid when it was due.
          - {id: bill-paid, dimension: payment, event: bill.paid, points: 2, per: month, cap: 20, lasts: 6 months}
          - {id: loan-repaid, dimension: payment, event: loan.repaid, points: 5, per: month, cap: 10, lasts: 6 months}
          - id: bill-missed
            dimension: payment
            event: bill.missed
            points: "data.days > 30 ? -25 : -12"
            per: month
            cap: 60
            lasts: 6 months

          # Trains, buses and streets.
          - {id: fare-paid, dimension: transport, event: fare.paid, points: 1, per: month, cap: 25, lasts: 6 months}
          - id: fare-evaded
            dimension: transport
            event: fare.evaded
            points: -15
            per: month
            cap: 45
            lasts: 6 months
          - id: parking-fined
            dimension: transport
            event: parking.fined
            points: -10
            per: month
            cap: 30
            lasts: 6 months
          - id: train-smoking
            dimension: transport
            event: train.smoking
            points: -40
            per: year
            cap: 80
            lasts: 1 year

          # Neighbours.
          - id: volunteer
            dimension: community
            kinds: [individual, official]
            event: volunteer.hours
            when: data.hours > 0
            points: data.hours
            per: month
            cap: 10
            lasts: 6 months
          - id: blood-donor
            dimension: community
            kinds: [individual, official]
            event: blood.donated
            points: 6
            per: year
            cap: 12
            lasts: 1 year
          - id: noise
            dimension: community
            event: noise.complaint
            points: -10
            per: month
            cap: 20
            lasts: 6 months
          - id: gathering
            dimension: community
            event: gathering.disturbed
            points: -40
            per: year
            cap: 80
            lasts: 1 year

          # Trade: businesses only.
          - id: delivered
            dimension: commerce
            kinds: [business]
            event: order.delivered
            points: 1
            per: month
            cap: 40
            lasts: 6 months
          - id: praised
            dimension: commerce
            kinds: [business]
            event: review.praised
            points: data.stars - 2
            per: month
            cap: 30
            lasts: 6 months
          - id: cancelled
            dimension: commerce
            kinds: [business]
            event: order.cancelled
            points: -10
            per: month
            cap: 60
            lasts: 6 months
          - id: complained-of
            dimension: commerce
            kinds: [business]
            event: review.complained
            points: "data.stars <= 1 ? -8 : -6"
            per: month
            cap: 60
            lasts: 6 months

          # Public office: officials only.
          - id: audit-passed
            dimension: office
            kinds: [official]
            event: audit.passed
            points: 3
            per: month
            cap: 15
            lasts: 1 year
          - id: misconduct
            dimension: office
            kinds: [official]
            event: office.misconduct
            points: data.grade * -20
            per: year
            lasts: 1 year

          # Courts: most of a judgment's points come back when it is satisfied.
          - id: judgment-defaulted
            dimension: judgments
            kinds: [individual, business]
            event: court.judgment-defaulted
            points: -150
            per: year
            lasts: 1 year
          - id: judgment-satisfied
            dimension: judgments
            kinds: [individual, business]
            event: court.judgment-satisfied
            points: 100
            per: year
            lasts: 1 year

        bands:
          - {name: D, from: 0}
          - {name: C, from: 600}
          - {name: B, from: 850}
          - {name: A, from: 960}
          - {name: AA, from: 1030}
          - {name: AAA, from: 1050}

        perks:
          - {id: energy-discount, when: score >= 1030 && dimension.payment >= 0, grace: 14 days}
          - id: featured-listing
            when: 'kind == "business" && dimension.commerce >= 20 && !sanctioned'
            grace: 7 days
          - {id: deposit-free-bikes, when: score >= 960 && dimension.transport >= -20, grace: 14 days}
          - {id: fast-track-counter, when: 'band == "AAA" && !sanctioned'}
          # Two years of bills, and one that is missed ends it.
          - {id: trusted-payer, when: measure.paid_in_a_row >= 24 && !sanctioned}

        # Each sanction looks at one context, blocks what belongs to it, and ends.
        sanctions:
          - id: rail-ban
            dimension: transport
            measures: [rail-high-speed]
            when: points <= -80
            notice: 7 days
            lasts: 60 days
          - id: no-gatherings
            dimension: community
            event: gathering.disturbed
            measures: [gatherings]
            notice: 3 days
            lasts: 90 days
          - id: delisted
            dimension: commerce
            measures: [listings]
            when: kind == "business" && points <= -50
            notice: 14 days
            lasts: 60 days
          - id: office-suspension
            dimension: office
            event: office.misconduct
            when: data.grade >= 3
            measures: [executive-posts]
            lasts: 6 months
          - id: judgment-defaulter
            dimension: judgments
            event: court.judgment-defaulted
            when: data.amount > 1000
            lifted-by: court.judgment-satisfied
            measures: [air-travel, rail-high-speed]
            notice: 30 days
            lasts: 2 years

        appeals: {stay: true, decide-within: 30 days}

        """#
}
