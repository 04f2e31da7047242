import Access
import Console
import Events

/// A lively town for tests and pictures. `plant`: a text that stands at the end of every field that comes from events or people.
struct DemoTown: ConsoleData {
    var plant = ""
    var isEmpty = false
    /// What every function throws instead of an answer.
    var problem: ProblemView?
    /// How often an act is asked to wait before it is done.
    var waits = 0
    let performed = Performed()

    /// What the console asked to have done.
    actor Performed {
        private(set) var acts: [(act: ConsoleAct, reason: String, key: String, caller: Caller)] = []
        /// The keys of the acts that were asked to wait.
        private(set) var waiting: [String] = []

        /// Whether every source's withdrawal is counted.
        private(set) var hasCounted = false

        func count() { hasCounted = true }

        func wait(_ key: String) -> Int {
            waiting.append(key)
            return waiting.count
        }

        func add(_ act: ConsoleAct, _ reason: String, _ key: String, _ caller: Caller) {
            acts.append((act, reason, key, caller))
        }
    }

    static let now = Timestamp("2026-11-30T09:41:00Z")!

    static func ago(days: Double = 0, minutes: Double = 0) -> Timestamp {
        now.adding(microseconds: -Int64((days * 86_400 + minutes * 60) * 1_000_000))
    }

    func t(_ text: String) -> String { text + plant }
    func id(_ text: String) -> SubjectID { SubjectID(t(text)) }

    static func wave(_ count: Int, base: Double, swing: Double, gap: Range<Int>? = nil) -> [Reading] {
        (0..<count).map { index in
            let turn = Double(index % 16) / 16
            let rise = turn < 0.5 ? turn * 2 : 2 - turn * 2
            let value = base + swing * rise + Double((index * 37) % 11) / 11 * swing * 0.35
            return Reading(time: ago(minutes: Double(count - index)), value: gap?.contains(index) == true ? nil : value)
        }
    }

    func check() throws(ProblemView) { if let problem { throw problem } }

    func overview(for caller: Caller) async throws(ProblemView) -> OverviewView {
        try check()
        if isEmpty {
            return OverviewView(
                programme: "standing.ledger", time: Self.now, subjects: 0, eventsPerSecond: nil, factsPerSecond: nil,
                lagSeconds: nil, peopleWaiting: nil, rates: [], lags: [], bands: [], openAppeals: 0, deadLetters: 0,
                attention: [], changes: [], members: [])
        }
        let people = [
            "ada-4471", "bram.devries", "chen-li", "workshop-north", "dora-88", "emil-2", "farid-310", "harbour-office",
        ]
        let texts: [(OverviewView.Change.Kind, String)] = [
            (.score, "612 to 640 (+28), paid in full"), (.perk, "deposit free granted"),
            (.score, "701 to 689 (\u{2212}12), speeding"),
            (.sanction, "no deferred payment: notice, in force in 7 days"),
            (.score, "550 to 551 (+1), an hour of help"), (.sanction, "rail high speed lifted: the appeal was upheld"),
        ]
        return OverviewView(
            programme: t("harbour-town"), time: Self.now, subjects: 1_204_518, eventsPerSecond: 18_240,
            factsPerSecond: 611, lagSeconds: 0.42, peopleWaiting: 6100...7400,
            rates: Self.wave(60, base: 15_000, swing: 4000), lags: Self.wave(60, base: 0.2, swing: 0.5, gap: 20..<26),
            bands: [
                OverviewView.BandCount(name: t("D"), from: 350, subjects: 31_220),
                OverviewView.BandCount(name: t("C"), from: 500, subjects: 212_004),
                OverviewView.BandCount(name: t("B"), from: 600, subjects: 688_310),
                OverviewView.BandCount(name: t("A"), from: 750, subjects: 272_984),
            ], openAppeals: 14, deadLetters: 2871,
            attention: [
                OverviewView.Attention(
                    level: .bad, sentence: t("The appeal of the oldest case runs out in 5 hours."),
                    path: "/console/appeals"),
                OverviewView.Attention(
                    level: .notice,
                    sentence: t("behaviour.transport was made anew: it is not read before somebody acknowledges it."),
                    path: "/console/sources"),
            ],
            changes: (0..<12).map { index in
                OverviewView.Change(
                    time: Self.ago(minutes: Double(index) * 0.13), subject: id(people[index % people.count]),
                    kind: texts[index % texts.count].0, sentence: t(texts[index % texts.count].1))
            },
            members: [
                OverviewView.Member(
                    name: t("harbour-1"), state: "folding", level: .good, partitions: 4, lagSeconds: 0.3),
                OverviewView.Member(
                    name: t("harbour-2"), state: "folding", level: .good, partitions: 4, lagSeconds: 0.42),
                OverviewView.Member(
                    name: t("harbour-3"), state: "takes over", level: .notice, partitions: 4, lagSeconds: nil),
            ])
    }

