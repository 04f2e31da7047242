import Events
import Foundation
import Testing

@testable import Downstream

/// A folder that goes with the value.
final class TemporaryFolder {
    private let url = FileManager.default.temporaryDirectory.appendingPathComponent("downstream-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The service makes the folder itself.
    func path(_ name: String) -> String { url.appendingPathComponent(name).path }
}

/// Facts as text, in the shape of the wire.
enum FactText {
    static let time = "2026-01-02T03:04:05Z"

    static func perk(_ change: String, _ perk: String, of subject: String, sequence: Int64) -> String {
        event("standing.perk.\(change)", of: subject, sequence: sequence, #""perk":"\#(perk)""#)
    }

    static func sanction(
        _ state: String, _ sanction: String = "rail-ban", of subject: String = "anna", sequence: Int64 = 1,
        until: String = "2028-01-02T03:04:05Z"
    ) -> String {
        event(
            "standing.sanction.\(state)", of: subject, sequence: sequence,
            #""sanction":"\#(sanction)","measures":["rail-high-speed","air-travel"],"#
                + #""since":"\#(time)","until":"\#(until)""# + (state == "lifted" ? #","reason":"cured""# : ""))
    }

    static func event(_ type: String, of subject: String, sequence: Int64, _ data: String) -> String {
        #"{"specversion":"1.0","id":"3-120-17-0","source":"/standing/town","type":"\#(type)","subject":"\#(subject)","#
            + #""time":"\#(time)","sequence":\#(sequence),"data":{"policy":{"id":"town","version":1},"#
            + #""cause":{"source":"/city/bus","id":"e17","type":"fare.paid"},"#
            + #""reasons":[{"rule":"fare","dimension":"transport","points":2}],"#
            + #""before":{"score":1000,"band":"A"},"after":{"score":1002,"band":"AA"},\#(data)}}"#
    }
}

func message(_ text: String) throws -> FactMessage {
    try Array(text.utf8).withUnsafeBytes { try FactMessage(json: $0) }
}

extension FactStore {
    /// Writes what these facts do, as if they had been accepted in partition 0.
    func accept(_ facts: String...) throws {
        let effects = try facts.compactMap { try effect(of: message($0)) }
        try database.write(effects, positions: [0: FactPosition(offset: 1, sequence: 1)], of: "facts")
    }
}

struct FactMessageTests {
    @Test func readsEveryField() throws {
        let fact = try message(FactText.perk("granted", "energy-discount", of: "anna", sequence: 41))
        #expect(fact.specversion == "1.0" && fact.id == "3-120-17-0" && fact.source == "/standing/town")
        #expect(fact.type == "standing.perk.granted" && fact.subject == "anna" && fact.time == FactText.time)
        #expect(fact.sequence == 41)
        #expect(fact.data.policy.id == "town" && fact.data.policy.version == 1)
        #expect(fact.data.cause.source == "/city/bus" && fact.data.cause.id == "e17")
        #expect(fact.data.cause.type == "fare.paid" && fact.data.cause.timer == nil)
        #expect(fact.data.reasons.map(\.rule) == ["fare"] && fact.data.reasons.map(\.points) == [2])
        #expect(fact.data.before?.score == 1000 && fact.data.after?.band == "AA")
        #expect(fact.data.perk == "energy-discount" && fact.data.sanction == nil)
        let lifted = try message(FactText.sanction("lifted"))
        #expect(lifted.data.sanction == "rail-ban" && lifted.data.measures == ["rail-high-speed", "air-travel"])
        #expect(lifted.data.since == FactText.time && lifted.data.reason == "cured")
    }

    @Test func readsEnrolmentAndTimers() throws {
        let fact = try message(
            #"{"specversion":"1.0","id":"0-1-0-0","source":"/s","type":"standing.score.changed","subject":"b","#
                + #""time":"2026-01-02T03:04:05Z","sequence":"17","data":{"policy":{"id":"p","version":2},"#
                + #""cause":{"timer":"energy-discount"},"reasons":[],"before":null,"after":{"score":1,"band":"C"}}}"#)
        #expect(fact.data.before == nil && fact.data.cause.timer == "energy-discount")
        // Digits in a string, as CloudEvents has it; facts of older ledgers have a number.
        #expect(fact.sequence == 17)
    }

    @Test func saysWhatIsWrongWithoutTheValue() {
        let good = FactText.perk("granted", "p", of: "anna", sequence: 41)
        func fault(_ old: String, _ new: String) -> String? {
            do {
                _ = try message(good.replacingOccurrences(of: old, with: new))
                return nil
            } catch { return "\(error)" }
        }
        #expect(fault(good, "{anna") == "not JSON, or a number that does not fit")
        #expect(fault(good, "") == "not JSON, or a number that does not fit")
        #expect(fault(good, "[]")?.hasPrefix("the record is not of type") == true)
        #expect(fault(#""sequence":41,"#, "") == "sequence is missing")
        #expect(fault(#""sequence":41"#, #""sequence":0"#) == "sequence is less than 1")
        #expect(fault(#""sequence":41"#, #""sequence":"anna""#) == "sequence is invalid")
        #expect(fault(#""points":2"#, #""points":null"#) == "data.reasons.0.points is null")
        #expect(fault(#""subject":"anna""#, #""subject":"""#) == "subject is empty")
        #expect(fault(#""specversion":"1.0""#, #""specversion":"0.3""#) == "specversion is not 1.0")
    }
}

struct DownstreamStoreTests {
    private struct Broken: Error {}

    private let folder = TemporaryFolder()

    @Test func effectsAndPositionAreOneTransaction() async throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let grant = try #require(
            try store.effect(of: message(FactText.perk("granted", "p", of: "anna", sequence: 1))))
        let position = FactPosition(offset: 7, sequence: 1)
        #expect(throws: Broken.self) {
            try store.database.write([grant, { _ in throw Broken() }], positions: [3: position], of: "facts")
        }
        #expect(try await store.perks(of: "anna").isEmpty)
        #expect(try store.database.positions(of: "facts").isEmpty)

        try store.database.write([grant], positions: [3: position], of: "facts")
        #expect(try await store.perks(of: "anna") == [PerksStore.Perk(perk: "p", since: FactText.time)])
        #expect(try store.database.positions(of: "facts") == [3: position])
        #expect(try store.database.positions(of: "other").isEmpty)
    }

