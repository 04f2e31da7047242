import Events
import Foundation
import Randomness
import Scoring
import Testing

@testable import Pipeline

/// What is asked for, and pages of answers, without a fold.
@Suite struct SubjectPageTests {
    private func problem(_ items: [(String, String)]) -> String {
        do {
            _ = try SubjectSearch(items.map { (name: $0.0, value: $0.1) })
            return ""
        } catch {
            return "\(error)"
        }
    }

    private static let all = [
        ("prefix", "a/ö"), ("kind", "business"), ("band", "A"), ("perk", "bikes"), ("sanction", "loans"),
        ("state", "in-force"), ("enrolled-from", "2026-01-01T00:00:00Z"), ("enrolled-before", "2026-02-01T00:00:00Z"),
        ("score-from", "-5"), ("score-to", "700"), ("limit", "500"),
    ]

    @Test func everyParameterIsTaken() throws {
        let search = try SubjectSearch(Self.all.map { (name: $0.0, value: $0.1) })
        #expect(search.prefix == Array("a/ö".utf8) && search.kind == .business && search.band == "A")
        #expect(search.perk == "bikes" && search.sanction == "loans" && search.state == .inForce)
        #expect(search.enrolledFrom == Timestamp("2026-01-01T00:00:00Z"))
        #expect(search.enrolledBefore == Timestamp("2026-02-01T00:00:00Z"))
        #expect(search.scoreFrom == -5 && search.scoreTo == 700 && search.limit == 500 && search.after == nil)
        #expect(SubjectSearch.parameters == Self.all.dropLast().map(\.0))
        #expect(try SubjectSearch([]).limit == SubjectSearch.standardLimit)
    }

    @Test func whatIsNoParameterOrNoValueIsRefused() {
        for (name, value) in [
            ("limit", "0"), ("limit", "501"), ("limit", "x"), ("kind", "robot"), ("state", "idle"),
            ("score-from", "1.5"), ("enrolled-from", "yesterday"), ("prefix", ""), ("colour", "red"),
            ("prefix", String(repeating: "x", count: 1025)), ("cursor", "abc"), ("cursor", ""),
        ] { #expect(problem([(name, value)]) != "", "\(name)=\(value)") }
        #expect(problem([("band", "A"), ("band", "B")]) == "band: give it once")
        #expect(problem([("score-from", "5"), ("score-to", "4")]) != "")
        #expect(problem([("score-from", "5"), ("score-to", "5")]) == "")
        #expect(
            problem([
                ("enrolled-from", "2026-01-01T00:00:00Z"), ("enrolled-before", "2026-01-01T00:00:00Z"),
            ]) != "")
        #expect(problem([("prefix", String(repeating: "x", count: 1024))]) == "")
    }

    // MARK: Cursors

    @Test func aCursorGoesOnWhereThePageEnded() throws {
        var search = try SubjectSearch([(name: "band", value: "A")])
        for last in ["a", "ö/+?&=", String(repeating: "x", count: 1024)] {
            search.after = Array(last.utf8)
            let again = try SubjectSearch(search.items)
            #expect(again == search)
            #expect(SubjectCursor(after: Array(last.utf8), of: search).text.utf8.count <= SubjectCursor.maximumText)
        }
    }

    /// The limit may change from page to page, and nothing else.
    @Test func aCursorOfAnotherSearchIsRefused() throws {
        let search = try SubjectSearch([(name: "band", value: "A")])
        let cursor = SubjectCursor(after: [0x61], of: search).text
        #expect(problem([("band", "A"), ("cursor", cursor), ("limit", "7")]) == "")
        #expect(problem([("band", "A"), ("kind", "business"), ("cursor", cursor)]).contains("another search"))
        #expect(problem([("perk", "A"), ("cursor", cursor)]).contains("another search"))
        #expect(problem([("cursor", cursor)]).contains("another search"))
    }

