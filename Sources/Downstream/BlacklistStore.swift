import Events
import Foundation
import GRDB

/// The sanctions that have been noticed, are in force or are stayed. Only those in force deny anything. Only a lifted
/// fact removes a sanction. A sanction whose term is over by the wall clock stays, but denies nothing any more.
struct BlacklistStore: FactStore {
    /// A sanction that is in force by the facts, as an answer shows it.
    struct Sanction: Encodable, Sendable, Equatable {
        enum State: String, Encodable, Sendable {
            case inForce = "in-force"
            /// The term is over by the wall clock, but the engine lags and has not lifted the sanction yet.
            case termOver = "term over, engine behind"
        }

        let sanction: String
        let state: State
        let measures: [String]
        /// RFC 3339, like `until`.
        let since: String
        let until: String
        let reasons: [FactMessage.Reason]
    }

    enum Answer: Sendable, Equatable {
        /// The sanctions that block the measure, in the order of their ids.
        case sanctions([Sanction])
        /// No fact has named the measure, and it was not declared. `known` has the known measures, sorted.
        case unknownMeasure(known: [String])
    }

    private static let inForce = "in-force"
    /// The last words of the fact types, after `standing.sanction.`, that do not remove the sanction.
    private static let states: Set<String> = ["noticed", inForce, "stayed"]

    let database: FactDatabase
    private let declared: Set<String>

    /// `declared` lists measures that are known even before a fact names them.
    init(path: String, declared: some Sequence<String> = []) throws {
        self.declared = Set(declared)
        database = try FactDatabase(path: path, of: .blacklist) { migrator in
            migrator.registerMigration("blacklist-1") { db in
                // measures and reasons: JSON arrays.
                try db.execute(
                    sql: """
                        CREATE TABLE sanction (
                            subject TEXT NOT NULL,
                            sanction TEXT NOT NULL,
                            state TEXT NOT NULL CHECK (state IN ('noticed', 'in-force', 'stayed')),
                            measures TEXT NOT NULL,
                            since TEXT NOT NULL,
                            until TEXT NOT NULL,
                            reasons TEXT NOT NULL,
                            policy TEXT NOT NULL,
                            policy_version INTEGER NOT NULL,
                            PRIMARY KEY (subject, sanction)
                        ) WITHOUT ROWID;
                        CREATE INDEX sanction_in_force ON sanction (state) WHERE state = 'in-force';
                        """)
            }
            migrator.registerMigration("blacklist-2") { db in
                // Every measure that a fact has named.
                try db.execute(sql: "CREATE TABLE measure (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID")
                for text in try String.fetchAll(db, sql: "SELECT DISTINCT measures FROM sanction") {
                    try Self.note(measures: try Self.value(text), in: db)
                }
            }
        }
    }

    func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect? {
        let prefix = "standing.sanction."
        guard fact.type.hasPrefix(prefix) else { return nil }
        let state = String(fact.type.dropFirst(prefix.count))
        guard state == "lifted" || Self.states.contains(state) else { return nil }
        guard let sanction = fact.data.sanction, !sanction.isEmpty else {
            throw MalformedFact("data.sanction is missing")
        }
        if state == "lifted" {
            return { db in
                try Self.note(measures: fact.data.measures ?? [], in: db)
                try db.cachedStatement(sql: "DELETE FROM sanction WHERE subject = ? AND sanction = ?")
                    .execute(arguments: [fact.subject, sanction])
            }
        }
        guard let measures = fact.data.measures else { throw MalformedFact("data.measures is missing") }
        guard let since = fact.data.since else { throw MalformedFact("data.since is missing") }
        guard let until = fact.data.until else { throw MalformedFact("data.until is missing") }
        return { db in
            let (policy, reasons) = (fact.data.policy, fact.data.reasons)
            try Self.note(measures: measures, in: db)
            let (measuresText, reasonsText) = (try Self.text(measures), try Self.text(reasons))
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO sanction
                        (subject, sanction, state, measures, since, until, reasons, policy, policy_version)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(
                arguments: [
                    fact.subject, sanction, state, measuresText, since, until, reasonsText, policy.id, policy.version,
                ])
        }
    }

    func count() throws -> Int {
        try database.pool.read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM sanction WHERE state = 'in-force'") ?? 0
        }
    }

    func probe() async throws {
        _ = try await database.pool.read { db in try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT * FROM sanction)") }
    }

    /// The sanctions that block `measure` for a subject. `now` is the wall clock; nil if the ledger's times are not
    /// those of the wall clock.
    func answer(for subject: String, _ measure: String, at now: Timestamp?) async throws -> Answer {
        try await database.pool.read { db in
            let isKnown =
                try declared.contains(measure)
                || Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT * FROM measure WHERE name = ?)", arguments: [measure])
                    ?? false
            guard isKnown else {
                let named = try String.fetchSet(db, sql: "SELECT name FROM measure")
                return .unknownMeasure(known: named.union(declared).sorted())
            }
            let sanctions = try Row.fetchAll(
                db,
                sql: """
                    SELECT sanction, measures, since, until, reasons FROM sanction
                    WHERE subject = ? AND state = ? ORDER BY sanction
                    """, arguments: [subject, Self.inForce]
            ).map { row in
                let until: String = row[3]
                return Sanction(
                    sanction: row[0], state: Self.isOver(until, at: now) ? .termOver : .inForce,
                    measures: try Self.value(row[1]), since: row[2], until: until, reasons: try Self.value(row[4]))
            }
            return .sanctions(sanctions.filter { $0.measures.contains(measure) })
        }
    }

    /// The engine lifts a sanction when its clock is at the end of the term.
    private static func isOver(_ until: String, at now: Timestamp?) -> Bool {
        guard let now, let end = Timestamp(until) else { return false }
        return end <= now
    }

    private static func note(measures: [String], in db: Database) throws {
        let statement = try db.cachedStatement(sql: "INSERT OR IGNORE INTO measure (name) VALUES (?)")
        for measure in measures { try statement.execute(arguments: [measure]) }
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func value<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
