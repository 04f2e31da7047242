import Testing

@testable import Pipeline

struct WithdrawnSourcesTests {
    private func sources(_ partitions: [Int32: [String]]) -> WithdrawnSources {
        var sources = WithdrawnSources()
        for partition in partitions.keys.sorted(by: >) { sources.add(partitions[partition] ?? [], of: partition) }
        return sources
    }

    @Test func aSourceIsWithdrawnInAllPartitionsInSomeOrInNone() {
        let found = sources([0: ["trams"], 1: ["trams", "bills"], 2: ["trams"]])
        #expect(found.topics == ["bills", "trams"] && found.partitions.map(\.partition) == [0, 1, 2])
        #expect(found.extent(of: "trams")?.isEverywhere == true && found.extent(of: "trams")?.difference == nil)
        #expect(found.extent(of: "rides")?.isNowhere == true && found.extent(of: "rides")?.difference == nil)
        #expect(found.extent(of: "bills")?.difference == "withdrawn in 1 of 3 ledger partitions (1)")
        #expect(
            found.differences == ["bills is withdrawn in 1 of 3 ledger partitions (1): withdraw or restore it again"])
        #expect(WithdrawnSources().extent(of: "bills") == nil, "no partition is known")
    }

    @Test func manyPartitionsAreNotAllNamed() throws {
        var partitions: [Int32: [String]] = [:]
        for partition in 0..<50 as Range<Int32> { partitions[partition] = partition == 49 ? [] : ["bills"] }
        let difference = try #require(sources(partitions).extent(of: "bills")?.difference)
        #expect(difference.hasPrefix("withdrawn in 49 of 50 ledger partitions (0, 1, "), "\(difference)")
        #expect(difference.hasSuffix("19, …)"), "\(difference)")
    }

    @Test func eachPartitionIsKnownOnceAndTheOthersAreMissing() {
        var found = sources([0: [], 2: ["bills"]])
        found.add(["trams"], of: 2)
        #expect(found.topics == ["bills"], "the first answer for a partition is taken")
        found.add(sources([1: ["bills"], 2: []]))
        #expect(found.extent(of: "bills")?.partitions == [1, 2])
        #expect(found.missing(of: 5) == [3, 4] && found.missing(of: 3).isEmpty)
    }

    @Test func allExtentsAreThoseOfTheirTopicsInTheOrderOfNames() {
        let found = sources([4: ["trams", "bills", "trams"], 0: [], 7: ["rides", "trams"], 2: ["bills"]])
        #expect(found.partitions.map(\.partition) == [0, 2, 4, 7])
        #expect(found.extents.map(\.topic) == ["bills", "rides", "trams"])
        #expect(found.extents.map(\.extent.partitions) == [[2, 4], [7], [4, 7]])
        for (topic, extent) in found.extents {
            let own = found.extent(of: topic)
            #expect(own == extent, "\(topic)")
        }
    }
}
