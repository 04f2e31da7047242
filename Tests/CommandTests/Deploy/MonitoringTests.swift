import Foundation
import Testing

extension CommandTests {
    /// Rules and dashboards beside members that run, as Prometheus sees them.
    @Suite(.enabled(if: Tool.prometheus != nil, "prometheus is not installed"))
    struct MonitoringTests {
        private struct Lag: Decodable {
            struct Group: Decodable {
                struct Cause: Decodable {
                    let code: String
                    let sentence: String
                }
                let group: String
                let causes: [Cause]
            }
            let groups: [Group]
        }

        @Test func everyPanelHasDataNoAlertCriesWolfAndOneTroubleIsNamed() async throws {
            let town = try await WatchedTown()
            let prometheus = try await Prometheus(targets: town.targets)

            // Each expression, on the members of one moment or another: some take a while to have something to say.
            var waiting: [String: String] = [:]
            for file in DeployFolder.dashboards {
                for panel in try Dashboard(file).panels {
                    for expression in panel.expressions { waiting[expression] = "\(file): \(panel.title)" }
                }
            }
            #expect(waiting.count > 80)
            _ = try? await wait(for: "data", limit: Limit.settle, every: .milliseconds(500)) {
                try town.live()
                for expression in waiting.keys {
                    let found = try await prometheus.query(Dashboard.filled(expression))
                    if found.contains(where: { $0.number != nil }) { waiting[expression] = nil }
                }
                return waiting.isEmpty ? true : nil
            }
            for (expression, name) in waiting.sorted(by: { $0.value < $1.value }) {
                Issue.record("\(name) has no data: \(expression)")
            }
            // A scrape that came late makes an alert true for a moment; a real fault lasts longer than its alert's `for`.
            let early = try await prometheus.firedAlerts()
            #expect(early == [])
            var alerts: Set<String> = []
            _ = try? await wait(for: "no alert", limit: Limit.settle, every: .milliseconds(500)) {
                try town.live()
                alerts = try await prometheus.alerts()
                return alerts.isEmpty ? true : nil
            }
            #expect(alerts == [])

            // A trouble: somebody writes to the ledger.
            try town.cluster.write(Array("no frame".utf8), toLedger: 0)
            try await wait(for: "the alert", every: .milliseconds(500)) {
                try town.live()
                return try await prometheus.alerts().contains("StandingQuarantine") ? true : nil
            }
            let lag = try await Running(
                ["lag", "--brokers", town.broker.address, "--output", "json", "--group", "standing-fold", "--ask"]
                    + (town.targets["standing"] ?? [])
            ).finished(limit: Limit.run)
            let groups = try JSONDecoder().decode(Lag.self, from: Data(lag.output.utf8)).groups
            let cause = try #require(groups.first?.causes.first)
            #expect(cause.code == "poison")

            // What the cause says to do ends it.
            let command = try #require(cause.sentence.firstMatch(of: /standing ledger skip (\d+) (\d+)/))
            let skip = try await standing(
                "ledger", "skip", String(command.1), String(command.2), "--reason", "a test", "--brokers",
                town.broker.address)
            #expect(skip.code == 0, "\(skip.messages)")
            try await wait(for: "the end of the alert", every: .milliseconds(500)) {
                try await !prometheus.alerts().contains("StandingQuarantine") ? true : nil
            }
            for end in try await town.stop() { #expect(end.code == 0, "\(end.messages.suffix(2000))") }
            withExtendedLifetime(prometheus) {}
        }
    }
}
