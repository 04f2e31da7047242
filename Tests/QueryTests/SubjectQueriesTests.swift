import Access
import Events
import Foundation
import HTTP
import Pipeline
import Scoring
import Testing

@testable import Query

/// What members answer each other, and what who does not see ids may ask.
@Suite struct SubjectQueriesTests {
    private func texts(_ items: [[UInt8]]?) -> [String]? { items?.map { String(decoding: $0, as: UTF8.self) } }

    private func items(_ json: String, _ subjects: String...) -> [String]? {
        texts(SubjectQueries.items(Array(json.utf8), of: subjects.map { Array($0.utf8) }))
    }

    @Test func anotherMembersStandingsAreHandedOnAsTheyAre() {
        let first = #"{"subject":"a,[]{}\"","outcome":"found","standing":{"perks":["x","y"],"sanctions":[{"id":"]"}]}}"#
        let second = #"{"subject":"ö","outcome":"not-enrolled","standing":null}"#
        #expect(items(#"{"standings":[\#(first),\#(second)]}"#, "a,[]{}\"", "ö") == [first, second])
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"standings":[]}"#, #"{"standings":[{"subject":"a"}]}"#,
        #"{"standings":[{"subject":"b"},{"subject":"a"}]}"#, #"{"standings":[{"subject":"a"},{"subject":"b"},{}]}"#,
        #"{"standings":[{"subject":"a"},7]}"#, #"{"other":[1],"standings":[{"subject":"a"},{"subject":"b"}]}"#,
    ]) func whatIsNoAnswerAboutTheSubjectsIsNotHandedOn(json: String) {
        #expect(items(json, "a", "b") == nil)
    }

    @Test func aBodyHasOneToAThousandSubjects() throws {
        func asked(_ body: String) throws -> [[UInt8]] { try SubjectQueries.subjects(asked: Array(body.utf8)) }
        #expect(try asked(#"{"subjects":["a","ö"]}"#) == [Array("a".utf8), Array("ö".utf8)])
        func body(_ count: Int) -> String {
            "{\"subjects\":[\((0..<count).map { "\"s\($0)\"" }.joined(separator: ","))]}"
        }
        #expect(try asked(body(1000)).count == 1000)
        let long = String(repeating: "x", count: 1024)
        #expect(try asked("{\"subjects\":[\"\(long)\"]}").count == 1)
        for bad in [
            "", "{}", #"{"subjects":[]}"#, #"{"subjects":[1]}"#, #"{"subjects":[""]}"#, body(1001),
            "{\"subjects\":[\"\(long)x\"]}",
        ] {
            #expect(throws: SubjectQueries.BodyProblem.self) { try asked(bad) }
        }
    }

    @Test func anotherMembersBandsAreRead() throws {
        typealias Point = PipelineService.BandPoint
        let points = [
            Point(time: Timestamp(microseconds: 0), bands: [("A", 1), ("C \"1\"", 2)], partitions: 2),
            Point(time: Timestamp(microseconds: 60_000_000), bands: [], partitions: 3),
        ]
        func json(_ points: [Point]) -> [UInt8] {
            var writer = JSONWriter()
            PipelineService.write(points, .minutes, to: &writer)
            return Array(writer.bytes)
        }
        #expect(SubjectQueries.points(json(points), .minutes) == points)
        #expect(SubjectQueries.points(json([]), .minutes) == [])
        // Nothing of it is trusted.
        #expect(SubjectQueries.points(json(points), .hours) == nil)
        #expect(SubjectQueries.points(json(points.reversed()), .minutes) == nil)
        #expect(
            SubjectQueries.points(json([Point(time: points[0].time, bands: [("A", -1)], partitions: 1)]), .minutes)
                == nil)
        let many = (0...PipelineService.maximumBandPoints).map {
            Point(time: Timestamp(microseconds: Int64($0) * 60_000_000), bands: [], partitions: 1)
        }
        #expect(SubjectQueries.points(json(many), .minutes) == nil)
        #expect(SubjectQueries.points(json(Array(many.dropLast())), .minutes)?.count == many.count - 1)
        #expect(SubjectQueries.points(Array("{}".utf8), .minutes) == nil)
    }

    @Test func whoDoesNotSeeIdsCannotSearchByThem() throws {
        let mask = SubjectMask()
        #expect(throws: SubjectQueries.MaskRefusal.self) {
            try SubjectQueries.opened([(name: "prefix", value: "a")], mask)
        }
        #expect(try SubjectQueries.opened([(name: "prefix", value: "a")], nil).map(\.value) == ["a"])
        #expect(throws: SubjectQueries.MaskRefusal.self) {
            try SubjectQueries.opened([(name: "cursor", value: "AWFiYw")], mask)
        }
    }

    /// From page to page: the cursor that is shown opens to one that the search takes, and has no id that can be read.
    @Test func aMaskedPageGoesOn() throws {
        let mask = SubjectMask()
        let search = try SubjectSearch([(name: "band", value: "A")])
        let page = SubjectPage(
            items: [
                SubjectPage.Item(
                    subject: Array("anna".utf8), kind: .individual, score: 1, band: "A",
                    enrolled: Timestamp(microseconds: 0), perks: [], sanctions: [])
            ], completeThrough: Array("anna".utf8))
        var writer = JSONWriter()
        page.write(to: &writer, search: search, naming: SubjectNaming(mask))
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(!text.contains("anna") && text.contains("\"subject\":\"~"))
        let json = try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let next = try #require(json["next"] as? String)
        let parameters = try SubjectQueries.opened(
            [(name: "band", value: "A"), (name: "cursor", value: next)], mask)
        #expect(try SubjectSearch(parameters).after == Array("anna".utf8))
    }
}
