import Downstream
import Testing

@Suite struct FactFilterTests {
    private func fact(_ type: String, subject: String = "ada", _ data: String) throws -> FactMessage {
        let text = """
            {"specversion":"1.0","id":"0-1-2-3","source":"/s","type":"\(type)","subject":"\(subject)",\
            "time":"2026-01-31T00:00:00Z","sequence":"7","data":{"policy":{"id":"p","version":1},\(data)}}
            """
        return try Array(text.utf8).withUnsafeBytes { try FactMessage(json: $0) }
    }

    private let paid =
        #""cause":{"source":"/s","id":"1","type":"bill.paid"},"reasons":[{"rule":"paid","dimension":"payment","points":15}]"#

    private func score(_ before: String, _ after: String) throws -> FactMessage {
        try fact("standing.score.changed", #"\#(paid),"before":\#(before),"after":\#(after)"#)
    }

    private func filter(_ change: (inout FactFilter) -> Void) -> FactFilter {
        var filter = FactFilter()
        change(&filter)
        return filter
    }

    @Test func eachPartMustHoldAndOneOfItsValuesIsEnough() throws {
        let perk = try fact("standing.perk.granted", #"\#(paid),"perk":"deposit-free""#)
        #expect(FactFilter().wants(perk))
        #expect(filter { $0.subjects = ["bob", "ada"] }.wants(perk))
        #expect(!filter { $0.subjects = ["bob"] }.wants(perk))
        #expect(filter { $0.types = ["standing.perk.granted"] }.wants(perk))
        #expect(filter { $0.types = ["standing.perk.*"] }.wants(perk))
        #expect(!filter { $0.types = ["standing.perk"] }.wants(perk))
        #expect(filter { $0.perks = ["deposit-free"] }.wants(perk))
        #expect(!filter { ($0.perks, $0.subjects) = (["deposit-free"], ["bob"]) }.wants(perk))
        #expect(!filter { $0.sanctions = ["deposit-free"] }.wants(perk))
    }

    @Test func aBandIsComeToOrLeft() throws {
        let (b, a) = (#"{"score":600,"band":"B"}"#, #"{"score":650,"band":"A"}"#)
        let up = try score(b, a)
        for band in ["A", "B"] { #expect(filter { $0.bands = [band] }.wants(up)) }
        #expect(!filter { $0.bands = ["C"] }.wants(up))
        // A change within a band is no change of the band.
        #expect(!filter { $0.bands = ["B"] }.wants(try score(b, #"{"score":610,"band":"B"}"#)))
        #expect(filter { $0.bands = ["B"] }.wants(try score("null", b)))
        #expect(filter { $0.bands = ["A"] }.wants(try score(a, "null")))
    }

    @Test func topicsThatCannotHaveWhatIsWantedAreNotRead() {
        func topics(_ filter: FactFilter) -> [FactFilter.Kind] { FactFilter.Kind.allCases.filter { filter.wants($0) } }
        #expect(topics(FactFilter()) == [.scoreChanges, .sanctions, .perks])
        #expect(topics(filter { $0.bands = ["A"] }) == [.scoreChanges])
        #expect(topics(filter { $0.sanctions = ["s"] }) == [.sanctions])
        #expect(topics(filter { $0.perks = ["p"] }) == [.perks])
        #expect(topics(filter { ($0.perks, $0.bands) = (["p"], ["A"]) }).isEmpty)
        #expect(topics(filter { $0.types = ["standing.sanction.lifted", "standing.perk.*"] }) == [.sanctions, .perks])
        #expect(topics(filter { $0.types = ["standing.*"] }) == [.scoreChanges, .sanctions, .perks])
        #expect(topics(filter { $0.types = ["other"] }).isEmpty)
    }

    @Test func aLineSaysWhatChangedAndWhy() throws {
        let b = #"{"score":600,"band":"B"}"#
        #expect(try score(b, #"{"score":615,"band":"B"}"#).summary == "score 600 (B) -> 615 (B): paid +15")
        #expect(try score("null", b).summary == "score nothing -> 600 (B): paid +15")
        let timer = #""cause":{"timer":"bucket-end"},"reasons":[]"#
        #expect(
            try fact("standing.perk.revoked", #"\#(timer),"perk":"p""#).summary == "perk p revoked: bucket-end")
        let sanction =
            #"\#(paid),"sanction":"s","measures":["rail"],"since":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z""#
        #expect(
            try fact("standing.sanction.in-force", sanction).summary
                == "sanction s in-force until 2026-02-01T00:00:00Z: paid +15")
        #expect(
            try fact("standing.sanction.lifted", sanction + #","reason":"cured""#).summary
                == "sanction s lifted (cured): paid +15")
    }
}
