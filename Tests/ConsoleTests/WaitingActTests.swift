import Access
import Testing

@testable import Console

/// Acts that cannot be done yet: their page has a form that sends them again.
struct WaitingActTests {
    private func send(
        _ kind: ActKind, _ form: [(name: String, value: String)], to town: DemoTown
    ) async throws -> ConsoleAnswer {
        let path = "/console/acts/\(kind.rawValue)"
        let route = try #require(
            ConsoleRoutes(ConsolePages(), data: town).all.first { $0.method == .post && $0.path == path })
        return await route.answer(
            ConsoleRequest(
                caller: Visits.everything, address: "127.0.0.1", target: path, form: FormFields(form),
                formToken: "the-token", key: "another-key"))
    }

    /// The hidden fields of the form that is sent again, as a browser sends them.
    private func hidden(in page: String) throws -> [(name: String, value: String)] {
        let form = try #require(page.firstMatch(of: /<form [^>]*data-again[^>]*>[\s\S]*?<\/form>/)).0
        return form.matches(of: /type="hidden" name="([^"]+)" value="([^"]*)"/).map {
            (name: String($0.1), value: String($0.2))
        }
    }

    private static let texts = [
        "subject", "source", "id", "sanction", "terms", "policy", "shadow", "version", "proposal", "topic", "letter",
        "letter", "why", "text", "reason",
    ]

    /// The fields of every act.
    private func form(_ plant: String) -> [(name: String, value: String)] {
        var form: [(name: String, value: String)] = [
            ("token", "the-token"), ("key", "once"), ("kind", "individual"), ("outcome", "rejected"),
        ]
        for (index, name) in Self.texts.enumerated() { form.append((name, "\(name) \(index)\(plant)")) }
        return form
    }

    @Test(arguments: ActKind.allCases.filter(\.isDoneOnce))
    func isSentAgainUnchangedWithItsKeyAndDoneOnce(kind: ActKind) async throws {
        for plant in PageTests.plants {
            let (direct, town) = (DemoTown(), DemoTown(waits: 2))
            let sent = form(plant)
            _ = try await send(kind, sent, to: direct)
            var answer = try await send(kind, sent, to: town)
            for _ in 0..<2 {
                #expect(answer.status == 503)
                #expect(answer.fields.contains { $0.name == "Retry-After" && $0.value == "1" })
                #expect(answer.body.contains(">Send it again</button>"))
                answer = try await send(kind, try hidden(in: answer.body), to: town)
            }
            #expect(answer.status == 303)
            #expect(await town.performed.waiting == ["once", "once"])
            let (wanted, done) = (await direct.performed.acts, await town.performed.acts)
            #expect(wanted.count == 1 && done.count == 1)
            #expect(done.map { "\($0.act)" } == wanted.map { "\($0.act)" })
            #expect(done.map(\.reason) == wanted.map(\.reason) && done.first?.key == "once")
        }
    }

    @Test(arguments: ActKind.allCases.filter { !$0.isDoneOnce })
    func whatCouldHaveASecondEffectIsNotSentAgainFromAWaitingPage(kind: ActKind) async throws {
        let town = DemoTown(waits: 1)
        let answer = try await send(kind, form(""), to: town)
        #expect(answer.status == 503 && answer.fields.contains { $0.name == "Retry-After" && $0.value == "1" })
        #expect(answer.body.contains("What to do next") && !answer.body.contains("data-again"))
        #expect(await town.performed.acts.isEmpty)
    }

    @Test func theScriptPausesAtMostAsLongAsThePageSays() async throws {
        let page = try await send(.activate, form(""), to: DemoTown(waits: 1)).body
        let minutes = try #require(page.firstMatch(of: /pauses that grow to (\d+) minutes/)).1
        #expect(Script.text.contains("const longestOfAct = \(minutes) * 60000;"))
        #expect(Script.text.contains("Math.min(longestOfAct, delay * 2)"))
    }

    @Test func thePageSaysHowFarTheWorkIsAndIsWellFormedWhateverWasSent() async throws {
        for plant in PageTests.plants {
            let town = DemoTown(plant: plant, waits: 2)
            let sent = form(plant)
            let first = try await send(.activate, sent, to: town).body
            let second = try await send(.activate, sent, to: town).body
            #expect(first.contains("<strong>28 %</strong> is done") && second.contains("<strong>56 %</strong> is done"))
            #expect(first.contains("The harm budget is being computed") && first.contains("data-again=\"1\""))
            #expect(first.contains("shadow 6") && first.contains("reason 14"))
            let read = try Markup.read(first, "waiting")
            #expect(read.mistakes == [] && read.scripts == 1)
        }
    }

    @Test func whatNeverSucceedsLaterIsNoWaitingPage() async throws {
        let problems = [
            ProblemView(status: 503, title: "Nothing can be done here", detail: "No audit.", next: []), .emptyLedger,
        ]
        for problem in problems {
            let answer = try await send(.activate, form(""), to: DemoTown(problem: problem))
            #expect(answer.status == 503 && !answer.body.contains("data-again"))
            #expect(answer.body.contains("What to do next"))
        }
        let many = try await send(.activate, form(""), to: DemoTown(problem: .tooMany(retryAfter: 9)))
        #expect(many.status == 429 && many.body.contains("data-again=\"9\"") && !many.body.contains("is done.</p>"))
    }

    @Test func aFormThatIsShownAgainForAMistakeStillHasItsLetters() async throws {
        let town = DemoTown()
        let letters = [("letter", "3-1200"), ("letter", "3-1201"), ("token", "the-token"), ("key", "k")]
        let again = try await send(.redrive, letters.map { (name: $0, value: $1) }, to: town)
        #expect(again.status == 422)
        let fields = again.body.matches(of: /name="(letter.encoded)" value="([^"]*)"/).map {
            (name: String($0.1), value: String($0.2))
        }
        let done = try await send(
            .redrive, fields + [("token", "the-token"), ("key", "k"), ("reason", "The clock is right.")], to: town)
        #expect(done.status == 303)
        guard case .redrive(["3-1200", "3-1201"])? = await town.performed.acts.first?.act else {
            Issue.record("\(await town.performed.acts)")
            return
        }
    }
}
