import Backtests
import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@Suite struct PolicyChangeTests {
    private static let text = """
        policy: town
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 20}
          - {id: missed, dimension: payment, event: bill.missed, points: -60}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 610}]
        perks: [{id: bikes, when: score >= 605}]
        sanctions:
          - {id: loans, dimension: payment, measures: [loans], when: points <= -100, lasts: 100 days}

        """

    /// anna has paid twice (640), bert has missed once (540), carl has done nothing (600), dora has missed twice (480).
    private static let entries: [LedgerEntry] =
        ["anna", "bert", "carl", "dora"].enumerated().map { .enrolled($1, offset: Int64($0)) } + [
            .happened("bill.paid", "anna", offset: 10), .happened("bill.paid", "anna", offset: 11),
            .happened("bill.missed", "bert", offset: 12), .happened("bill.missed", "dora", offset: 13),
            .happened("bill.missed", "dora", offset: 14),
        ]

    private func policy(_ changes: [(of: String, to: String)], more: String = "") throws -> ScoringPolicy {
        var text = Self.text.replacing("version: 1", with: "version: 2")
        for change in changes {
            try #require(text.contains(change.of))
            text = text.replacing(change.of, with: change.to)
        }
        return try ScoringPolicy(yaml: text + more, file: "town.yaml")
    }

    private func difference(
        to candidate: ScoringPolicy, active: String = text, progress: ReplayProgress = ReplayProgress(),
        person: ((UnsafeRawBufferPointer) throws -> Void)? = nil
    ) throws -> PolicyChange.Difference {
        let frames = [
            (offset: Int64(0), bytes: LedgerEntry.frame(session: 9, [.policy(active)])),
            (offset: Int64(1), bytes: LedgerEntry.frame(session: 1, Self.entries)),
        ]
        return try PolicyChange(candidate: candidate).run(
            partitions: [0],
            source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) },
            progress: progress, person: person)
    }

    /// The two frames are read in each pass, and the progress ends at its total.
    @Test func theProgressCountsEveryPass() throws {
        let progress = ReplayProgress(total: PolicyChange.passes * 2)
        _ = try difference(to: policy([("points: 20", "points: 30")]), progress: progress)
        #expect(progress.offsets == progress.total && progress.offsets == 6)
    }

    @Test func whoGainsAndWhoLoses() throws {
        var people: [String] = []
        let candidate = try policy([
            ("points: 20", "points: 30"), ("points: -60", "points: -70"), ("<= -100", "<= -70"),
        ])
        let difference = try difference(to: candidate) { people.append(String(decoding: $0, as: UTF8.self)) }
        let change = difference.activation
        #expect(change.subjects == 4 && change.gain == 1 && change.lose == 2 && change.stay == 1)
        #expect(change.pointsGained == 20 && change.pointsLost == -30 && change.largestLoss == 20)
        #expect(change.bandUp == 0 && change.bandDown == 0)
        // bert would have been sanctioned, had it always been so; the activation imposes nothing.
        #expect(change.sanctions.map(\.onlyPolicy.count) == [0])
        #expect(difference.wholeHistory.sanctions.map(\.onlyPolicy.first) == [["bert"]])
        #expect(difference.wholeHistory.sanctions.map(\.both) == [1])
        #expect(
            people == [
                #"{"subject":"anna","before":{"score":640,"band":"A"},"after":{"score":660,"band":"A"},"perksWon":[],"perksLost":[],"sanctionsLifted":[],"sanctionsAlways":[],"sanctionsNever":[]}"#,
                #"{"subject":"bert","before":{"score":540,"band":"C"},"after":{"score":530,"band":"C"},"perksWon":[],"perksLost":[],"sanctionsLifted":[],"sanctionsAlways":["loans"],"sanctionsNever":[]}"#,
                #"{"subject":"dora","before":{"score":480,"band":"C"},"after":{"score":460,"band":"C"},"perksWon":[],"perksLost":[],"sanctionsLifted":[],"sanctionsAlways":[],"sanctionsNever":[]}"#,
            ])
        #expect(difference.nextOffsets == [2])
        #expect(difference.breaches == [])
    }

    @Test func whatIsLostAndLifted() throws {
        let candidate = try policy([
            ("points: 20", "points: 1"), ("id: loans", "id: credit"), ("from: 610", "from: 640"),
        ])
        let change = try difference(to: candidate).activation
        #expect(change.bandDown == 1 && change.losePerk == 1)
        #expect(change.perks.map(\.onlyAgainst.first) == [["anna"]])
        #expect(change.sanctions.first { $0.id == "loans" }?.onlyAgainst.first == ["dora"])
    }

    /// A share that is just reached is within the budget; both policies' budgets count.
    @Test(
        arguments: [
            ("lose-points: 50 %", []),
            ("lose-points: 49.99 %", ["2 of 4 subjects (50 %) would lose points; the budget allows 49.99 %"]),
            ("largest-loss: 20", []), ("largest-loss: 19", ["somebody would lose 20 points; the budget allows 19"]),
            ("new-sanctions: 1", []),
            ("new-sanctions: 0", ["1 sanctions would have been imposed that were not; the budget allows 0"]),
            ("lose-band: 0 %", []), ("lose-perk: 0%", []),
        ] as [(String, [String])])
    func theBudget(of budget: String, breaches: [String]) throws {
        let changes = [("points: 20", "points: 30"), ("points: -60", "points: -70"), ("<= -100", "<= -70")]
        let own = try difference(to: policy(changes, more: "harm-budget: {\(budget)}\n"))
        #expect(own.breaches.map(\.description) == breaches.map { $0 + " (town version 2)" })
        let active = try difference(to: policy(changes), active: Self.text + "harm-budget: {\(budget)}\n")
        #expect(active.breaches.map(\.description) == breaches.map { $0 + " (town version 1)" })
    }

    @Test func aBandOrAPerkThatIsLostBreaksTheBudget() throws {
        let candidate = try policy(
            [("points: 20", "points: 1"), ("from: 610", "from: 640")],
            more: "harm-budget: {lose-band: 24.99 %, lose-perk: 25 %}\n")
        #expect(
            try difference(to: candidate).breaches.map(\.description)
                == ["1 of 4 subjects (25 %) would lose their band; the budget allows 24.99 % (town version 2)"])
    }

    @Test func aProposalIsReadAsItWasWritten() throws {
        let candidate = try policy([("points: -60", "points: -70")], more: "harm-budget: {lose-points: 1 %}\n")
        let proposal = PolicyProposal(try difference(to: candidate))
        let read = try PolicyProposal(json: Array(proposal.json.utf8))
        #expect(read.policy == candidate.text && read.active == Checkpoint.hash(ofPolicy: Self.text))
        #expect(read.breaches.count == 1 && proposal.breaches.count == 1)
        #expect(read.page == proposal.page)
        #expect(proposal.page.contains("The harm budget is broken"))
        // The last event's time, for only the one partition has a clock.
        #expect(read.clock == Timestamp(microseconds: 14_000_000) && proposal.clock == read.clock)
        for text in ["", "{}", #"{"proposal":2}"#, "[1]", #"{"proposal":1,"policy":"p"}"#] {
            #expect(throws: PolicyProposal.Failure.self) { try PolicyProposal(json: Array(text.utf8)) }
        }
    }

    @Test func whereNoBudgetIsSetThePageSaysSo() throws {
        let page = PolicyProposal(try difference(to: policy([]))).page
        #expect(page.hasSuffix("\nno harm budget is set\n"))
        let within = PolicyProposal(try difference(to: policy([], more: "harm-budget: {lose-points: 1 %}\n"))).page
        #expect(within.hasSuffix("\nWithin the harm budget.\n"))
    }

    /// What a proposal says of the activation is what the activation does.
    @Test(arguments: 1...6) func theActivationDoesWhatTheProposalSays(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed, switches: false)
        let candidate = try ScoringPolicy(yaml: RandomLedger.others[0], file: "")
        let frames = ledger.frames
        let difference = try PolicyChange(candidate: candidate).run(
            partitions: [RandomLedger.partition],
            source: { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) })
        var fold = ledger.fold()
        _ = try ledger.apply(0..<frames.count, to: &fold)
        var before: [[UInt8]: Standing] = [:]
        fold.fold.forEachStanding { before[$0.subject] = $0 }
        let activation = LedgerEntry.frame(
            session: 77, number: 0,
            [
                .event(
                    type: "standing.policy.activated", subject: "", offset: 0, topic: "council", second: 0,
                    data: LedgerEntry.policyData(candidate.text))
            ])
        var facts = EncodedFacts()
        try activation.withUnsafeBytes {
            try fold.apply(frame: $0, at: fold.nextOffset, above: [0, 0, 0], into: &facts)
        }
        var (gain, lose, loss) = (Int64(0), Int64(0), Int64(0))
        fold.fold.forEachStanding { after in
            let change = after.level.score - (before[after.subject]?.level.score ?? 0)
            if change > 0 { gain += 1 }
            if change < 0 { lose += 1 }
            loss = max(loss, -change)
        }
        #expect(difference.activation.gain == gain && difference.activation.lose == lose)
        #expect(difference.activation.largestLoss == loss)
        #expect(gain + lose > 0)
    }

    @Test func thePoliciesThatALedgerHasBeenUnder() throws {
        var changes = 0
        for seed in 1...8 as ClosedRange<UInt64> {
            let texts = try PolicyHistory.texts(of: RandomLedger(seed: seed).source())
            #expect(texts.first == RandomLedger.text)
            #expect(zip(texts, texts.dropFirst()).allSatisfy { $0 != $1 })
            changes += texts.count - 1
        }
        #expect(changes > 1)
    }

    @Test func anActivationKnowsItsOffsetAndTheClock() throws {
        func activated(_ text: String, offset: Int64, second: Int64) -> LedgerEntry {
            .event(
                type: "standing.policy.activated", subject: "", offset: offset, topic: "council", second: second,
                data: LedgerEntry.policyData(text))
        }
        let frames: [(offset: Int64, bytes: [UInt8])] = [
            (0, LedgerEntry.frame(session: 9, [.policy("one")])),
            (2, LedgerEntry.frame([.tick(50), activated("two", offset: 0, second: 40)])),
            // Active already; then one that is older than the clock.
            (3, LedgerEntry.frame(number: 1, [activated("two", offset: 1, second: 60), .tick(70)])),
            (5, LedgerEntry.frame(number: 2, [activated("one", offset: 2, second: 0)])),
        ]
        let found = try PolicyHistory.activations(of: MemoryFrames(frames))
        #expect(found.map(\.text) == ["one", "two", "one"])
        #expect(found.map(\.offset) == [0, 2, 5])
        #expect(found.map(\.clock?.microseconds) == [nil, 50_000_000, 70_000_000])
    }

    @Test(
        arguments: [
            ("a", "a"), ("ab", "ab"), ("aba", "a"), ("abac", "ac"), ("abcb", "ab"), ("abcba", "a"), ("abcbd", "abd"),
            ("abcad", "ad"),
        ])
    func whoGoesBackLeavesTheRestBehind(history: String, lineage: String) {
        #expect(PolicyHistory.lineage(of: history.map { String($0) }).joined() == lineage)
    }
}
