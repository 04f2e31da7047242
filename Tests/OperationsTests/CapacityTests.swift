import Foundation
import Testing

@testable import Operations

@Suite struct CapacityTests {
    private func isNear(_ value: Double, _ expected: Double, _ tolerance: Double = 0.02) -> Bool {
        abs(value - expected) <= tolerance * expected
    }

    /// The scale of a country, as the architecture has it on paper: a compact state of 200 bytes, and 8 for each event of two days.
    private var country: (demand: Capacity.Demand, figures: Capacity.Figures) {
        var demand = Capacity.Demand(subjects: 1.4e9, eventsPerDay: 1.4e9 * 40)
        (demand.peakFactor, demand.years, demand.memoryPerMember) = (4.63, 10, 64e9)
        var figures = Capacity.Figures()
        figures.subject = .init(200, "bytes", "paper")
        figures.contribution = .init(0, "bytes", "paper")
        figures.identity = .init(8, "bytes", "paper")
        figures.identityDays = .init(2, "days", "paper")
        return (demand, figures)
    }

    @Test func aCountryOnPaper() {
        let (demand, figures) = country
        let capacity = Capacity(demand, figures)
        #expect(isNear(capacity.meanRate, 650_000))
        #expect(isNear(capacity.peakRate, 3e6))
        #expect(isNear(capacity.state, 1.2e12))
        #expect(capacity.partitions == 512)
        #expect(isNear(capacity.statePerPartition, 2.3e9))
        // A few dozen machines.
        #expect((20...60).contains(capacity.members), "\(capacity.members)")
        #expect(isNear(capacity.ledger, 25e15))
    }

    @Test func numbersByHand() {
        struct Row {
            let subjects: Double
            let perDay: Double
            let partitions: Double
            let members: Double
            /// Bytes.
            let state: Double
        }
        // A year; 300 bytes a subject, 24 + 16 an event.
        let rows = [
            Row(
                subjects: 1_000, perDay: 1_000, partitions: 12, members: 2,
                state: 300_000 + 1_000 * (365 * 24 + 365.25 * 16)),
            Row(subjects: 1e6, perDay: 1e6, partitions: 12, members: 2, state: 3e8 + 1e6 * (365 * 24 + 365.25 * 16)),
            Row(subjects: 1e7, perDay: 1e7, partitions: 64, members: 3, state: 3e9 + 1e7 * (365 * 24 + 365.25 * 16)),
            // A million events a second: what is known of them takes more than all else.
            Row(
                subjects: 1, perDay: 86_400e6, partitions: 524_288, members: 22_952,
                state: 300 + 86_400e6 * (365 * 24 + 365.25 * 16)),
        ]
        for row in rows {
            let capacity = Capacity(
                Capacity.Demand(subjects: row.subjects, eventsPerDay: row.perDay), Capacity.Figures())
            #expect(isNear(capacity.state, row.state, 1e-9), "\(row.subjects)")
            #expect(capacity.partitions == row.partitions, "\(row.subjects): \(capacity.partitions)")
            #expect(capacity.members == row.members, "\(row.subjects): \(capacity.members)")
        }
    }

    @Test func coresDecideWhereThereIsMemory() {
        var demand = Capacity.Demand(subjects: 1e6, eventsPerDay: 86_400 * 1e6)
        (demand.years, demand.countsForDays, demand.memoryPerMember) = (0.01, 1, 1e18)
        // 4 million a second at 3 us are 12 cores; at 70 % 17.1, of 8 each.
        #expect(Capacity(demand, Capacity.Figures()).members == 3)
        demand.standbys = 1
        #expect(Capacity(demand, Capacity.Figures()).members == 5)
    }

    @Test func moreOfAnythingNeedsNoLess() {
        let demand = Capacity.Demand(subjects: 5e6, eventsPerDay: 2e7)
        let base = Capacity(demand, Capacity.Figures())
        for change in [\Capacity.Demand.subjects, \.eventsPerDay, \.peakFactor, \.years, \.countsForDays] {
            var more = demand
            more[keyPath: change] *= 3
            let capacity = Capacity(more, Capacity.Figures())
            #expect(capacity.state >= base.state && capacity.members >= base.members)
            #expect(capacity.partitions >= base.partitions && capacity.ledger >= base.ledger)
        }
        var copies = demand
        copies.standbys = 1
        #expect(
            Capacity(copies, Capacity.Figures()).networkIn * Capacity(copies, Capacity.Figures()).members > base
                .networkIn * base.members)
    }

    @Test func anOwnLedgerGivesItsFigures() {
        let standard = Capacity.Figures()
        let archive = Capacity.figures(standard, archiveBytes: 90_000, entries: 1_000, at: "/d")
        #expect(archive.entry.value == 90 && archive.entry.origin == "/d: 1000 entries")
        #expect(Capacity.figures(standard, archiveBytes: 0, entries: 0, at: "/d") == standard)
        let metrics = MetricsText(
            "standing_subjects{band=\"A\"} 1000\nstanding_fold_state_bytes 500000\nstanding_fold_entries_total 2000\n"
                + "standing_facts_published_total{topic=\"a\"} 400\nstanding_facts_published_total{topic=\"b\"} 100\n")
        let measured = Capacity.figures(standard, measuredBy: metrics, at: "m:1")
        #expect(measured.subject.value == 500 && measured.factsPerEvent.value == 0.25)
        // What its events take is in it, and is not counted twice.
        #expect(measured.contribution.value == 0 && measured.identity.value == 0)
        #expect(Capacity.figures(standard, measuredBy: MetricsText(""), at: "m:1") == standard)
        // What an empty ledger takes is not what a subject takes.
        let few = MetricsText(
            "standing_subjects{band=\"A\"} 6\nstanding_fold_state_bytes 556032\nstanding_fold_entries_total 6\n"
                + "standing_facts_published_total{topic=\"a\"} 6\n")
        let unmeasured = Capacity.figures(
            Capacity.figures(standard, measuredBy: few, at: "m:1"), archiveBytes: 3_000, entries: 18, at: "/d")
        #expect(unmeasured.subject.value == standard.subject.value && unmeasured.contribution == standard.contribution)
        #expect(unmeasured.entry.value == standard.entry.value && unmeasured.factsPerEvent == standard.factsPerEvent)
        #expect(unmeasured.subject.origin.hasSuffix("; m:1 has 6 subjects, too few to measure"))
        #expect(unmeasured.entry.origin.hasSuffix("; /d has 18 entries, too few to measure"))
    }

    @Test func everyAssumptionIsPrinted() throws {
        let demand = Capacity.Demand(subjects: 1_234_567, eventsPerDay: 5e6)
        let figures = Capacity.Figures()
        let capacity = Capacity(demand, figures)
        let text = capacity.text(demand, figures)
        for (_, figure) in figures.all { #expect(text.contains(figure.unit) && text.contains(figure.origin)) }
        #expect(text.contains("1,234,567") && text.contains("asked for"))
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(capacity.json(demand, figures).utf8)) as? [String: Any])
        #expect((json["figures"] as? [Any])?.count == figures.all.count)
        #expect((json["results"] as? [String: Any])?["ledgerPartitions"] as? Double == capacity.partitions)
        #expect(
            Capacity.size(1.2e12) == "1.20 TB" && Capacity.size(999) == "999 B" && Capacity.size(24.5e15) == "24.5 PB")
    }
}
