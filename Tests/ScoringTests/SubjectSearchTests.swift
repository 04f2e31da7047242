import Events
import Policy
import Randomness
import Testing

@testable import Scoring

/// Lists of subjects in the order of ids, while subjects come and go.
@Suite struct SubjectSearchTests {
    private static let text = """
        policy: hamlet
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}, conduct: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 20}
          - {id: missed, dimension: payment, event: bill.missed, points: -60}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks:
          - {id: bikes, when: score >= 620}
          - {id: pool, when: score >= 600}
        sanctions:
          - {id: credit, dimension: payment, measures: [credit], when: points <= -40, notice: 5 days, lasts: 100 days}
          - {id: court, dimension: conduct, event: court.judged, measures: [air], lasts: 60 days}

        """

    private let policy: ScoringPolicy
    private let story: Story

    init() throws {
        policy = try ScoringPolicy(yaml: Self.text, file: "hamlet.yaml")
        story = Story(policy)
    }

    private func updated(_ index: inout SubjectIndex, step: Int = 64) {
        while !story.fold.update(&index, maximum: step) {}
    }

    private func ids(_ range: SubjectRange) -> [String] {
        range.subjects.map { String(decoding: $0.subject, as: UTF8.self) }
    }

    /// All pages, one after the other; `between` is called after each.
    private func pages(
        _ index: inout SubjectIndex, _ filter: SubjectFilter = SubjectFilter(), limit: Int, maximum: Int = .max,
        between: () -> Void = {}
    ) -> [SubjectSummary] {
        var found: [SubjectSummary] = []
        var after: [UInt8]?
        repeat {
            updated(&index)
            let range = story.fold.search(&index, for: filter, after: after, limit: limit, maximum: maximum)
            #expect(range.subjects.count <= limit)
            found += range.subjects
            after = range.completeThrough
            between()
        } while after != nil
        return found
    }

    private func enrol(_ subjects: some Sequence<String>, on day: Double = 0, enrolment: String = "1") {
        story.given(subjects.map { enrolled($0, on: day, id: "enrol \($0) \(enrolment)") })
    }

    @Test func aListIsInTheOrderOfTheIdsBytes() {
        let subjects = [
            "b", "a", "B", "ab", "a-longer-id-than-fits-into-a-record", "a-longer-id-than-fits", "ä", "~", "0",
        ]
        enrol(subjects)
        var index = SubjectIndex()
        let expected = subjects.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for limit in [1, 2, 100] {
            let found = pages(&index, limit: limit).map { String(decoding: $0.subject, as: UTF8.self) }
            #expect(found == expected, "pages of \(limit)")
        }
        var filter = SubjectFilter()
        filter.prefix = Array("a".utf8)
        let found = pages(&index, filter, limit: 2).map { String(decoding: $0.subject, as: UTF8.self) }
        #expect(found == ["a", "a-longer-id-than-fits", "a-longer-id-than-fits-into-a-record", "ab"])
        filter.prefix = Array("c".utf8)
        #expect(pages(&index, filter, limit: 2).isEmpty)
    }

    @Test func anEmptyPartitionHasAnEmptyPage() {
        var index = SubjectIndex()
        #expect(pages(&index, limit: 5).isEmpty)
    }

