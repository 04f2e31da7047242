import Events
import Foundation
import Testing

extension CommandTests {
    /// `/metrics` of all three servers, as Prometheus asks for it.
    struct ScrapeTests {
        private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
            .first { FileManager.default.isExecutableFile(atPath: $0) }

        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        @Test func everyServerIsScrapedInBothFormats() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let soon = ["--kafka", "statistics.interval.ms=200"] + Server.longSession
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Trial.policy, to: "policy.yaml"),
                ["--data", folder.path("data")] + soon)
            let services = try ["perks", "blacklist"].map { name in
                try Running(
                    [
                        name, "--brokers", broker.address, "--http-port", "0", "--database",
                        folder.path("\(name).sqlite"), "--kafka", "fetch.wait.max.ms=10",
                    ] + soon)
            }
            try cluster.feed([.enrolment(0, "inhabitant-1"), Trial.Event(1, "bill.paid", "inhabitant-1")])
            try await server.waitUntil([
                "inhabitant-1": Standing(
                    subject: "inhabitant-1", kind: "individual", score: 615, band: "B", dimensions: ["payment": 15],
                    sanctions: [], perks: [])
            ])
            var addresses = [server.address]
            for service in services { addresses.append(try await service.message(after: "listening on ")) }
            for address in addresses {
                let text = try await scrape(address)
                try check(text, of: address)
                try await promtoolAccepts(text)
                let asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
                let open = try #require(await answer(address + "/metrics", accept: asked))
                #expect(open.header("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
                #expect(open.body.hasSuffix("\n# EOF\n") && open.body.contains("# TYPE standing_build info\n"))
                #expect(open.body.firstMatch(of: /TYPE \S+_total\b/) == nil)
            }
            let metrics = try await scrape(server.address)
            for metric in [
                Metric.foldEventsByRule, .policyInfo, .foldNextOffset, .intakeRecordsByTopic, .factBytesPublished,
                .eventToFactSeconds, .intakeBytesInFlight, .dataFreeBytes, .foldBusySeconds, .pollAge, .lookUps,
            ] {
                #expect(metrics.contains("# TYPE \(metric.rawValue) "), "\(metric.rawValue)")
            }
            // What an alert watches for its first increase is there before it.
            for topic in ["behaviour.transport", "standing.control"] {
                let series = "\n\(Metric.deadLettersByTopic.rawValue){topic=\"\(topic)\"} 0\n"
                #expect(metrics.contains(series), "\(topic)")
            }
            for (metric, reason) in [
                (Metric.deadLetters, "event/not-json"), (.deadLetters, "time/in-the-future"),
                (.accessRefused, "wrong-name-or-password"), (.accessRefused, "bad-signature"),
            ] {
                let series = "\n\(metric.rawValue){reason=\"\(reason)\"} 0\n"
                #expect(metrics.contains(series), "\(reason)")
            }
            for client in ["intake", "intake-producer", "fold", "fact-producer", "members"] {
                #expect(metrics.contains("client=\"\(client)\""), "\(client)")
            }
        }

        /// Once the clients have reported their statistics.
        private func scrape(_ address: String) async throws -> String {
            try await wait(for: "statistics in \(address)/metrics") {
                guard let answer = await answer(address + "/metrics"), answer.status == 200 else { return nil }
                #expect(answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
                return answer.body.contains(Metric.kafkaRoundTrip.rawValue + "_count{") ? answer.body : nil
            }
        }

        /// Every series is of the table, has its labels, and names no subject. What is counted, and a sum of times, is never below
        /// 0: OpenMetrics has readers that refuse the whole scrape for one that is.
        private func check(_ text: String, of address: String) throws {
            #expect(!text.contains("inhabitant"))
            for metric in Metric.allCases where metric.rawValue.hasPrefix("process_") {
                #expect(text.contains("\n\(metric.rawValue) "), "\(metric.rawValue)")
            }
            #expect(text.contains("\n\(Metric.buildInfo.rawValue){commit="))
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let match = try #require(line.wholeMatch(of: /([a-z_]+)(?:\{(.*)\})? (\S+)/), "\(line)")
                let name = String(match.1)
                let metric = try #require(
                    Metric(rawValue: name) ?? Metric(rawValue: name.replacing(/_(bucket|sum|count)$/, with: "")),
                    "\(line)")
                let labels = (match.2 ?? "").matches(of: /([a-z_]+)="(?:[^"\\]|\\.)*"/).map { String($0.1) }
                #expect(labels.filter { !["le", "quantile"].contains($0) } == metric.labels, "\(line)")
                #expect(metric.kind == .gauge || !match.3.hasPrefix("-"), "\(line)")
            }
        }

        private func promtoolAccepts(_ text: String) async throws {
            guard let promtool = Self.promtool else { return }
            let file = try folder.write(text, to: "scrape")
            let check = try await Running(
                ["-c", "exec \(promtool) check metrics < '\(file)'"], executable: URL(filePath: "/bin/sh")
            ).finished()
            #expect(check.code == 0 && check.output.isEmpty && check.messages.isEmpty, "\(check.messages)")
        }
    }
}
