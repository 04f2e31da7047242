import Foundation
import GRDB

/// What one accepted fact does to a service's database. Doing it twice is the same as doing it once.
typealias FactEffect = @Sendable (Database) throws -> Void

/// How far a service has come in one partition of its topic.
struct FactPosition: Sendable, Equatable {
    /// The next Kafka offset to read.
    var offset: Int64
    /// The greatest accepted sequence number; 0 before the first.
    var sequence: Int64
}

/// What a service keeps of the facts it follows.
protocol FactStore: Sendable {
    var database: FactDatabase { get }
    /// What this fact does; nil for a type that the service has no use for.
    func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect?
    /// How many perks are held, or sanctions in force. Reads the database.
    func count() throws -> Int
}

/// A service's SQLite file. Facts' effects and the positions behind them change in one transaction, so the file
/// always says exactly what the facts before its positions say.
final class FactDatabase: Sendable {
    /// How long a write waits for another process that holds the file.
    private static let busySeconds = 5.0

    let pool: DatabasePool

    /// Opens or creates the file, and its folder, and brings the tables up to date.
    init(path: String, migrations: (inout DatabaseMigrator) -> Void) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busySeconds)
        pool = try DatabasePool(path: path, configuration: configuration)
        var migrator = DatabaseMigrator()
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
        migrations(&migrator)
        try migrator.migrate(pool)
    }

    /// By partition; none where nothing was ever read.
    func positions(of topic: String) throws -> [Int32: FactPosition] {
        try pool.read { db in
            var result: [Int32: FactPosition] = [:]
            let rows = try Row.fetchCursor(
                db, sql: #"SELECT partition, "offset", sequence FROM position WHERE topic = ?"#, arguments: [topic])
            while let row = try rows.next() {
                result[row[0]] = FactPosition(offset: row[1], sequence: row[2])
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
                    INSERT INTO position (topic, partition, "offset", sequence) VALUES (?, ?, ?, ?)
                    ON CONFLICT (topic, partition)
                    DO UPDATE SET "offset" = excluded."offset", sequence = excluded.sequence
                    """)
            for (partition, position) in positions {
                try statement.execute(arguments: [topic, partition, position.offset, position.sequence])
            }
        }
    }
}
