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

    /// Of all rules together, and of no measure, whose buckets are not read.
    @Test func bucketsAreCountedAsFarAsIsAsked() throws {
        let policy = """
            policy: days
            version: 1
            score: {base: 0, min: 0, max: 1000}
            dimensions: {d: {}}
            rules:
              - {id: daily, dimension: d, event: deed, points: 1, per: day, lasts: 9 days}
              - {id: ever, dimension: d, event: deed, points: 1}
            measures:
              - {id: last, dimension: d, event: deed, latest: 1}
            bands: [{name: all, from: 0}]
            """
        let days = Story(try ScoringPolicy(yaml: policy, file: "days.yaml"))
        func hasMore(than maximum: Int, _ subject: String = "anna") -> Bool {
            Array(subject.utf8).withUnsafeBytes { days.fold.hasMoreBuckets(than: maximum, of: $0) }
        }
        days.given(enrolled("anna"))
        #expect(!hasMore(than: 0) && !hasMore(than: 0, "stranger"))
        for day in 1...3 { days.given(happened("deed", "anna", on: Double(day))) }
        #expect(hasMore(than: 0) && hasMore(than: 3) && !hasMore(than: 4))
        #expect(days.contributions(to: "anna") == ["daily 3 of 3", "ever 3 of 3"])
        days.given(tick(on: 12.5))
        #expect(hasMore(than: 1) && !hasMore(than: 2), "two days are over")
    }

    @Test func aFoldThatHasSeenNothingHasNoClock() throws {
        town.given(enrolled("anna"))
        let standing = try #require(town.standing(of: "anna"))
        var writer = ByteWriter()
        standing.writeExplained(to: &writer, policy: town.fold.policy, clock: .distantPast)
        #expect(String(decoding: writer.bytes, as: UTF8.self).hasSuffix(#""clock":null}"#))
    }
}
