import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension CommandTests {
    /// The console of `standing serve` and of `standing quickstart`, as a browser gets it.
    struct ConsoleCommandTests {
        private static let policy =
            Trial.policy + """
                sanctions:
                  - id: no-credit
                    dimension: payment
                    measures: [credit]
                    when: points <= -80
                    notice: 14 days
                    lasts: 6 months

                """

        /// Somebody with a sanction and an open appeal, and a record that is no event.
        private static let events: [Trial.Event] = [
            .enrolment(0, "anna"), .enrolment(1, "bela"), Trial.Event(2, "bill.paid", "bela"),
            Trial.Event(3, "bill.late", "anna"), Trial.Event(4, "bill.late", "anna"),
            Trial.Event(
                5, "standing.appeal.filed", "anna", data: #"{"sanction":"no-credit","statement":"The bank was shut."}"#),
            Trial.Event(subject: "anna", text: "no event"),
        ]

        /// The pages, each with something that only real data has.
        private static let pages: [(path: String, shows: String)] = [
            ("/console", "2 subjects"), ("/console/subjects", "anna"), ("/console/subjects?prefix=be", "bela"),
            ("/console/subject?id=anna&purpose=a+test", "no-credit"), ("/console/appeals", "The bank was shut."),
            ("/console/appeal?id=anna&sanction=no-credit&purpose=a+test", "would fall"),
            ("/console/policies", "trial"), ("/console/sources", "standing.control"),
            ("/console/dead-letters", "event/not-an-object"), ("/console/lag", "standing-fold"),
            ("/console/ledger", "Chain and checkpoints"),
            ("/console/ledger?subject=anna&purpose=a+test", "bill.late"), ("/console/audit", "a test"),
        ]

        @Test func everyPageShowsWhatTheLedgerHasAndLinksToItsJSON() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let policy = try folder.write(Self.policy, to: "policy.yaml")
            let server = try await Server(
                broker: broker.address, policy: policy, ["--data", folder.path("data"), "--ledger", "trial"])
            try TrialCluster(broker.address).feed(Self.events)
            try await server.waitUntilReady()
            for (path, shows) in Self.pages {
                let page = try await wait(for: "\(shows) on \(path)") {
                    let answer = await server.get(path)
                    return answer?.body.contains(shows) == true ? answer : nil
                }
                #expect(page.status == 200, "\(path)")
                #expect(page.header("content-security-policy")?.hasPrefix("default-src 'none'") == true, "\(path)")
                let link = try #require(Self.linkToJSON(page.body), "\(path)")
                let json = try await wait(for: "\(path): \(link)") {
                    let answer = await server.get(link)
                    return answer?.status == 200 ? answer : nil
                }
                #expect((try? JSONSerialization.jsonObject(with: Data(json.body.utf8))) != nil, "\(link)")
            }
        }

        @Test func aLookAtAFileIsAskedForAPurposeAndStandsInTheAudit() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let policy = try folder.write(Self.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy, ["--data", folder.path("data")])
            try TrialCluster(broker.address).feed(Self.events)
            try await server.waitUntilReady()
            let asking = try #require(await server.get("/console/subject?id=anna"))
            #expect(asking.body.contains("Why do you look?"))
            #expect(!asking.body.contains("no-credit"))
            _ = try await wait(for: "the file") {
                let answer = await server.get("/console/subject?id=anna&purpose=the+yearly+review")
                return answer?.body.contains("no-credit") == true ? answer : nil
            }
            let audit = try await wait(for: "the look in the audit") {
                let answer = await server.get("/audit?subject=anna")
                return answer?.body.contains("the yearly review") == true ? answer : nil
            }
            // One look is one record, however many routes the page asks.
            #expect(!audit.body.contains("readHistory"))
            let file = try await wait(for: "the look in the file") {
                let answer = await server.get("/subjects/anna/file?purpose=a+test")
                return answer?.body.contains(#""purpose":"the yearly review""#) == true ? answer : nil
            }
            #expect(file.body.contains(#""looks":{"looks":[{"time":"#) && file.body.contains(#""action":"readFile""#))
            // What is known is not only of the ledger's state, so it has another tag than the standing.
            let standing = try #require(await server.get("/subjects/anna"))
            #expect(file.header("etag") != nil && file.header("etag") != standing.header("etag"))
        }

        @Test func whatIsNotThereHasAPageThatSaysSo() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let policy = try folder.write(Self.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy)
            try TrialCluster(broker.address).feed(Self.events)
            try await server.waitUntilReady()
            let nobody = try #require(await server.get("/console/appeal?id=nobody&sanction=x&purpose=a+test"))
            #expect(nobody.status == 501)
            #expect(nobody.body.contains("This member has no archive"))
            // A standing needs none.
            let anna = try await wait(for: "the standing") {
                let answer = await server.get("/console/subject?id=anna&purpose=a+test")
                return answer?.status == 200 ? answer : nil
            }
            #expect(anna.body.contains("no-credit"))
            let stranger = try #require(await server.get("/console/subject?id=nobody&purpose=a+test"))
            #expect(stranger.status == 404)
            #expect(stranger.body.contains("Nobody is enrolled with this id"))
            let missing = try #require(await server.get("/console/nothing"))
            #expect(missing.status == 404)
            #expect(missing.header("content-type")?.hasPrefix("text/html") == true)
        }

        /// In links and forms alone, as a browser without scripts does it.
        @Test func aSourceIsWithdrawnAndCountedAgain() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let server = try await Server(broker: broker.address, policy: policy, ["--data", folder.path("data")])
            let cluster = try TrialCluster(broker.address)
            try cluster.feed([.enrolment(0, "anna")])
            try cluster.feed([Trial.Event(1, "bill.paid", "anna")], to: "behaviour.payments")
            func waitForScore(_ score: Int) async throws {
                try await wait(for: "\(score) points") {
                    try await server.standing(of: "anna")?.score == score ? true : nil
                }
            }
            func find(_ words: String, at path: String) async throws -> String {
                try await wait(for: "\(words) at \(path)") {
                    guard let page = await server.get(path), page.body.contains(words) else { return nil }
                    return page.body
                }
            }
            try await server.waitUntilReady()
            try await waitForScore(615)
            let withdraw = "/console/acts/withdraw-source"
            _ = try await find("\(withdraw)?topic=behaviour.payments", at: "/console/sources")
            _ = try await find("what-if=yes", at: "\(withdraw)?topic=behaviour.payments")
            let form = try await find(
                "1 subject, 15 points at most", at: "\(withdraw)?topic=behaviour.payments&what-if=yes")
            let sent = try await Self.send(form, to: withdraw, because: "the contract ended", server)
            #expect(sent.status == 200 && sent.body.contains("The withdrawal "), "\(sent.body)")
            try await waitForScore(600)
            let restore = "/console/acts/restore-source"
            let sources = try await find("withdrawn, is read on", at: "/console/sources")
            #expect(!sources.contains("\(withdraw)?topic=behaviour.payments"))
            #expect(sources.contains("\(restore)?topic=behaviour.payments"))
            let series = "\nstanding_source_withdrawn{topic=\"behaviour.payments\"} 1\n"
            try await wait(for: series) { await server.get("/metrics")?.body.contains(series) == true ? true : nil }
            let back = try await find("Count it again", at: "\(restore)?topic=behaviour.payments")
            #expect(try await Self.send(back, to: restore, because: "a new contract", server).status == 200)
            try await waitForScore(615)
            _ = try await find("\(withdraw)?topic=behaviour.payments", at: "/console/sources")
            _ = try await find("counted a source again", at: "/console/audit")
        }

        /// Sends the form of a page with a reason; the page that follows.
        private static func send(
            _ page: String, to path: String, because reason: String, _ server: Server
        ) async throws -> Answer {
            let start = try #require(page.range(of: "action=\"\(path)\"")).upperBound
            let end = try #require(page.range(of: "</form>", range: start..<page.endIndex)).lowerBound
            var fields = page[start..<end].matches(of: /type="hidden" name="([^"]+)" value="([^"]*)"/)
                .map { (name: String($0.1), value: String($0.2)) }
            fields.append(("reason", reason))
            let body = fields.map { field in
                [field.name, field.value].map {
                    $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                }.joined(separator: "=")
            }
            var request = URLRequest(
                url: try #require(URL(string: server.address + path)), timeoutInterval: Limit.request)
            request.httpMethod = "POST"
            request.httpBody = Data(body.joined(separator: "&").utf8)
            request.setValue("application/x-www-form-urlencoded", forHTTPHeaderField: "Content-Type")
            let (data, response) = try await URLSession.shared.data(for: request)
            return Answer(try #require(response as? HTTPURLResponse), data)
        }

        @Test func quickstartPrintsItsConsoleFirst() async throws {
            let process = try Running(["quickstart", "--for", "300s", "--inhabitants", "50"])
            let address = try await process.message(after: "console at ")
            let first = process.messagesSoFar.split(separator: "\n").first.map(String.init)
            #expect(first?.contains("console at http://127.0.0.1:") == true)
            let page = try await wait(for: "the town's people on the console") {
                let answer = await answer(address)
                return answer?.body.firstMatch(of: /[1-9][0-9]* subjects/) != nil ? answer : nil
            }
            #expect(page.status == 200)
            _ = try await process.stop()
        }

        /// The page's link to what it shows.
        private static func linkToJSON(_ page: String) -> String? {
            guard let end = page.range(of: "\">This page as JSON</a>"),
                let start = page.range(of: "<a href=\"", options: .backwards, range: page.startIndex..<end.lowerBound)
            else { return nil }
            return String(page[start.upperBound..<end.lowerBound]).replacing("&amp;", with: "&")
        }
    }
}