    func subjects(_ search: SubjectSearch, for caller: Caller) async throws(ProblemView) -> SubjectsView {
        try check()
        let people = [
            "ada-4471", "adam.k", "adelheid-schmidt-of-the-old-harbour-1874", "adira", "ado", "workshop-north",
        ]
        let rows = people.enumerated().map { index, name in
            SubjectsView.Row(
                subject: id(name), kind: index == 5 ? "business" : "individual", score: 412 + index * 97,
                band: t(["D", "C", "B", "B", "A", "A"][index]),
                sanctions: index == 0
                    ? [t("no-deferred-payment"), t("judgment-defaulter")] : index == 2 ? [t("slow-lane")] : [],
                perks: index > 3 ? [t("deposit-free"), t("fast-lane")] : [],
                enrolled: Self.ago(days: Double(index * 41 + 3)))
        }
        return SubjectsView(
            rows: isEmpty ? [] : rows, next: isEmpty ? nil : t("MTIz"), kinds: ["individual", "business", "official"],
            bands: ["D", "C", "B", "A"].map(t), perks: [t("deposit-free")], sanctions: [t("no-deferred-payment")])
    }

    // MARK: One subject

    private func reason(_ rule: String, _ points: Int, _ dimension: String = "payment") -> SubjectView.Reason {
        SubjectView.Reason(rule: t(rule), dimension: t(dimension), points: points)
    }

    var steps: [SubjectView.Step] {
        var score = 600
        var steps = [
            SubjectView.Step(
                time: Self.ago(days: 410), score: score, band: t("B"), reasons: [], cause: t("enrolled"), event: nil)
        ]
        let made: [(Double, String, Int, String)] = [
            (380, "paid-in-full", 10, "bill.paid-in-full"), (351, "paid-in-full", 10, "bill.paid-in-full"),
            (322, "paid-in-full", 10, "bill.paid-in-full"), (300, "volunteer", 24, "volunteer.hours"),
            (291, "paid-in-full", 10, "bill.paid-in-full"), (250, "safe-driving", 18, "ride.finished"),
            (214, "late", -35, "bill.missed"), (184, "late", -60, "bill.missed"), (153, "late", -60, "bill.missed"),
            (150, "speeding", -20, "speeding.minor"), (121, "paid-in-full", 10, "bill.paid-in-full"),
            (90, "paid-in-full", 10, "bill.paid-in-full"), (62, "volunteer", 40, "volunteer.hours"),
            (40, "speeding", 20, "a month of fading"), (21, "paid-in-full", 10, "bill.paid-in-full"),
            (4, "volunteer", 43, "volunteer.hours"),
        ]
        for (index, (days, rule, points, cause)) in made.enumerated() {
            score += points
            steps.append(
                SubjectView.Step(
                    time: Self.ago(days: days), score: score, band: t(score >= 600 ? "B" : "C"),
                    reasons: [reason(rule, points)] + (index == 7 ? [reason("three-strikes", 0)] : []), cause: t(cause),
                    event: EventName(source: t("/bank/north"), id: t("bill-\(1000 + index)"))))
        }
        return steps
    }

