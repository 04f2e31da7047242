import Events
import Foundation
import HTTP
import Hummingbird

/// The answers of a service from its database, and the answers while it does not know its topic to the end. Keys are
/// single lower-case words.
struct DownstreamAnswers: Sendable {
    private struct Check: Encodable {
        let subject: String
        let measure: String
        let current: Bool
        let allowed: Bool
        let sanctions: [BlacklistStore.Sanction]
    }

    private struct Perks: Encodable {
        let subject: String
        let current: Bool
        let perks: [PerksStore.Perk]
    }

    private struct NotCurrent: Encodable {
        let current = false
        let error: String
        let reasons: [String]
    }

    private struct UnknownMeasure: Encodable {
        let current: Bool
        let error: String
    }

    private struct Readiness: Encodable {
        let ready: Bool
        var error: String?
        var reasons: [String]?
    }

    /// The maximum number of known measures in an answer that a measure is unknown.
    private static let maximumNamed = 20

    let follower: FactFollower
    let options: DownstreamService.Options

    /// `{"ready"[,"error","reasons"]}`, 503 unless the topic is known to its end and the database can be read.
    func readiness() async throws -> Response {
        _ = try? await follower.reading { try await follower.store.probe() }
        let reasons = follower.reasonsNotCurrent
        guard !reasons.isEmpty else { return try DownstreamServer.json(Readiness(ready: true)) }
        return try DownstreamServer.json(
            Readiness(ready: false, error: "not current", reasons: reasons), status: .serviceUnavailable)
    }

    /// `{"subject","current","perks":[{"perk","since"}]}`
    func perks(of subject: String, in store: PerksStore) async throws -> Response {
        try await answer { isCurrent in
            let perks = try await store.perks(of: subject)
            return { try DownstreamServer.json(Perks(subject: subject, current: isCurrent, perks: perks)) }
        }
    }

    /// `{"subject","measure","current","allowed","sanctions":[…]}`; 404 for an unknown measure.
    func check(_ measure: String, of subject: String, in store: BlacklistStore) async throws -> Response {
        try await answer { isCurrent in
            let found = try await store.answer(for: subject, measure, at: options.now?())
            return {
                switch found {
                case .sanctions(let sanctions):
                    try DownstreamServer.json(
                        Check(
                            subject: subject, measure: measure, current: isCurrent,
                            allowed: !sanctions.contains { $0.state == .inForce }, sanctions: sanctions))
                case .unknownMeasure(let known):
                    try DownstreamServer.json(
                        UnknownMeasure(current: isCurrent, error: Self.unknown(measure, known)), status: .notFound)
                }
            }
        }
    }

    /// Reads the database if the service is current or fails open, and passes on which. Answers 503 otherwise, and if
    /// the database cannot be read.
    private func answer(
        _ read: (_ isCurrent: Bool) async throws -> @Sendable () throws -> Response
    ) async throws -> Response {
        // Asked before the database is read: the database may know more by then, and never less.
        let reasons = follower.reasonsNotCurrent
        guard reasons.isEmpty || options.failsOpen else { return try notCurrent(reasons) }
        let response: @Sendable () throws -> Response
        do {
            response = try await follower.reading { try await read(reasons.isEmpty) }
        } catch {
            if Task.isCancelled { throw error }
            return try notCurrent(follower.reasonsNotCurrent)
        }
        return try response()
    }

    private func notCurrent(_ reasons: [String]) throws -> Response {
        try DownstreamServer.json(
            NotCurrent(error: "not current: the facts are not known to their end", reasons: reasons),
            status: .serviceUnavailable)
    }

    private static func unknown(_ measure: String, _ known: [String]) -> String {
        let name = "no fact has named a measure \"\(measure.prefix(64))\", and --measures does not"
        guard !known.isEmpty else { return "\(name); none is known yet: declare the policy's with --measures" }
        let more = known.count > maximumNamed ? " and \(known.count - maximumNamed) more" : ""
        return "\(name); those known are \(known.prefix(maximumNamed).joined(separator: ", "))\(more)"
    }

    var metrics: Exposition {
        let counts = follower.counts
        let progress = follower.progress
        var exposition = Exposition()
        options.program(&exposition)
        for (result, records) in [
            ("accepted", counts.accepted), ("repeat", counts.repeats), ("gap", counts.gaps),
            ("malformed", counts.malformed),
        ] {
            exposition.add(.downstreamFacts, Int64(records), labels: [("result", result)])
        }
        exposition.add(.downstreamCurrent, follower.isCurrent ? 1 : 0)
        exposition.add(.downstreamPartitions, Int64(progress.partitions))
        if let unread = progress.unread { exposition.add(.downstreamUnread, unread) }
        exposition.add(.downstreamBehindSeconds, seconds: progress.behind)
        return exposition
    }
}
