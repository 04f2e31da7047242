import Events
import Policy
import Scoring
import Testing

@Suite struct StandingTests {
    let town: Story

    init() throws { town = Story(try TownPolicy.policy()) }

    @Test func aLineOfAReplay() throws {
        town.given(enrolled("an\"na"), happened("noise.made", "an\"na", on: 1))
        let standing = try #require(town.standing(of: "an\"na"))
        var writer = ByteWriter()
        standing.writeLine(to: &writer, policy: town.fold.policy)
        let expected = #"""
            {"subject":"an\"na","kind":"individual","score":595,"band":"B","dimensions":{"payment":0,\#
            "conduct":-5},"sanctions":[],"perks":["bikes","apple"]}

            """#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func anExplanationNamesWhatMadeIt() throws {
        town.given(enrolled("shop", kind: "business", terms: "2026"))
        town.given(happened("bill.missed", "shop", on: 1), happened("bill.paid", "shop", on: 2))
        town.given(happened("noise.made", "shop", on: 3))
        let standing = try #require(town.standing(of: "shop"))
        var writer = ByteWriter()
        standing.writeExplained(to: &writer, policy: town.fold.policy, clock: town.fold.clock)
        let expected = #"""
            {"subject":"shop","kind":"business","score":580,"band":"B","dimensions":{"payment":-15,\#
            "conduct":-5},"sanctions":[],"perks":["bikes","apple"],"terms":"2026","base":600,"contributions":[\#
            {"rule":"missed","dimension":"payment","points":-60,"events":1},\#
            {"rule":"fair","dimension":"payment","points":30,"events":1},\#
            {"rule":"paid","dimension":"payment","points":15,"events":1},\#
            {"rule":"noise","dimension":"conduct","points":-5,"events":1}],\#
            "errors":0,"policy":{"id":"town","version":1},"clock":"2026-01-04T00:00:00Z"}
            """#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected)
    }

    @Test func aFoldThatHasSeenNothingHasNoClock() throws {
        town.given(enrolled("anna"))
        let standing = try #require(town.standing(of: "anna"))
        var writer = ByteWriter()
        standing.writeExplained(to: &writer, policy: town.fold.policy, clock: .distantPast)
        #expect(String(decoding: writer.bytes, as: UTF8.self).hasSuffix(#""clock":null}"#))
    }
}