    var sanction: Sanction {
        Sanction(
            name: t("no-deferred-payment"), state: .inForce, dimension: t("payment"), measures: [t("deferred-payment")],
            imposed: Self.ago(days: 153), inForce: Self.ago(days: 146), ends: Self.ago(days: -27), decideBy: nil,
            canAppeal: true,
            sentence: t("Imposed because the points of payment fell to \u{2212}115, below \u{2212}100."))
    }

    var events: [FileEvent] {
        [
            FileEvent(
                time: Self.ago(days: 4), type: t("volunteer.hours"),
                name: EventName(source: t("/town/help"), id: t("h-8812")),
                partition: 7, offset: 1_882_104, reasons: [reason("volunteer", 43)], note: nil,
                data: t("{\"hours\": 11, \"place\": \"library\"}"), isStruck: false),
            FileEvent(
                time: Self.ago(days: 153), type: t("bill.missed"),
                name: EventName(source: t("/bank/north"), id: t("bill-1008")),
                partition: 7, offset: 1_204_331, reasons: [reason("late", -60)], note: nil,
                data: t("{\"days\": 31, \"billed\": 4200}"), isStruck: true),
            FileEvent(
                time: Self.ago(days: 184), type: t("bill.missed"),
                name: EventName(source: t("/bank/north"), id: t("bill-1007")),
                partition: 7, offset: 1_160_002, reasons: [reason("late", -60)],
                note: t("also counted by late_90d"), data: t("{\"days\": 12, \"billed\": 990}"), isStruck: false),
            FileEvent(
                time: Self.ago(days: 200), type: t("ride.finished"), name: EventName(source: t("/cars"), id: t("r-1")),
                partition: 7, offset: 1_100_417, reasons: [], note: t("no rule matched"), data: t("{\"km\": 4}"),
                isStruck: false),
        ]
    }

    func subject(_ name: String, purpose: String?, for caller: Caller) async throws(ProblemView) -> SubjectView {
        try check()
        if isEmpty { throw .noSubject(name) }
        var stayed = sanction
        (stayed.name, stayed.state, stayed.decideBy, stayed.canAppeal) = (
            t("slow-lane"), .stayed, Self.ago(days: -12), false
        )
        (stayed.dimension, stayed.measures) = (t("driving"), [t("night-rides"), t("rail-high-speed")])
        stayed.sentence = t("Imposed by the event speeding.severe.")
        var noticed = stayed
        (noticed.name, noticed.state, noticed.decideBy, noticed.canAppeal) = (t("library-pause"), .noticed, nil, true)
        (noticed.inForce, noticed.measures) = (Self.ago(days: -3.2), [t("loans")])
        noticed.sentence = t("Three books are overdue by more than a month.")
        return SubjectView(
            id: SubjectID(name), kind: "individual", score: 640, minimum: 350, maximum: 950, base: 600,
            bands: [("D", 350), ("C", 500), ("B", 600), ("A", 750)].map { SubjectView.Band(name: t($0.0), from: $0.1) },
            band: t("B"), policy: t("card 3"), enrolled: Self.ago(days: 410), clock: Self.now, partition: 7,
            dimensions: [
                SubjectView.Dimension(
                    name: t("payment"), points: -85, minimum: -250, maximum: 200,
                    reasons: [reason("late", -155), reason("paid-in-full", 70)]),
                SubjectView.Dimension(
                    name: t("community"), points: 107, minimum: nil, maximum: 150,
                    reasons: [reason("volunteer", 107)]),
                SubjectView.Dimension(name: t("driving"), points: 18, minimum: -100, maximum: 60, reasons: []),
                SubjectView.Dimension(name: t("conduct"), points: 0, minimum: nil, maximum: nil, reasons: []),
            ], sanctions: [sanction, stayed, noticed],
            perks: [
                SubjectView.Perk(
                    name: t("fast-lane"), isHeld: true, ends: Self.ago(days: -9),
                    sentence: t("Needs 18 points in driving and a score of 640.")),
                SubjectView.Perk(
                    name: t("deposit-free"), isHeld: false, ends: nil, sentence: t("Needs a score of 750.")),
            ], steps: steps, olderSteps: 0,
            wayBack: [
                t(
                    "No-deferred-payment ends by itself on 27 Dec 2026, or at once when payment rises to \u{2212}99: 14 points more."
                ),
                t("Each bill paid in full gives 10 points, up to 20 a month."),
                t("The missed bill of June stops counting on 1 Jul 2027: that gives back 60 points."),
            ], events: events,
            appeals: [
                Appeal(
                    subject: id("ada-4471"), sanction: t("slow-lane"), state: .open, filed: Self.ago(days: 18),
                    decideBy: Self.ago(days: -12), statement: t("I was not driving.\nThe car was at the workshop."),
                    decision: nil)
            ],
            looks: [
                SubjectView.Look(
                    time: Self.ago(minutes: 3), actor: t("mira"), action: "readFile", outcome: "allowed",
                    purpose: t("The person asked about the score")),
                SubjectView.Look(
                    time: Self.ago(days: 3), actor: t("ada"), action: "readFile", outcome: "allowed", purpose: nil),
                SubjectView.Look(
                    time: Self.ago(days: 4), actor: t("ada"), action: "readFile", outcome: "allowed", purpose: nil),
                SubjectView.Look(
                    time: Self.ago(days: 18), actor: t("joost"), action: "reviewAppeal", outcome: "denied",
                    purpose: t("Decision on an appeal")),
            ])
    }