    /// Its entry of the life before is of the same id, and of nobody.
    @Test func whoEnrolsAgainIsSeenOnce() {
        var index = SubjectIndex()
        for enrolment in 0..<4 {
            let day = Double(enrolment)
            enrol(["anna"], on: day, enrolment: "\(enrolment)")
            #expect(pages(&index, limit: 5).map(\.enrolled) == [Happening.day(day).microseconds])
            story.given(withdrawn("anna", on: day, id: "leave \(enrolment)"))
            if enrolment % 2 == 0 { #expect(pages(&index, limit: 5).isEmpty) }
        }
    }

    /// As after a fold that had to begin anew.
    @Test func anIndexOfAFoldThatWentIsMadeAnew() {
        enrol((0..<3000).map { "s\($0)" })
        var index = SubjectIndex()
        updated(&index)
        let blank = Fold(policy: policy)
        while !blank.update(&index, maximum: 10) {}
        let range = blank.search(&index, for: SubjectFilter(), after: nil, limit: 5, maximum: 100)
        #expect(range.subjects.isEmpty && index.count == 0)
    }

    /// Against a list that is sorted each time: who was there throughout is seen once, in order; nobody is seen twice.
    @Test(arguments: 1...6) func whoIsThereThroughoutIsSeenOnce(seed: UInt64) {
        var random = Seeded(seed)
        var enrolment = 0
        var day = 0.0
        var present: Set<String> = []
        func name() -> String {
            let number = random.below(400)
            return seed % 2 == 0 ? "subject-\(1000 + number)" : "\(number * 7919 % 1000)/\(number)"
        }
        func change(_ count: Int) {
            for _ in 0..<count {
                enrolment += 1
                day += 0.001
                let subject = name()
                if present.contains(subject) {
                    present.remove(subject)
                    story.given(withdrawn(subject, on: day, id: "leave \(enrolment)"))
                } else {
                    present.insert(subject)
                    enrol([subject], on: day, enrolment: "\(enrolment)")
                }
            }
        }
        var index = SubjectIndex()
        change(600)
        for _ in 0..<4 {
            var throughout = present
            let found = pages(&index, limit: 1 + random.below(40), maximum: 1 + random.below(200)) {
                change(random.below(12))
                throughout.formIntersection(present)
            }
            let names = found.map { String(decoding: $0.subject, as: UTF8.self) }
            #expect(names == Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, "seed \(seed)")
            #expect(throughout.isSubset(of: names), "seed \(seed)")
            let still = pages(&index, limit: 500).map { String(decoding: $0.subject, as: UTF8.self) }
            #expect(still == present.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, "seed \(seed)")
        }
    }

    @Test func filtersTakeWhoFitsAndNobodyElse() throws {
        let subjects = (0..<60).map { "s\(100 + $0)" }
        for (number, subject) in subjects.enumerated() {
            story.given(
                enrolled(subject, on: Double(number), kind: number % 3 == 0 ? "business" : "individual"))
            for event in 0..<number % 5 {
                story.given(happened("bill.paid", subject, on: Double(number), id: "\(event)"))
            }
            if number % 7 == 0 { story.given(happened("bill.missed", subject, on: Double(number))) }
            if number % 11 == 0 { story.given(happened("court.judged", subject, on: Double(number))) }
        }
        var standings: [Standing] = []
        story.fold.forEachStanding { standings.append($0) }
        standings.sort { $0.subject.lexicographicallyPrecedes($1.subject) }
        let enrolledAt = Dictionary(
            uniqueKeysWithValues: subjects.enumerated().map { (Array($1.utf8), Happening.day(Double($0))) })
        func check(_ what: String, _ set: (inout SubjectFilter) -> Void, _ fits: (Standing) -> Bool) {
            var filter = SubjectFilter()
            set(&filter)
            var index = SubjectIndex()
            let found = pages(&index, filter, limit: 7)
            let expected = standings.filter(fits)
            #expect(!expected.isEmpty && expected.count < standings.count, "\(what)")
            #expect(found.map(\.subject) == expected.map(\.subject), "\(what)")
            for (summary, standing) in zip(found, expected) {
                #expect(
                    summary.kind == standing.kind && summary.level == standing.level && summary.perks == standing.perks)
                #expect(summary.sanctions == standing.sanctions.map { .init(sanction: $0.sanction, state: $0.state) })
                #expect(summary.enrolled == enrolledAt[standing.subject]?.microseconds)
            }
        }
        check("kind", { $0.kind = .business }, { $0.kind == .business })
        check("band", { $0.band = 2 }, { $0.level.band == 2 })
        check("perk", { $0.perk = 0 }, { $0.perks.contains(0) })
        check("sanction", { $0.sanction = 1 }, { $0.sanctions.contains { $0.sanction == 1 } })
        check("state", { $0.sanctionState = .noticed }, { $0.sanctions.contains { $0.state == .noticed } })
        check(
            "sanction and state",
            {
                $0.sanction = 1
                $0.sanctionState = .inForce
            }, { $0.sanctions.contains { $0.sanction == 1 && $0.state == .inForce } })
        check("score", { $0.score = 600...640 }, { (600...640).contains($0.level.score) })
        let span = Happening.day(10).microseconds...Happening.day(20).microseconds
        check("enrolment", { $0.enrolled = span }, { span.contains(enrolledAt[$0.subject]?.microseconds ?? 0) })
        check(
            "all together",
            {
                $0.prefix = Array("s1".utf8)
                $0.kind = .individual
                $0.band = 1
                $0.score = 600...700
            }, { $0.kind == .individual && $0.level.band == 1 && (600...700).contains($0.level.score) })
    }

