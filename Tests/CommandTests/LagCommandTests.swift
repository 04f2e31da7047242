import Foundation
import Testing

extension CommandTests {
    struct LagCommandTests {
        private struct Report: Decodable {
            struct Group: Decodable {
                let group: String
                let status: String
                let records: Int?
                let unit: String
                let events: Int?
                let seconds: Double?
            }
            struct Bounds: Decodable {
                let atLeast: Int
                let atMost: Int?
                let exact: Bool
            }
            struct People: Decodable {
                let openSanctions: Bounds?
                let overdueSanctions: Bounds?
                let subjects: Bounds
            }
            let groups: [Group]
            let people: People?
        }

        private func lag(_ broker: Broker, _ arguments: String...) async throws -> Finished {
            try await Running(["lag", "--brokers", broker.address, "--interval", "200ms"] + arguments)
                .finished(limit: Limit.run)
        }

        @Test func aFoldThatStandsStillIsBehind() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let events = Trial.events(1000, subjects: 50, seed: 1)

            let both = try await Server(broker: broker.address, policy: policy, ["--roles", "intake,fold"])
            try cluster.feed(Array(events.prefix(500)))
            try await both.waitUntilReady()
            try await wait(for: "both groups' commits") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control)
                    && cluster.hasCommitted("standing-fold", TrialCluster.ledger) ? true : nil
            }
            let current = try await lag(broker, "--output", "json", "--max-seconds", "0")
            #expect(current.code == 0)
            #expect(current.messages.contains("note: the broker does not list groups"))
            let names = try report(current).groups.map(\.group)
            #expect(names == ["standing-blacklist", "standing-fold", "standing-intake", "standing-perks"])
            #expect(try group("standing-fold", current).records == 0)
            #expect(try group("standing-fold", current).events == 0)
            #expect(try await both.process.stop().code == 0)

            let intake = try await Server(broker: broker.address, policy: policy, ["--roles", "intake"])
            try cluster.feed(Array(events.suffix(500)))
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            let behind = try await lag(broker, "--output", "json")
            #expect(behind.code == 0)
            let fold = try group("standing-fold", behind)
            #expect(try #require(fold.records) > 0)
            #expect(fold.seconds != nil)
            // The ledger's records are frames; what was fed since the fold ended is in them.
            #expect(fold.unit == "frames")
            #expect(try #require(fold.events) >= 500)
            #expect(try group("standing-intake", behind).records == 0)
            #expect(try group("standing-intake", behind).unit == "records")
            #expect(try group("standing-intake", behind).events == nil)

            let limited = try await lag(broker, "--max-seconds", "0")
            #expect(limited.code == 4)
            #expect(limited.lines.first?.hasPrefix("GROUP") == true)
            #expect(limited.output.contains("standing.ledger"))
            #expect(limited.messages.contains("group standing-fold: standing.ledger["))
            #expect(limited.messages.contains(" behind, the limit is 0 s"))
            let other = try await lag(broker, "--group", "standing-intake", "--max-seconds", "0")
            #expect(other.code == 0)
            #expect(!other.output.contains("standing-fold"))
            #expect(try await intake.process.stop().code == 0)
        }

        /// Nothing shows that a group of which nothing is known is within the limit.
        @Test func aGroupThatIsNotThereIsNotWithinTheLimit() async throws {
            let broker = try await Broker()
            let limited = try await lag(broker, "--group", "nosuch", "--max-seconds", "1")
            #expect(limited.code == 4)
            #expect(limited.messages.contains("group nosuch: "))
            #expect(limited.messages.contains("nothing shows that it is within 1 s"))
            let shown = try await lag(broker, "--group", "nosuch")
            #expect(shown.code == 0)
            let others = try await lag(broker, "--max-seconds", "1")
            #expect(others.code == 0, "nobody asked for it by name")
        }

        /// What a member would have said is missing, and the rest is there.
        @Test func aMemberThatDoesNotAnswerIsANote() async throws {
            let broker = try await Broker()
            let run = try await lag(
                broker, "--output", "json", "--committed", "pay-*", "--ask", "127.0.0.1:1")
            #expect(run.code == 0)
            #expect(run.messages.contains("note: member 127.0.0.1:1: it does not answer"))
            #expect(try report(run).groups.contains { $0.group == "standing-fold" })
        }

        private func answered(_ path: String, at address: String, status: Int = 200, with text: String? = nil)
            async throws -> Answer
        {
            var last: Answer?
            return try await wait(for: "\(path): \(String(describing: last))") {
                last = await answer(address + path)
                guard let last, last.status == status, text.map(last.body.contains) != false else { return nil }
                return last
            }
        }

        /// An exporter's metrics, Burrow's answers, JSON and pages, of a cluster that lists no groups.
        @Test func servesWhatIsKnownToScrapersClientsAndBrowsers() async throws {
            let broker = try await Broker()
            let exporter = try Running(
                [
                    "lag", "--brokers", broker.address, "--serve", "--http-port", "0", "--interval", "200ms",
                    "--cluster-name", "town",
                ])
            let address = try await exporter.message(after: "listening on ")
            let ready = try await answered("/readyz", at: address)
            #expect(ready.body == #"{"ready":true}"#)
            #expect(await answer(address + "/livez")?.status == 200)

            let metrics = try #require(await answer(address + "/metrics"))
            #expect(metrics.header("content-type")?.hasPrefix("text/plain; version=0.0.4") == true)
            #expect(metrics.body.contains("\nstanding_lag_report_current 1\n"))
            #expect(metrics.body.contains("# TYPE kafka_consumergroup_group_lag gauge\n"))
            // Nothing is committed where the ledger is empty: it is read to its end.
            #expect(
                metrics.body.contains(
                    #"kafka_consumergroup_group_sum_lag{cluster_name="town",group="standing-fold"} 0"#))

            let clusters = try #require(await answer(address + "/v3/kafka"))
            #expect(clusters.body.hasPrefix(#"{"error":false,"message":"cluster list returned","clusters":["town"],"#))
            let status = try #require(await answer(address + "/v3/kafka/town/consumer/standing-fold/status"))
            #expect(status.status == 200 && status.body.contains(#""group":"standing-fold","status":"OK""#))
            #expect(await answer(address + "/v3/kafka/city/consumer")?.status == 404)
            #expect(await answer(address + "/burrow/admin")?.body == "GOOD")

            let report = try JSONDecoder().decode(
                Report.self, from: Data(try #require(await answer(address + "/lag")).body.utf8))
            #expect(report.groups.map(\.group).contains("standing-intake"))
            #expect(report.people != nil && report.people?.openSanctions == nil, "no member was asked")

            for path in ["/", "/groups/standing-fold"] {
                let page = try #require(await answer(address + path))
                #expect(page.status == 200 && page.body.contains("standing-fold"))
                #expect(page.header("content-security-policy")?.hasPrefix("default-src 'none'") == true)
            }
            #expect(await answer(address + "/groups/none")?.status == 404)
            #expect(await answer(address + "/style.css")?.header("content-type")?.hasPrefix("text/css") == true)

            try await broker.process.killed()
            let gone = try await answered("/readyz", at: address, status: 503)
            #expect(gone.body.contains("not current"))
            let silent = try #require(await answer(address + "/metrics"))
            #expect(silent.body.contains("\nstanding_lag_report_current 0\n") && !silent.body.contains("standing-fold"))
            #expect(await answer(address + "/")?.body.contains("The lag is not known now") == true)
            #expect(await answer(address + "/lag")?.status == 503)
            #expect(try await exporter.stop().code == 0)
        }

        /// A member reports the lag of its own groups and its reasons; the command adds that up.
        @Test func aMemberTellsItsGroupsLagAndItsSanctions() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let member = try await Server(broker: broker.address, policy: policy)
            try cluster.feed(Trial.events(500, subjects: 50, seed: 1))
            try await member.waitUntilReady()

            // Every ledger partition has folded its first frame by then.
            let report = try await wait(for: "a report of all ledger partitions") {
                let answer = try await answered("/lag", at: member.address)
                let report = try JSONDecoder().decode(Report.self, from: Data(answer.body.utf8))
                return report.people?.openSanctions?.exact == true ? report : nil
            }
            #expect(report.groups.map(\.group) == ["standing-fold", "standing-intake"])
            #expect(report.people?.overdueSanctions == nil, "the ledger's clock is the events'")
            let metrics = try await answered(
                "/metrics", at: member.address, with: "\nstanding_lag_report_current 1\n")
            #expect(metrics.body.contains("\nstanding_sanctions_partitions "))
            #expect(metrics.body.contains(#"standing_lag_status{group="standing-fold","#))
            #expect(!metrics.body.contains("standing_sanctions_overdue"))
            #expect(await member.get("/lag/groups/standing-fold")?.body.contains("standing.ledger[0]") == true)
            #expect(await member.get("/lag/style.css")?.status == 200)

            let address = member.address.replacing("http://", with: "")
            let asked = try await lag(broker, "--output", "json", "--ask", address)
            #expect(asked.code == 0)
            let people = try #require(try self.report(asked).people)
            #expect(people.openSanctions?.exact == true)
            let table = try await lag(broker, "--ask", address)
            #expect(table.output.contains("\nsanctions past their end, not lifted "))
            #expect(table.output.contains("the ledger's clock is not the wall's"))
            #expect(try await member.process.stop().code == 0)
        }

        @Test func watchGoesOnWhileTheClusterDoesNotAnswer() async throws {
            let port = try freePort()
            let broker = try await Broker(port: port)
            let watch = try Running(
                ["lag", "--brokers", broker.address, "--interval", "200ms", "--watch", "--output", "json"])
            func count() -> Int { watch.outputSoFar.split(separator: "\n").count }
            try await wait(for: "an evaluation: \(watch.messagesSoFar)") { count() > 0 ? true : nil }
            try await broker.process.killed()
            _ = try await watch.message(after: "error: ")
            #expect(watch.isRunning)
            let before = count()
            let next = try await Broker(port: port)
            try await wait(for: "one after the failure: \(watch.messagesSoFar.suffix(2000))") {
                count() > before ? true : nil
            }
            _ = try await watch.stop()
            _ = next
        }

        /// On a terminal of 80 cells, as `script` makes one.
        @Test func watchPaintsAScreenOnATerminal() async throws {
            let broker = try await Broker()
            let arguments = "lag --brokers \(broker.address) --interval 200ms --watch"
            let command = "exec timeout 120 \(try Package.binary().path) \(arguments)"
            let watch = try Running(
                ["-qfec", command, "/dev/null"], environment: ["TERM": "xterm", "NO_COLOR": "1"],
                executable: URL(filePath: "/usr/bin/script"))
            let screen = try await wait(for: "a screen: \(watch.outputSoFar.suffix(2000))") {
                let output = watch.outputSoFar
                return output.contains("standing-fold") ? output : nil
            }
            #expect(screen.contains("Ctrl-C ends") && screen.contains("HISTORY"))
            #expect(!screen.contains("\u{1B}[31m") && !screen.contains("\u{1B}[1m"), "NO_COLOR is set")
            #expect(!screen.contains("GROUP  TOPIC"), "a screen, no table")
            _ = try await watch.stop()
        }

        @Test func worksInAnyFolder() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let run = try await Running(
                [
                    "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", folder.url.path, try Package.binary().path, "lag",
                    "--brokers", broker.address, "--interval", "200ms",
                ], executable: URL(filePath: "/bin/sh")
            ).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages)")
            #expect(run.lines.first?.hasPrefix("GROUP") == true)
            #expect(run.output.contains("standing-fold"))
            #expect(!run.messages.contains("topics"))
        }

        @Test func aTopicsFolderThatSomebodyNamedIsRead() async throws {
            let absent = try await standing("lag", "--brokers", "127.0.0.1:1", "--topics", "/no/such/folder")
            #expect(absent.code == 1)
            #expect(absent.messages.contains("/no/such/folder"))
        }

        @Test func wrongUseIsExitCode2AndAnAbsentBrokerIs1() async throws {
            for arguments in [
                ["lag"], ["lag", "--brokers", "embedded"], ["lag", "--brokers", "a:1", "--interval", "soon"],
                ["lag", "--brokers", "a:1", "--output", "xml"], ["lag", "--brokers", "a:1", "--max-seconds", "nan"],
                ["lag", "--brokers", "a:1", "--max-seconds", "1", "--watch"],
                ["lag", "--brokers", "a:1", "--max-seconds", "1", "--serve"],
                ["lag", "--brokers", "a:1", "--watch", "--serve"], ["lag", "--brokers", "a:1", "--http-port", "1"],
                ["lag", "--brokers", "a:1", "--serve", "--http-port", "x"],
                ["lag", "--brokers", "a:1", "--serve", "--output", "json"],
                ["lag", "--brokers", "a:1", "--serve", "--cluster-name", "a/b"],
            ] {
                #expect(try await Running(arguments).finished().code == 2, "\(arguments)")
            }
            let absent = try await standing("lag", "--brokers", "127.0.0.1:1")
            #expect(absent.code == 1)
            #expect(absent.messages.contains("error: 127.0.0.1:1"))
        }

        private func report(_ run: Finished) throws -> Report {
            try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        }

        private func group(_ name: String, _ run: Finished) throws -> Report.Group {
            try #require(try report(run).groups.first { $0.group == name })
        }
    }
}
