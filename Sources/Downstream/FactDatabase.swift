import Foundation
import GRDB

/// A service's SQLite file. The effects of facts and the positions after them change in one transaction, so the file
/// always has exactly the effects of the facts before its positions.
///
/// SQLite's `application_id` names the service that owns the file. Only the user of the process can read or write it,
/// because it contains who is denied what.
final class FactDatabase: Sendable {
    /// How long a write waits for another process that has locked the file, in seconds.
    private static let busySeconds = 5.0
    private static let ownerOnly: mode_t = 0o600

    let path: String
    let pool: DatabasePool

    /// Opens or creates the file and its folder, and updates the tables. Throws `UnusableDatabase` if the file is
    /// damaged, is not a database, or belongs to another program or service. Such a file is not changed.
    init(path: String, of kind: DownstreamService.Kind, migrations: (inout DatabaseMigrator) -> Void) throws {
        self.path = path
        var migrator = DatabaseMigrator()
        Self.registerPositions(&migrator)
        migrations(&migrator)
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Self.makeIfMissing(path)
            let isNamed = try Self.check(path, of: kind, migrator)
            for suffix in ["", "-wal", "-shm"] { try Self.makePrivate(path + suffix) }
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            if !isNamed {
                try pool.write { db in try db.execute(sql: "PRAGMA application_id = \(kind.applicationID)") }
            }
            try migrator.migrate(pool)
        } catch let error as UnusableDatabase {
            throw error
        } catch {
            throw UnusableDatabase(path, error)
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busySeconds)
        return configuration
    }

    private static func registerPositions(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("positions-1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE position (
                        topic TEXT NOT NULL,
                        partition INTEGER NOT NULL,
                        "offset" INTEGER NOT NULL,
                        sequence INTEGER NOT NULL,
                        PRIMARY KEY (topic, partition)
                    ) WITHOUT ROWID
                    """)
        }
        migrator.registerMigration("positions-2") { db in
            try db.execute(
                sql: """
                    ALTER TABLE position ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
                    UPDATE position SET seen = sequence;
                    """)
        }
    }

    /// SQLite gives the files that belong to a database the database's mode. An existing file is not opened here,
    /// because closing it would release the locks of this process's other connections.
    private static func makeIfMissing(_ path: String) throws {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, ownerOnly)
        guard file >= 0 else {
            guard errno == EEXIST else { throw UnusableDatabase(path, code: errno) }
            return
        }
        close(file)
    }

    private static func makePrivate(_ path: String) throws {
        guard chmod(path, ownerOnly) != 0, errno != ENOENT else { return }
        throw UnusableDatabase(
            "\(path) cannot be made private, mode 0600 (\(String(cString: strerror(errno)))); give this user the file, or "
                + "--database another one")
    }

    /// Whether the database already has its service's name. Throws if it cannot be this service's.
    private static func check(
        _ path: String, of kind: DownstreamService.Kind, _ migrator: DatabaseMigrator
    ) throws -> Bool {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw UnusableDatabase("\(path) is a folder; give --database a file")
        }
        // A queue does not change the file's journal mode.
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        let isNamed = try queue.read { db in
            let name = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
            let tables = try String.fetchSet(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            if let owner = DownstreamService.Kind.owner(ofDatabase: name, tables) {
                guard owner == kind else { throw UnusableDatabase(path, of: owner, openedBy: kind) }
            } else if name != 0 || !tables.isEmpty {
                throw UnusableDatabase(
                    "\(path) is the database of another program; give --database another file")
            }
            let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
            guard findings == ["ok"] else { throw UnusableDatabase.damaged(path, findings.first ?? "no answer") }
            if try migrator.hasBeenSuperseded(db) {
                throw UnusableDatabase(
                    "\(path) was written by a newer version of standing; run that one, or give --database another file")
            }
            return name != 0
        }
        try queue.close()
        return isNamed
    }

    /// Positions by partition; empty if nothing was ever read.
    func positions(of topic: String) throws -> [Int32: FactPosition] {
        try pool.read { db in
            var result: [Int32: FactPosition] = [:]
            let rows = try Row.fetchCursor(
                db, sql: #"SELECT partition, "offset", sequence, seen FROM position WHERE topic = ?"#,
                arguments: [topic])
            while let row = try rows.next() {
                result[row[0]] = FactPosition(offset: row[1], sequence: row[2], seen: row[3])
            }
            return result
        }
    }

    /// One transaction: everything or nothing.
    func write(_ effects: [FactEffect], positions: [Int32: FactPosition], of topic: String) throws {
        try pool.write { db in
            for effect in effects { try effect(db) }
            let statement = try db.cachedStatement(
                sql: """
                    INSERT INTO position (topic, partition, "offset", sequence, seen) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (topic, partition)
                    DO UPDATE SET "offset" = excluded."offset", sequence = excluded.sequence, seen = excluded.seen
                    """)
            for (partition, position) in positions {
                try statement.execute(
                    arguments: [topic, partition, position.offset, position.sequence, position.seen])
            }
        }
    }
}

extension DownstreamService.Kind {
    /// In SQLite's header, offset 68, big-endian: `STPK` and `STBL`.
    fileprivate var applicationID: Int32 { self == .perks ? 0x5354_504B : 0x5354_424C }

    /// The tables of a database from before databases had names.
    private var formerTables: Set<String> {
        ["grdb_migrations", "position", self == .perks ? "perk" : "sanction"]
    }

    /// The service whose database has this name and these tables; nil if it is empty or another program's.
    fileprivate static func owner(ofDatabase name: Int32, _ tables: Set<String>) -> Self? {
        allCases.first { name == 0 ? tables == $0.formerTables : name == $0.applicationID }
    }
}

/// Why a service cannot use its SQLite file: one sentence with the path and the remedy.
public struct UnusableDatabase: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    fileprivate init(_ description: String) { self.description = description }

    fileprivate init(_ path: String, of owner: DownstreamService.Kind, openedBy kind: DownstreamService.Kind) {
        description =
            "\(path) is the database of `standing \(owner.rawValue)`; give `standing \(kind.rawValue)` a file of its own "
            + "with --database"
    }

    init(_ path: String, code: Int32) {
        description =
            "\(path) cannot be used (\(String(cString: strerror(code)))); give this user the file and its folder, or "
            + "--database another file"
    }

    /// `found` is the database, or one of SQLite's files that belong to it.
    static func isThere(_ path: String, as found: String) -> UnusableDatabase {
        UnusableDatabase(
            "\(found) is there already; move \(path) away, with \(path)-wal and \(path)-shm, or give --database another file"
        )
    }

    fileprivate static func damaged(_ path: String, _ finding: String) -> UnusableDatabase {
        UnusableDatabase(
            "\(path) is damaged (\(finding.split(separator: "\n").joined(separator: ", "))); stop the service, move the file "
                + "away, with \(path)-wal and \(path)-shm, and start it: it fills a new one from its topic")
    }

    /// Why reading or writing failed, without values, which can name subjects.
    init(_ path: String, _ error: any Error) {
        guard let error = error as? DatabaseError else {
            self.init("\(path) cannot be used (\(error)); give --database another file")
            return
        }
        let message = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_NOTADB: self.init("\(path) is no SQLite database; move it away, or give --database another file")
        case .SQLITE_CORRUPT: self = .damaged(path, message)
        case .SQLITE_FULL: self.init("\(path) cannot be written, for the disk is full; make room")
        case .SQLITE_BUSY: self.init("\(path) is locked by another process; end that one")
        default:
            self.init(
                "\(path) cannot be used (\(message)); give this user the file and its folder, or --database another file"
            )
        }
    }
}
