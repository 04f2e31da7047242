import Events
import Foundation
import Testing

extension CommandTests {
    /// Rules, dashboards and runbook: every name in them is one that the program has.
    struct MonitoringFilesTests {
        private struct Rule {
            let alert: String?
            let record: String?
            let expression: String
            let labels: Document
            let annotations: Document
        }

        private static let rulesFile = "monitoring/rules.yaml"

        private func rules() throws -> [Rule] {
            try DeployFolder.document(Self.rulesFile)["groups"].items.flatMap { $0["rules"].items }.map {
                Rule(
                    alert: $0["alert"].text, record: $0["record"].text, expression: try #require($0["expr"].text),
                    labels: $0["labels"], annotations: $0["annotations"])
            }
        }

        /// With what a histogram or a summary adds to its name.
        private func metrics() throws -> Set<String> {
            var names: Set = ["up", "ALERTS"]
            for metric in Metric.allCases {
                names.insert(metric.rawValue)
                guard metric.kind == .histogram || metric.kind == .summary else { continue }
                names.formUnion(["_sum", "_count"].map { metric.rawValue + $0 })
                if metric.kind == .histogram { names.insert(metric.rawValue + "_bucket") }
            }
            // Those of kafka-lag-exporter, of `standing lag --serve`.
            let exporter = try String(
                contentsOf: Package.root.appending(path: "Sources/Lag/ExporterText.swift"), encoding: .utf8)
            for match in exporter.matches(of: /= "(kafka_[a-z_]+)"/) { names.insert(String(match.1)) }
            return names
        }

        /// What an expression reads: names before a selector, a range, an operator or the end.
        private func names(in expression: String) -> [String] {
            let bare = expression.replacing(/"[^"]*"/, with: "").replacing(
                /(?:by|on|ignoring|group_left)\s*\([^)]*\)/, with: "")
            return bare.replacing(/\{[^}]*\}/, with: "").matches(of: /[a-z][a-z0-9_:]*_[a-z0-9_:]*|\bup\b|\bALERTS\b/)
                .map { String($0.0) }.filter { !Self.functions.contains($0) }
        }

        private static let functions: Set = ["histogram_quantile", "quantile_over_time", "group_left"]

        @Test func everyRuleIsOverMetricsThatThereAre() throws {
            let rules = try rules()
            let known = try metrics().union(rules.compactMap(\.record))
            #expect(rules.count > 40)
            for rule in rules {
                let names = names(in: rule.expression)
                #expect(!names.isEmpty, "\(rule.expression)")
                for name in names { #expect(known.contains(name), "\(rule.alert ?? rule.record ?? ""): \(name)") }
            }
        }

        @Test func everyDashboardIsOverMetricsThatThereAre() throws {
            let known = try metrics()
            var identities: Set<String> = []
            for file in DeployFolder.dashboards {
                let dashboard = try Dashboard(file)
                #expect(identities.insert(dashboard.identity).inserted)
                #expect(dashboard.panels.count > 10)
                #expect(Set(dashboard.panels.map(\.id)).count == dashboard.panels.count, "\(file)")
                for panel in dashboard.panels where panel.kind != "row" {
                    #expect(
                        !panel.title.isEmpty && !panel.description.isEmpty && !panel.unit.isEmpty,
                        "\(file) \(panel.title)")
                    #expect(!panel.expressions.isEmpty, "\(file) \(panel.title)")
                    for expression in panel.expressions {
                        for name in names(in: Dashboard.filled(expression)) {
                            #expect(known.contains(name), "\(file) \(panel.title): \(name)")
                        }
                    }
                }
            }
        }

        /// Labels that a metric has not would match nothing, for ever.
        @Test func everyJobIsScraped() throws {
            let configuration = try DeployFolder.document("monitoring/prometheus.yaml")
            let jobs = Set(configuration["scrape_configs"].items.compactMap { $0["job_name"].text })
            #expect(jobs.isSuperset(of: ["standing", "standing-perks", "standing-blacklist"]))
            let texts =
                try rules().map(\.expression)
                + DeployFolder.dashboards.flatMap { try Dashboard($0).panels.flatMap(\.expressions) }
            var named = 0
            for text in texts {
                for match in text.matches(of: /job="([^"$]+)"/) {
                    #expect(jobs.contains(String(match.1)), "\(text)")
                    named += 1
                }
            }
            #expect(named > 0)
            // Every target is a service of compose.yaml, by the port that it listens on.
            let services = try DeployFolder.document("compose/compose.yaml")["services"]
            let targets = configuration["scrape_configs"].items.flatMap { $0["static_configs"].items }
                .flatMap { $0["targets"].texts }
            #expect(targets.count >= jobs.count)
            for target in targets {
                #expect(services.keys.contains(String(target.split(separator: ":")[0])), "\(target)")
            }
            #expect(!configuration["rule_files"].texts.isEmpty)
            for file in configuration["rule_files"].texts { #expect(DeployFolder.exists("monitoring/\(file)")) }
        }

        @Test func everyAlertHasATestASentenceAndAParagraph() throws {
            let alerts = try rules().filter { $0.alert != nil }
            let tests = try DeployFolder.document("monitoring/rules.test.yaml")["tests"].items
            let tested = Set(tests.flatMap { $0["alert_rule_test"].items }.compactMap { $0["alertname"].text })
            let runbook = try DeployFolder.text("RUNBOOK.md")
            let headings = runbook.matches(of: /(?m)^## (\w+)$/).map { String($0.1) }
            #expect(headings == alerts.compactMap(\.alert), "a paragraph each, in the order of the rules")
            for rule in alerts {
                let name = try #require(rule.alert)
                #expect(tested.contains(name), "\(name)")
                #expect(["info", "warning", "critical"].contains(rule.labels["severity"].text), "\(name)")
                #expect(rule.annotations["summary"].text?.isEmpty == false, "\(name)")
                #expect(rule.annotations["runbook_url"].text == "deploy/RUNBOOK.md#\(name.lowercased())")
            }
        }
    }
}
