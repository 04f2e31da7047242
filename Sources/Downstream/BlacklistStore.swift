import Foundation
import GRDB

/// The sanctions that have been noticed, are in force or are stayed. Only those in force deny anything, and only a
/// lifted fact takes one away: a term that has passed does not.
struct BlacklistStore: FactStore {
    /// A sanction in force, as an answer shows it.
    struct Denial: Encodable, Sendable, Equatable {
        let sanction: String
        let measures: [String]
        /// RFC 3339, like `until`.
        let since: String
        let until: String
        let reasons: [FactMessage.Reason]
    }

    private static let inForce = "in-force"
    /// What follows `standing.sanction.` in a fact's type and leaves the sanction standing.
    private static let states: Set<String> = ["noticed", inForce, "stayed"]

    let database: FactDatabase

    init(path: String) throws {
        database = try FactDatabase(path: path) { migrator in
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
                try db.cachedStatement(sql: "DELETE FROM sanction WHERE subject = ? AND sanction = ?")
                    .execute(arguments: [fact.subject, sanction])
            }
        }
        guard let measures = fact.data.measures else { throw MalformedFact("data.measures is missing") }
        guard let since = fact.data.since else { throw MalformedFact("data.since is missing") }
        guard let until = fact.data.until else { throw MalformedFact("data.until is missing") }
        return { db in
            let (policy, reasons) = (fact.data.policy, fact.data.reasons)
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

    /// The sanctions in force that block `measure`, in the order of their ids; empty: it is allowed.
    func denials(of subject: String, for measure: String) async throws -> [Denial] {
        try await database.pool.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT sanction, measures, since, until, reasons FROM sanction
                    WHERE subject = ? AND state = ? ORDER BY sanction
                    """, arguments: [subject, Self.inForce]
            ).map { row in
                Denial(
                    sanction: row[0], measures: try Self.value(row[1]), since: row[2], until: row[3],
                    reasons: try Self.value(row[4]))
            }.filter { $0.measures.contains(measure) }
        }
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