    // MARK: Appeals

    func appeals(for caller: Caller) async throws(ProblemView) -> AppealsView {
        try check()
        if isEmpty { return AppealsView(time: Self.now, open: [], decided: []) }
        let open = [
            ("ada-4471", "slow-lane", 29.8, -0.2), ("chen-li", "no-deferred-payment", 26.0, -4),
            ("workshop-north", "no-deferred-payment", 3, -27),
        ]
        .map { name, sanction, filed, by in
            Appeal(
                subject: id(name), sanction: t(sanction), state: .open, filed: Self.ago(days: filed),
                decideBy: Self.ago(days: by),
                statement: t(
                    "The bill was paid on the day it was due. The bank booked it two days later, see the receipt that I sent on the third."
                ),
                decision: nil)
        }
        let decided = [
            AppealDecision(
                subject: id("bram.devries"), sanction: t("slow-lane"), isUpheld: true, time: Self.ago(days: 10),
                actor: t("joost"), reason: t("The camera was out of order that week.")),
            AppealDecision(
                subject: id("dora-88"), sanction: t("slow-lane"), isUpheld: false, time: Self.ago(days: 20),
                actor: t("mira"), reason: t("The second reading agrees with the first.")),
        ]
        return AppealsView(time: Self.now, open: open, decided: decided)
    }

    func appeal(
        of subject: String, against name: String, purpose: String?, for caller: Caller
    ) async throws(ProblemView) -> AppealView {
        try check()
        return AppealView(
            appeal: Appeal(
                subject: SubjectID(subject), sanction: name, state: .open, filed: Self.ago(days: 26),
                decideBy: Self.ago(days: -4),
                statement: t("The bill was paid on the day it was due.\nThe bank booked it two days later."),
                decision: nil),
            sanction: sanction, time: Self.now, score: 640, band: t("B"), scoreWithout: 700, bandWithout: t("B"),
            condition: t("Payment had \u{2212}115 points; the sanction needs \u{2212}100 or fewer."),
            conditionWithout: t("Payment would have \u{2212}55 points."), holdsWithout: false, evidence: events)
    }
}
