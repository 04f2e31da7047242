import Events
import Policy
@testable import Scoring
import Testing

/// A subject's state has a limit. Beyond it behaviour counts for nothing, and due process continues.
@Suite struct SubjectLimitTests {
    private func story() throws -> Story {
        let story = Story(try TownPolicy.policy())
        story.fold.maximumEvents = 2
        return story
    }

    @Test func whatComesBeyondItIsCountedAndShown() throws {
        let town = try story()
        town.given(enrolled("anna"), enrolled("bert"))
        town.given(happened("noise.made", "anna", on: 1), happened("tea.drunk", "anna", on: 2))
        let last = happened("noise.made", "anna", on: 3)
        #expect(town.given(last, last) == [])
        #expect(town.fold.counters.beyondLimit == 2)
        #expect(town.fold.identities.count == 4)
        // Others have their own.
        #expect(town.given(happened("noise.made", "bert", on: 4)).count == 1)
        let standing = try #require(town.standing(of: "anna"))
        #expect(standing.level.score == 595 && standing.beyondLimit == 2)
        var writer = ByteWriter()
        standing.writeExplained(to: &writer, policy: town.fold.policy, clock: town.fold.clock)
        #expect(String(decoding: writer.bytes, as: UTF8.self).contains(#""errors":0,"beyondLimit":2,"policy":"#))
    }

    @Test func whatIsKnownIsStillADuplicate() throws {
        let town = try story()
        let first = happened("noise.made", "anna", on: 1)
        town.given(enrolled("anna"), first, happened("noise.made", "anna", on: 2), first)
        #expect(town.fold.counters.duplicates == 1 && town.fold.counters.beyondLimit == 0)
    }

    @Test func aVoidTakesBackAndMakesNoRoom() throws {
        let town = try story()
        let first = happened("noise.made", "anna", on: 1)
        town.given(enrolled("anna"), first, happened("noise.made", "anna", on: 2))
        let void = #"{"source":"\#(first.source)","id":"\#(first.id)","reason":"mistaken"}"#
        town.given(happened("standing.event.voided", "anna", on: 3, source: "/register", data: void))
        #expect(town.standing(of: "anna")?.level.score == 595)
        town.given(happened("noise.made", "anna", on: 4))
        #expect(town.standing(of: "anna")?.level.score == 595)
        #expect(town.fold.counters.voids == 1 && town.fold.counters.beyondLimit == 1)
    }

    @Test func anotherEnrolmentBeginsAnew() throws {
        let town = try story()
        town.given(enrolled("anna"))
        for day in 1...3 { town.given(happened("noise.made", "anna", on: Double(day))) }
        town.given(withdrawn("anna", on: 4), enrolled("anna", on: 5))
        #expect(town.given(happened("noise.made", "anna", on: 6)).count == 1)
        #expect(town.standing(of: "anna")?.beyondLimit == 0)
    }

    /// The count is state: a fold that is read back still refuses, and one with another count is another state.
    @Test func theCountIsInSnapshotAndDigest() throws {
        let town = try story()
        town.given(enrolled("anna"))
        for day in 1...3 { town.given(happened("noise.made", "anna", on: Double(day))) }
        var bytes: [UInt8] = []
        try town.fold.writeSnapshot { bytes += $0 }
        try bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var copy = try Fold(policy: town.fold.policy, snapshot: &reader)
            copy.maximumEvents = 2
            #expect(copy.digest() == town.fold.digest())
            let more = town.item(happened("noise.made", "anna", on: 4), entry: 9)
            copy.fold(more.event, type: try #require(more.type), entry: 9)
            #expect(copy.counters.beyondLimit == 2)
            town.given(tick(on: 4))
            #expect(copy.digest() != town.fold.digest())
        }
    }
}
