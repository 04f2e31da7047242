import Foundation
import GRDB
import Testing

@testable import Downstream

/// A database that is made beside its topic.
struct DatabaseBuilderTests {
    private let folder = TemporaryFolder()
    private static let topic = "standing.perks"

    private func grant(_ number: Int64, sequence: Int64? = nil) -> String {
        FactText.perk("granted", "perk-\(number)", of: "anna", sequence: sequence ?? number)
    }

    private func add(_ facts: String..., partition: Int32 = 0, to builder: DatabaseBuilder) throws {
        for fact in facts { try Array(fact.utf8).withUnsafeBytes { try builder.add($0, partition: partition) } }
    }

    private func names(beside path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: (path as NSString).deletingLastPathComponent).sorted()
    }

    private func rows(_ path: String, _ table: String) throws -> [String] {
        try DatabaseQueue(path: path).read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { "\($0)" }
        }
    }

    @Test func itHoldsWhatAFollowedOneHolds() throws {
        let (built, followed) = (folder.path("built.sqlite"), folder.path("followed.sqlite"))
        let builder = try DatabaseBuilder(.perks, path: built, topic: Self.topic)
        let store = try PerksStore(path: followed)
        var batch = JudgedFacts(for: store, after: [:])
        // More than a transaction.
        for number in 1...5000 as ClosedRange<Int64> {
            let fact =
                number % 3 == 0
                ? FactText.perk("revoked", "perk-\(number - 1)", of: "anna", sequence: number) : grant(number)
            try add(fact, to: builder)
            Array(fact.utf8).withUnsafeBytes { batch.add($0, partition: 0, offset: number - 1) }
        }
        try store.database.write(batch.effects, positions: batch.positions, of: Self.topic)
        #expect(!FileManager.default.fileExists(atPath: built), "it is not there before it is whole")
        try builder.finish(at: [(0, 5000, 5001), (1, 0, 1)])
        #expect(!FileManager.default.fileExists(atPath: built), "nor before it is moved")
        try builder.move()

        let names = try names(beside: built).filter { $0.hasPrefix("built") }
        #expect(names == ["built.sqlite"])
        let attributes = try FileManager.default.attributesOfItem(atPath: built)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(try rows(built, "perk") == rows(followed, "perk"))
        let opened = try PerksStore(path: built)
        #expect(
            try opened.database.positions(of: Self.topic)
                == [0: FactPosition(offset: 5000, sequence: 5000), 1: FactPosition(offset: 0, sequence: 0)])
        #expect(throws: UnusableDatabase.self) { try BlacklistStore(path: built) }
    }

    @Test func aFileThatIsThereIsLeftAsItIs() throws {
        let path = folder.path("perks.sqlite")
        try PerksStore(path: path).accept(grant(1))
        let error = #expect(throws: DatabaseBuilder.Failure.self) {
            try DatabaseBuilder(.perks, path: path, topic: Self.topic)
        }
        #expect(error?.kind == .perks)
        #expect(
            error?.description
                == "\(path) is there already; move \(path) away, with \(path)-wal and \(path)-shm, or give "
                + "--database another file")
        #expect(try PerksStore(path: path).count() == 1)
    }

    @Test func whatIsGivenUpLeavesNoTrace() throws {
        let path = folder.path("blacklist.sqlite")
        let builder = try DatabaseBuilder(.blacklist, path: path, topic: "standing.sanctions")
        try add(FactText.sanction("in-force", sequence: 1), to: builder)
        builder.abandon()
        #expect(try names(beside: path).isEmpty)
        let moved = try DatabaseBuilder(.blacklist, path: path, topic: "standing.sanctions")
        try add(FactText.sanction("in-force", sequence: 1), to: moved)
        try moved.finish(at: [(0, 1, 2)])
        try moved.move()
        #expect(try names(beside: path) == ["blacklist.sqlite"])
        moved.abandon()
        #expect(try names(beside: path).isEmpty, "one that was moved goes too")
        // One that was interrupted is in nobody's way.
        _ = try DatabaseBuilder(.blacklist, path: path, topic: "standing.sanctions")
        let again = try DatabaseBuilder(.blacklist, path: path, topic: "standing.sanctions")
        try add(FactText.sanction("in-force", sequence: 1), to: again)
        try again.finish(at: [(0, 1, 2)])
        try again.move()
        #expect(try BlacklistStore(path: path).count() == 1)
    }

    /// Each has a file of its own, and the one that is moved first stays.
    @Test func twoThatMakeTheSameDatabaseDoNotMix() throws {
        let path = folder.path("perks.sqlite")
        let builders = try (0..<2).map { _ in try DatabaseBuilder(.perks, path: path, topic: Self.topic) }
        let partials = try names(beside: path).filter { $0.hasSuffix(".partial") }
        #expect(partials.count == 2 && partials.allSatisfy { $0.hasPrefix("perks.sqlite.\(getpid())") }, "\(partials)")
        try add(grant(1), to: builders[0])
        try add(grant(1), grant(2), to: builders[1])
        try builders[0].finish(at: [(0, 1, 2)])
        try builders[1].finish(at: [(0, 2, 3)])
        try builders[1].move()
        let late = #expect(throws: DatabaseBuilder.Failure.self) { try builders[0].move() }
        #expect(late?.kind == .perks)
        #expect(late?.description.hasPrefix("\(path) is there already; move ") == true)
        builders[0].abandon()
        #expect(try names(beside: path) == ["perks.sqlite"])
        #expect(try PerksStore(path: path).count() == 2)
    }

    @Test func factsOutOfTheirOrderAreRefused() throws {
        let builder = try DatabaseBuilder(.perks, path: folder.path("perks.sqlite"), topic: Self.topic)
        try add(grant(1), partition: 2, to: builder)
        let gap = #expect(throws: DatabaseBuilder.Unusable.self) { try add(grant(3), partition: 2, to: builder) }
        #expect(gap?.description == "partition 2: 1 facts after sequence 1 are missing")
        builder.abandon()

        let other = try DatabaseBuilder(.perks, path: folder.path("other.sqlite"), topic: Self.topic)
        try add(grant(1), to: other)
        let end = #expect(throws: DatabaseBuilder.Unusable.self) { try other.finish(at: [(0, 9, 9)]) }
        #expect(end?.description == "partition 0: facts up to sequence 1 were added, and 9 is to come next")
        other.abandon()
        let malformed = try DatabaseBuilder(.perks, path: folder.path("third.sqlite"), topic: Self.topic)
        #expect(throws: DatabaseBuilder.Unusable.self) { try add("tea", to: malformed) }
        malformed.abandon()
    }
}