    @Test func aReopenedDatabaseKnowsTheSame() async throws {
        let path = folder.path("perks.sqlite")
        let first = FactPosition(offset: 7, sequence: 5)
        try PerksStore(path: path).database.write([], positions: [0: first, 1: first], of: "facts")
        let second = FactPosition(offset: 3, sequence: 6)
        let store = try PerksStore(path: path)
        try store.database.write([], positions: [1: second], of: "facts")
        #expect(try PerksStore(path: path).database.positions(of: "facts") == [0: first, 1: second])
    }

    @Test func perksAreGrantedAndRevokedIdempotently() async throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let grant = FactText.perk("granted", "energy-discount", of: "anna", sequence: 1)
        let other = FactText.perk("granted", "deposit-free", of: "anna", sequence: 2)
        let revoke = FactText.perk("revoked", "energy-discount", of: "anna", sequence: 3)
        try store.accept(grant, grant, other)
        #expect(try await store.perks(of: "anna").map(\.perk) == ["deposit-free", "energy-discount"])
        #expect(try store.count() == 2)
        try store.accept(revoke, revoke)
        #expect(try await store.perks(of: "anna").map(\.perk) == ["deposit-free"])
        #expect(try await store.perks(of: "ben").isEmpty)
        #expect(try store.count() == 1)
    }