    @Test func aChangedCursorIsRefused() throws {
        let search = SubjectSearch()
        let cursor = Array(SubjectCursor(after: Array("anna".utf8), of: search).text.utf8)
        for index in cursor.indices {
            for byte in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "="), 0x20] where byte != cursor[index] {
                var other = cursor
                other[index] = byte
                #expect(problem([("cursor", String(decoding: other, as: UTF8.self))]) != "", "\(index)")
            }
            #expect(problem([("cursor", String(decoding: cursor[..<index], as: UTF8.self))]) != "")
        }
        var random = Seeded(3)
        for _ in 0..<500 {
            let text = String(
                (0..<random.below(80)).map { _ in Character(Unicode.Scalar(UInt8(33 + random.below(90)))) })
            #expect(problem([("cursor", text)]) != "", "\(text)")
        }
        #expect(problem([("cursor", String(repeating: "A", count: 5000))]) != "")
    }

    // MARK: Pages

    private func item(_ subject: String, score: Int64 = 600) -> SubjectPage.Item {
        SubjectPage.Item(
            subject: Array(subject.utf8), kind: .individual, score: score, band: "B \"1\"",
            enrolled: Timestamp(microseconds: 1_767_225_600_000_000), perks: ["bikes", "pool"],
            sanctions: [.init(id: "loans", state: .stayed)])
    }

    private func part(_ partition: Int32, clock: Timestamp? = Timestamp(microseconds: 5_000_000)) -> SubjectPage.Part {
        SubjectPage.Part(partition: partition, offset: 7, clock: clock, lag: clock == nil ? nil : 3, isCurrent: false)
    }

    private func page(_ subjects: [String], through end: String? = nil, of partition: Int32) -> SubjectPage {
        SubjectPage(
            items: subjects.map { item($0) }, completeThrough: end.map { Array($0.utf8) }, parts: [part(partition)])
    }

    private func names(_ page: SubjectPage) -> [String] {
        page.items.map { String(decoding: $0.subject, as: UTF8.self) }
    }

    @Test func partsAreMergedByIdAsFarAsAllHaveLooked() {
        let a = page(["a", "d", "g"], of: 0)
        let b = page(["b", "e"], through: "f", of: 1)
        let merged = SubjectPage(merging: [a, b, SubjectPage(missing: [4, 2])], limit: 10)
        #expect(names(merged) == ["a", "b", "d", "e"], "g may have others before it")
        #expect(merged.completeThrough == Array("f".utf8))
        #expect(merged.parts.map(\.partition) == [0, 1] && merged.missing == [2, 4])
        let short = SubjectPage(merging: [a, b], limit: 2)
        #expect(names(short) == ["a", "b"] && short.completeThrough == Array("b".utf8))
        let whole = SubjectPage(merging: [a, page(["b"], of: 1)], limit: 4)
        #expect(names(whole) == ["a", "b", "d", "g"] && whole.completeThrough == nil)
    }

    private func json(_ page: SubjectPage, _ search: SubjectSearch, _ naming: SubjectNaming = .plain) -> [UInt8] {
        var writer = JSONWriter()
        page.write(to: &writer, search: search, naming: naming)
        return Array(writer.bytes)
    }

    @Test func aPageIsWrittenAndReadByAnotherMember() throws {
        var search = try SubjectSearch([(name: "band", value: "B \"1\"")])
        search.after = Array("0".utf8)
        var page = page(["a", "b\n\"", "ö"], through: "ö", of: 3)
        page.parts.append(part(5, clock: nil))
        page.missing = [6]
        let bytes = json(page, search)
        #expect(SubjectPage(json: bytes, search: search, partitions: [3, 5, 6]) == page)
        let object = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        #expect(object["missing"] as? [Int] == [6])
        let first = try #require((object["subjects"] as? [[String: Any]])?.first)
        #expect(
            first["enrolled"] as? String == "2026-01-01T00:00:00Z" && first["perks"] as? [String] == ["bikes", "pool"])
        // Nothing of it is trusted.
        #expect(
            SubjectPage(json: bytes, search: search, partitions: [3, 5]) == nil, "of partitions that were not asked for"
        )
        #expect(SubjectPage(json: bytes, search: search, partitions: [3, 5, 6, 7]) == nil)
        var small = search
        small.limit = 2
        #expect(SubjectPage(json: bytes, search: small, partitions: [3, 5, 6]) == nil, "more than asked for")
        var later = search
        later.after = Array("b".utf8)
        #expect(SubjectPage(json: bytes, search: later, partitions: [3, 5, 6]) == nil, "before the page's beginning")
        let unordered = json(self.page(["b", "a"], of: 3), search)
        #expect(SubjectPage(json: unordered, search: search, partitions: [3]) == nil)
        let standing = json(self.page([], through: "0", of: 3), search)
        #expect(SubjectPage(json: standing, search: search, partitions: [3]) == nil, "it would be asked for ever")
        #expect(SubjectPage(json: Array("{}".utf8), search: search, partitions: []) == nil)
    }

    @Test func whoDoesNotSeeIdsSeesNoneOfThem() {
        let naming = SubjectNaming(name: { _ in Array("~1".utf8) }, cursor: { "sealed \($0.utf8.count)" })
        let text = String(
            decoding: json(page(["anna"], through: "anna", of: 0), SubjectSearch(), naming), as: UTF8.self)
        #expect(text.contains(#""subject":"~1""#) && text.contains(#""next":"sealed "#) && !text.contains("anna"))
        #expect(!text.contains(SubjectCursor(after: Array("anna".utf8), of: SubjectSearch()).text))
    }

    @Test func aQuestionToAnotherMemberIsRead() throws {
        var search = try SubjectSearch(Self.all.map { (name: $0.0, value: $0.1) })
        search.after = Array("a/ö1".utf8)
        let (again, partitions) = try SubjectSearch.asked(search.question(partitions: [4, 1]))
        #expect(again == search && partitions == [4, 1])
        for body in [
            "", "[]", "{}", #"{"parameters":{},"partitions":["1"]}"#, #"{"parameters":{},"partitions":[-1]}"#,
            #"{"parameters":{"limit":"501"},"partitions":[1]}"#,
        ] { #expect(throws: SubjectSearch.Problem.self) { try SubjectSearch.asked(Array(body.utf8)) } }
    }
}
