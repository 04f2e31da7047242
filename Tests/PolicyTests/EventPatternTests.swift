import Policy
import Testing

@Suite struct EventPatternTests {
    private func pattern(_ text: String) throws -> EventPattern { try #require(EventPattern(text)) }

    @Test(arguments: [
        ("bill.paid", "bill.paid", true), ("bill.paid", "bill.paid.late", false), ("bill.paid", "bill.pai", false),
        ("bill.*", "bill.paid", true), ("bill.*", "bill.paid.late", true), ("bill.*", "bill.", true),
        ("bill.*", "bill", false), ("bill.*", "billing.paid", false), ("bill.*", "bill.*", true),
        // Bytes, not letters that look the same.
        ("caf\u{e9}.*", "caf\u{e9}.paid", true), ("caf\u{e9}.*", "cafe\u{301}.paid", false),
        ("caf\u{e9}", "cafe\u{301}", false),
    ])
    func matches(text: String, type: String, isMatch: Bool) throws {
        let pattern = try pattern(text)
        #expect(pattern.matches(type) == isMatch)
        #expect(Array(type.utf8).withUnsafeBytes { pattern.matches($0) } == isMatch)
    }

    @Test(arguments: ["*", "bill*", "b*.paid", "bill.*.paid", "bill.**", "*.*", "*."])
    func aStarStandsOnlyAtTheEndOfAPrefix(text: String) { #expect(EventPattern(text) == nil) }

    @Test(arguments: [
        ("bill.*", "bill.paid", true), ("bill.*", "bill.paid.*", true), ("bill.*", "bill.*", true),
        ("bill.paid.*", "bill.*", false), ("bill.paid", "bill.paid", true), ("bill.paid", "bill.*", false),
        // A type that ends in a point is not the prefix of the same letters.
        ("bill.", "bill.*", false), ("bill.*", "bill.", true),
    ])
    func covers(text: String, other: String, isCovered: Bool) throws {
        #expect(try pattern(text).covers(pattern(other)) == isCovered)
    }

    @Test func equalByItsBytes() throws {
        #expect(try pattern("bill.*") == pattern("bill.*"))
        #expect(try pattern("bill.") != pattern("bill.*"))
        #expect(try pattern("caf\u{e9}") != pattern("cafe\u{301}"))
        #expect(try pattern("bill.*").description == "bill.*")
        #expect(try pattern("bill.paid").description == "bill.paid")
    }
}
