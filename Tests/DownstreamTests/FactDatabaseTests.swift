import Foundation
import GRDB
import Testing

@testable import Downstream

/// Whose a database is, and what becomes of one that cannot be used.
struct FactDatabaseTests {
    private let folder = TemporaryFolder()

    /// The message about a file that a service cannot use.
    private func refusal(_ open: (String) throws -> Void, of path: String) -> String {
        do {
            try open(path)
            return "opened"
        } catch { return "\(error)" }
    }

    private func openPerks(_ path: String) throws { _ = try PerksStore(path: path) }
    private func openBlacklist(_ path: String) throws { _ = try BlacklistStore(path: path) }

    private func write(_ bytes: Data, to name: String) throws -> String {
        let path = folder.path(name)
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: path))
        return path
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    @Test func aDatabaseIsItsOwnersAlone() throws {
        let path = folder.path("perks.sqlite")
        let store = try PerksStore(path: path)
        try store.accept(FactText.perk("granted", "p", of: "anna", sequence: 1))
        for suffix in ["", "-wal", "-shm"] { #expect(try mode(path + suffix) == 0o600, "\(suffix)") }
        // One from before, that everybody could read.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: path + "-wal")
        let again = try PerksStore(path: path)
        #expect(try again.count() == 1)
        for suffix in ["", "-wal", "-shm"] { #expect(try mode(path + suffix) == 0o600, "\(suffix)") }
    }

    @Test func aDatabaseIsRefusedByTheOtherService() throws {
        let (perks, blacklist) = (folder.path("perks.sqlite"), folder.path("blacklist.sqlite"))
        try openPerks(perks)
        try openBlacklist(blacklist)
        #expect(
            refusal(openBlacklist, of: perks)
                == "\(perks) is the database of `standing perks`; give `standing blacklist` a file of its own with --database"
        )
        #expect(
            refusal(openPerks, of: blacklist)
                == "\(blacklist) is the database of `standing blacklist`; give `standing perks` a file of its own with --database"
        )
        #expect(refusal(openPerks, of: perks) == "opened" && refusal(openBlacklist, of: blacklist) == "opened")
    }

    /// As it was before databases had names.
    private func makeFormerDatabase(_ path: String, _ kind: DownstreamService.Kind) throws {
        let path = try write(Data(), to: path)
        let tables =
            kind == .perks
            ? """
            CREATE TABLE perk (subject TEXT NOT NULL, perk TEXT NOT NULL, since TEXT NOT NULL, policy TEXT NOT NULL,
                policy_version INTEGER NOT NULL, score INTEGER, band TEXT, PRIMARY KEY (subject, perk)) WITHOUT ROWID;
            INSERT INTO perk VALUES ('anna', 'p', '2026-01-02T03:04:05Z', 'town', 1, 1002, 'AA');
            """
            : """
            CREATE TABLE sanction (subject TEXT NOT NULL, sanction TEXT NOT NULL, state TEXT NOT NULL, measures TEXT NOT NULL,
                since TEXT NOT NULL, until TEXT NOT NULL, reasons TEXT NOT NULL, policy TEXT NOT NULL,
                policy_version INTEGER NOT NULL, PRIMARY KEY (subject, sanction)) WITHOUT ROWID;
            INSERT INTO sanction VALUES ('anna', 'rail-ban', 'noticed', '["air-travel","rail"]', '2026-01-02T03:04:05Z',
                '2028-01-02T03:04:05Z', '[]', 'town', 1);
            """
        try DatabaseQueue(path: path).write { db in
            try db.execute(
                sql: """
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES ('positions-1'), ('\(kind.rawValue)-1');
                    CREATE TABLE position (topic TEXT NOT NULL, partition INTEGER NOT NULL, "offset" INTEGER NOT NULL,
                        sequence INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
                    INSERT INTO position VALUES ('facts', 3, 7, 5);
                    """ + tables)
        }
    }

    @Test func anOlderDatabaseIsTakenOverByItsServiceAndThenItsOwn() async throws {
        try makeFormerDatabase("perks.sqlite", .perks)
        try makeFormerDatabase("blacklist.sqlite", .blacklist)
        let (perksPath, blacklistPath) = (folder.path("perks.sqlite"), folder.path("blacklist.sqlite"))
        #expect(refusal(openBlacklist, of: perksPath).contains("is the database of `standing perks`"))
        #expect(refusal(openPerks, of: blacklistPath).contains("is the database of `standing blacklist`"))

        let perks = try PerksStore(path: perksPath)
        #expect(try await perks.perks(of: "anna").map(\.perk) == ["p"])
        #expect(try perks.database.positions(of: "facts") == [3: FactPosition(offset: 7, sequence: 5)])
        let blacklist = try BlacklistStore(path: blacklistPath)
        // Its measures are known.
        #expect(try await blacklist.answer(for: "anna", "rail", at: nil) == .sanctions([]))
        for (database, name) in [(perks.database, 0x5354_504B), (blacklist.database, 0x5354_424C)] {
            #expect(try await database.pool.read { try Int.fetchOne($0, sql: "PRAGMA application_id") } == name)
        }
        #expect(refusal(openBlacklist, of: perksPath).contains("is the database of `standing perks`"))
    }

    @Test func anotherProgramsDatabaseIsLeftAsItIs() throws {
        for (name, sql) in [
            ("tables.sqlite", "CREATE TABLE bookmark (url TEXT)"), ("name.sqlite", "PRAGMA application_id = 77"),
        ] {
            let path = try write(Data(), to: name)
            try DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            #expect(
                refusal(openPerks, of: path)
                    == "\(path) is the database of another program; give --database another file")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        }
    }

    @Test func aFileThatIsNoDatabaseIsSaid() throws {
        for garbage in [Data("tea".utf8), Data("no database, ".utf8) + Data(repeating: 7, count: 10_000)] {
            let path = try write(garbage, to: "garbage.sqlite")
            #expect(
                refusal(openPerks, of: path)
                    == "\(path) is no SQLite database; move it away, or give --database another file")
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == garbage)
        }
    }

    @Test func aFolderIsSaid() throws {
        let path = folder.path("folder")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(refusal(openPerks, of: path) == "\(path) is a folder; give --database a file")
    }

    @Test func aTruncatedDatabaseIsDamaged() throws {
        let path = folder.path("perks.sqlite")
        func fill() throws {
            let store = try PerksStore(path: path)
            let effects = try (1...500).compactMap { number in
                try store.effect(
                    of: message(FactText.perk("granted", "perk-\(number)", of: "anna", sequence: Int64(number))))
            }
            try store.database.write(effects, positions: [0: FactPosition(offset: 500, sequence: 500)], of: "facts")
            try store.database.pool.close()
        }
        try fill()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try #require(whole.count > 4 * 4096)
        for (damage, what) in [
            (whole.prefix(whole.count / 2), "truncated"),
            (whole.prefix(8192) + Data(repeating: 0xA5, count: whole.count - 8192), "overwritten"),
        ] {
            try Data(damage).write(to: URL(fileURLWithPath: path))
            let sentence = refusal(openPerks, of: path)
            #expect(sentence.hasPrefix("\(path) is damaged ("), "\(what): \(sentence)")
            #expect(
                sentence.hasSuffix(
                    "; stop the service, move the file away, with \(path)-wal and \(path)-shm, "
                        + "and start it: it fills a new one from its topic"), "\(what): \(sentence)")
            #expect(!sentence.contains("\n"))
        }
    }

    @Test func aDatabaseOfANewerVersionIsRefused() throws {
        let path = folder.path("perks.sqlite")
        let store = try PerksStore(path: path)
        try store.database.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('perks-99')") }
        #expect(refusal(openPerks, of: path).contains("was written by a newer version of standing"))
    }
}