    /// A search that finds nobody for long gives what it has seen, and continues there.
    @Test func aSearchLooksAtABoundedNumberOfSubjects() {
        enrol((0..<3000).map { "s\(10_000 + $0)" })
        story.given(happened("bill.missed", "s12999", on: 1))
        var index = SubjectIndex()
        updated(&index)
        var filter = SubjectFilter()
        filter.sanction = 0
        let range = story.fold.search(&index, for: filter, after: nil, limit: 10, maximum: 100)
        #expect(range.subjects.isEmpty && range.completeThrough != nil && range.scanned < 1000)
        #expect(pages(&index, filter, limit: 10, maximum: 100).map(\.subject) == [Array("s12999".utf8)])
    }

    /// The index and the enrolments that it is made from, whatever the order in which subjects come.
    @Test(arguments: ["ascending", "descending", "mixed", "departments"])
    func aSubjectTakesAtMostFortyBytes(order: String) {
        let count = 5000
        func id(_ number: Int) -> String {
            switch order {
            case "ascending": "citizen-\(1_000_000 + number)"
            case "descending": "citizen-\(9_000_000 - number)"
            case "mixed": "citizen-\(1_000_000 + number * 7919 % count)"
            default: "department-\(number % 7)/person-\(number * 7919 % count)"
            }
        }
        enrol((0..<count).map(id))
        var index = SubjectIndex()
        updated(&index, step: 2048)
        let bytes = Double(index.byteCount) / Double(count)
        #expect(index.count == count && bytes <= 40, "\(bytes) bytes a subject")
        // Half of them leave, and others come.
        for number in stride(from: 0, to: count, by: 2) {
            story.given(withdrawn(id(number), on: 1, id: "leave \(number)"))
        }
        enrol((0..<count / 2).map { "newcomer-\($0)" }, on: 2)
        updated(&index, step: 2048)
        for _ in 0..<count / 500 { _ = story.fold.update(&index, maximum: 2048) }
        let after = Double(index.byteCount) / Double(count)
        // What has left is let go of block by block.
        #expect(index.count < count * 5 / 4 && after <= 44, "\(after) bytes a subject, \(index.count) entries")
        #expect(pages(&index, limit: 500).count == count)
    }

    @Test func aSnapshotHasTheTimesOfEnrolments() throws {
        enrol((0..<40).map { "s\($0)" }, on: 3)
        enrol(["a-longer-id-than-fits-into-a-record"], on: 5)
        story.given(withdrawn("s7", on: 6))
        story.fold.clearOutput()
        var bytes: [UInt8] = []
        try story.fold.writeSnapshot { bytes += Array($0) }
        var index = SubjectIndex()
        let before = pages(&index, limit: 500)
        let copy = story.lend(bytes)
        var reader = ByteReader(copy)
        var restored = try Fold(policy: policy, snapshot: &reader)
        var other = SubjectIndex()
        while !restored.update(&other, maximum: 16) {}
        let after = restored.search(&other, for: SubjectFilter(), after: nil, limit: 500, maximum: .max)
        #expect(before.count == 40 && after.subjects == before)
        #expect(Set(before.map(\.enrolled)) == [Happening.day(3).microseconds, Happening.day(5).microseconds])
        // An enrolment after it is found too.
        restored.fold(story.item(enrolled("zoe", on: 7), entry: 0).event, type: EventTypeID(.enrolled), entry: 0)
        while !restored.update(&other, maximum: 16) {}
        let later = restored.search(&other, for: SubjectFilter(), after: nil, limit: 500, maximum: .max)
        #expect(later.subjects.last?.subject == Array("zoe".utf8) && later.subjects.count == 41)
    }

    @Test func anIndexIsMadeAnewAfterASwitchOfThePolicy() throws {
        let past = [enrolled("bert"), enrolled("anna"), withdrawn("bert", on: 1), enrolled("carl", on: 2)]
        story.given(past)
        var index = SubjectIndex()
        #expect(pages(&index, limit: 10).count == 2)
        let next = try ScoringPolicy(
            yaml: Self.text.replacing("version: 1", with: "version: 2").replacing("base: 600", with: "base: 660"),
            file: "hamlet.yaml")
        _ = try story.switched(to: next, on: 3, past: past, first: policy)
        var filter = SubjectFilter()
        filter.band = 2
        #expect(pages(&index, filter, limit: 10).map(\.subject) == [Array("anna".utf8), Array("carl".utf8)])
    }
}
