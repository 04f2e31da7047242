import Foundation
import Testing

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
                let json = try #require(await server.get(link), "\(path): \(link)")
                #expect(json.status == 200, "\(path): \(link): \(json.body.prefix(300))")
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

        @Test func quickstartPrintsItsConsoleFirst() async throws {
            let process = try Running(["quickstart", "--for", "60s", "--inhabitants", "50"])
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
