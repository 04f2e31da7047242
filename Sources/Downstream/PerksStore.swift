import GRDB

/// The perks that subjects have now.
struct PerksStore: FactStore {
    struct Perk: Encodable, Sendable, Equatable {
        let perk: String
        /// The time of the grant, RFC 3339.
        let since: String
    }

    let database: FactDatabase

    init(path: String) throws {
        database = try FactDatabase(path: path, of: .perks) { migrator in
            migrator.registerMigration("perks-1") { db in
                // score and band: what the grant was based on.
                try db.execute(
                    sql: """
                        CREATE TABLE perk (
                            subject TEXT NOT NULL,
                            perk TEXT NOT NULL,
                            since TEXT NOT NULL,
                            policy TEXT NOT NULL,
                            policy_version INTEGER NOT NULL,
                            score INTEGER,
                            band TEXT,
                            PRIMARY KEY (subject, perk)
                        ) WITHOUT ROWID
                        """)
            }
        }
    }

    func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect? {
        guard fact.type == "standing.perk.granted" || fact.type == "standing.perk.revoked" else { return nil }
        guard let perk = fact.data.perk, !perk.isEmpty else { throw MalformedFact("data.perk is missing") }
        if fact.type == "standing.perk.revoked" {
            return { db in
                try db.cachedStatement(sql: "DELETE FROM perk WHERE subject = ? AND perk = ?")
                    .execute(arguments: [fact.subject, perk])
            }
        }
        return { db in
            let (policy, after) = (fact.data.policy, fact.data.after)
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO perk (subject, perk, since, policy, policy_version, score, band)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(
                arguments: [fact.subject, perk, fact.time, policy.id, policy.version, after?.score, after?.band])
        }
    }

    func count() throws -> Int {
        try database.pool.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM perk") ?? 0 }
    }

    func probe() async throws {
        _ = try await database.pool.read { db in try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT * FROM perk)") }
    }

    /// In the order of their ids; empty for an unknown subject.
    func perks(of subject: String) async throws -> [Perk] {
        try await database.pool.read { db in
            try Row.fetchAll(
                db, sql: "SELECT perk, since FROM perk WHERE subject = ? ORDER BY perk", arguments: [subject]
            ).map { Perk(perk: $0[0], since: $0[1]) }
        }
    }
}
