import Events
import Foundation
import Testing

@testable import Pipeline

struct FactTextTests {
    private static let head =
        #"{"specversion":"1.0","id":"3-17-2-0","source":"/standing/town/card","type":"standing.score.changed","subject":"#
    private static let middle =
        #","time":"2026-01-02T03:04:05Z","sequence":"88","data":{"policy":{"id":"card","version":3},"cause":{"#
    private static let tail =
        #"},"reasons":[{"rule":"paid","dimension":"payment","points":-10},{"rule":"fare","dimension":"transport","points":1}],"#
        + #""before":{"score":600,"band":"B"},"after":{"score":590,"band":"C"}}}"#

    private static func fact(
        _ subject: String = #""citizen-17""#,
        cause: String = #""source":"/bank/citizen-17","id":"bill-citizen-17","type":"bill.missed""#, tail: String = tail
    ) -> ArraySlice<UInt8> { Array((head + subject + middle + cause + tail).utf8)[...] }

    private func masked(_ json: ArraySlice<UInt8>) -> String? {
        FactText(json).map { fact in
            var writer = ByteWriter()
            fact.writeMasked("masked-1", to: &writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    @Test func itsPartsAreFound() throws {
        let fact = try #require(FactText(Self.fact()))
        #expect(fact.type == "standing.score.changed" && fact.time == "2026-01-02T03:04:05Z")
        #expect(fact.before == .init(score: 600, band: "B") && fact.after == .init(score: 590, band: "C"))
        #expect(fact.rule == "paid" && fact.points == -10)
        #expect(fact.item == nil && fact.reason == nil)
    }

    @Test func aMaskedFactHasNothingThatNamesTheSubject() throws {
        for subject in [#""citizen-17""#, #""a\"b,\"subject\":\"citizen-17""#, #""\\""#, "\"citizen-17é\u{7f}\""] {
            let text = try #require(masked(Self.fact(subject)))
            #expect(!text.contains("citizen") && text.contains(#""subject":"masked-1","time""#))
            #expect(text.contains(#""cause":{"type":"bill.missed"},"reasons""#))
            #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
        }
    }

    @Test func aTimerStaysAsTheCause() throws {
        let text = try #require(masked(Self.fact(cause: #""timer":"bucket-end""#)))
        #expect(text.contains(#""cause":{"timer":"bucket-end"},"reasons""#))
    }

    @Test func aSanctionAndAPerkHaveTheirIds() throws {
        let sanction = try #require(
            FactText(
                Self.fact(
                    tail: #"},"reasons":[],"before":{"score":1,"band":"a \"b\""},"after":null,"sanction":"no-riding","#
                        + #""measures":["bus, \"reason\":","tram"],"since":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z","reason":"cured"}}"#
                )))
        #expect(sanction.item == "no-riding" && sanction.reason == "cured" && sanction.rule == nil)
        #expect(sanction.before?.band == #"a "b""# && sanction.after == nil)
        let perk = try #require(
            FactText(Self.fact(tail: #"},"reasons":[],"before":null,"after":null,"perk":"discount"}}"#)))
        #expect(perk.item == "discount" && perk.before == nil)
    }

    /// What is cut off anywhere, or is something else, is not masked and so not shown.
    @Test func nothingElseIsTakenForAFact() {
        let whole = Self.fact()
        let cause = Self.head.utf8.count + Self.middle.utf8.count
        for end in 0..<cause { #expect(FactText(whole[..<end]) == nil) }
        for text in ["", "{}", "null", #"{"specversion":"1.0","id":"#] {
            #expect(FactText(Array(text.utf8)[...]) == nil)
        }
        #expect(FactText(Self.fact(cause: #""secret":"citizen-17""#)) == nil)
    }
}