    @Test func onlyASanctionInForceDenies() async throws {
        let store = try BlacklistStore(path: folder.path("blacklist.sqlite"))
        func isAllowed(_ measure: String = "rail-high-speed", _ subject: String = "anna") async throws -> Bool {
            try await store.answer(for: subject, measure, at: nil) == .sanctions([])
        }
        try store.accept(FactText.sanction("noticed"))
        #expect(try await isAllowed())
        try store.accept(FactText.sanction("in-force"))
        #expect(try await !isAllowed())
        #expect(try await !isAllowed("air-travel"))
        #expect(try await isAllowed("rail-high-speed", "ben"))
        #expect(try store.count() == 1)
        try store.accept(FactText.sanction("stayed"))
        #expect(try await isAllowed())
        #expect(try store.count() == 0)
        try store.accept(FactText.sanction("in-force"))
        #expect(try await !isAllowed())
        try store.accept(FactText.sanction("lifted"), FactText.sanction("lifted"))
        #expect(try await isAllowed())
    }

    /// Not with `--clock events`, where the wall clock says nothing about a sanction's term.
    @Test func aTermThatIsOverByTheWallClockDeniesNoMore() async throws {
        let store = try BlacklistStore(path: folder.path("blacklist.sqlite"))
        try store.accept(FactText.sanction("in-force", until: "2026-03-01T00:00:00Z"))
        func expected(_ state: BlacklistStore.Sanction.State) -> BlacklistStore.Answer {
            .sanctions([
                BlacklistStore.Sanction(
                    sanction: "rail-ban", state: state, measures: ["rail-high-speed", "air-travel"],
                    since: FactText.time, until: "2026-03-01T00:00:00Z",
                    reasons: [FactMessage.Reason(rule: "fare", dimension: "transport", points: 2)])
            ])
        }
        let end = try #require(Timestamp("2026-03-01T00:00:00Z"))
        for (now, state) in [
            (end.adding(microseconds: -1), .inForce), (end, .termOver), (nil, .inForce),
        ] as [(Timestamp?, BlacklistStore.Sanction.State)] {
            #expect(try await store.answer(for: "anna", "air-travel", at: now) == expected(state))
        }
        // Only a fact takes it away.
        #expect(try store.count() == 1)
    }

    @Test func aMeasureIsKnownOnceAFactHasNamedItOrItIsDeclared() async throws {
        let path = folder.path("blacklist.sqlite")
        let empty = try BlacklistStore(path: path)
        #expect(try await empty.answer(for: "anna", "air-travel", at: nil) == .unknownMeasure(known: []))
        try empty.accept(FactText.sanction("noticed"), FactText.sanction("lifted"))
        // Also after the sanction is gone, and after a restart.
        let store = try BlacklistStore(path: path, declared: ["deferred-payment"])
        for known in ["air-travel", "rail-high-speed", "deferred-payment"] {
            #expect(try await store.answer(for: "anna", known, at: nil) == .sanctions([]), "\(known)")
        }
        #expect(
            try await store.answer(for: "anna", "AIR-TRAVEL", at: nil)
                == .unknownMeasure(known: ["air-travel", "deferred-payment", "rail-high-speed"]))
    }

    @Test func aFactWithoutWhatItsEffectNeedsIsMalformed() throws {
        let perks = try PerksStore(path: folder.path("perks.sqlite"))
        let blacklist = try BlacklistStore(path: folder.path("blacklist.sqlite"))
        let noPerk = try message(FactText.event("standing.perk.granted", of: "anna", sequence: 1, #""x":1"#))
        #expect(throws: MalformedFact("data.perk is missing")) { _ = try perks.effect(of: noPerk) }
        let noMeasures = try message(
            FactText.event("standing.sanction.in-force", of: "anna", sequence: 1, #""sanction":"s""#))
        #expect(throws: MalformedFact("data.measures is missing")) { _ = try blacklist.effect(of: noMeasures) }
    }

    @Test func aFactOfAnotherTypeHasNoEffect() throws {
        let perks = try PerksStore(path: folder.path("perks.sqlite"))
        let blacklist = try BlacklistStore(path: folder.path("blacklist.sqlite"))
        let perk = try message(FactText.perk("granted", "p", of: "anna", sequence: 1))
        let sanction = try message(FactText.sanction("in-force"))
        let unknown = try message(FactText.sanction("weighed"))
        #expect(try perks.effect(of: sanction) == nil)
        #expect(try blacklist.effect(of: perk) == nil)
        #expect(try blacklist.effect(of: unknown) == nil)
    }
}
