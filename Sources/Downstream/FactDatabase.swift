import Foundation
import GRDB

/// A service's SQLite file. Facts' effects and the positions behind them change in one transaction, so the file
/// always says exactly what the facts before its positions say.
///
/// SQLite's `application_id` names the service that the file belongs to. Nobody but the user of the process can read or write
/// it: it says who is denied what.
final class FactDatabase: Sendable {
    /// How long a write waits for another process that holds the file.
    private static let busySeconds = 5.0
    private static let ownerOnly: mode_t = 0o600

    let path: String
    let pool: DatabasePool

    /// Opens or creates the file, and its folder, and brings the tables up to date. Throws `UnusableDatabase` for a file that
    /// is damaged, is no database, or belongs to another program or service; such a file is left as it is.
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

    /// SQLite gives the files that it puts beside a database the mode of the database. A file that is there is not opened: to
    /// close it would take away the locks of this process's other connections.
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

    /// Whether the database has its service's name already. Throws if it cannot be this service's.
    private static func check(
        _ path: String, of kind: DownstreamService.Kind, _ migrator: DatabaseMigrator
    ) throws -> Bool {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw UnusableDatabase("\(path) is a folder; give --database a file")
        }
        // A queue leaves the file's journal mode as it is.
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

    /// By partition; none where nothing was ever read.
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

    /// One transaction: all of it, or nothing.
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
    /// In SQLite's header, offset 68, big endian: `STPK` and `STBL`.
    fileprivate var applicationID: Int32 { self == .perks ? 0x5354_504B : 0x5354_424C }

    /// The tables of a database from before databases had names.
    private var formerTables: Set<String> {
        ["grdb_migrations", "position", self == .perks ? "perk" : "sanction"]
    }

    /// Whose database has this name and these tables; nil: it is empty, or another program's.
    fileprivate static func owner(ofDatabase name: Int32, _ tables: Set<String>) -> Self? {
        allCases.first { name == 0 ? tables == $0.formerTables : name == $0.applicationID }
    }
}

/// Why a service cannot use its SQLite file: one sentence, with the path and the mend.
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

    /// `found`: the database, or a file of SQLite's beside it.
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

    /// Why reading or writing failed; without values, which can name subjects.
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
