import Access
import Foundation
import Testing

@testable import Console

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What holds for every page, whatever events and people have written into it.
struct PageTests {
    /// Ends attributes and elements, turns the direction of writing, and hides a quotation mark under an accent.
    static let plants = [
        "",
        "<script>planted()</script>\"><img src=x onerror=planted()>",
        "\"\u{301} onmouseover=planted() '\u{300} \u{600}<b>&amp;&lt;\u{301}",
        "\u{202E}\u{2066}evil\u{0}\u{1B}[2J\u{FFFE}\r\n\u{2028}🦊 {{token}}{{{key}}}{{> layout}}",
        String(repeating: "a%2F../?&=#", count: 400),
    ]

    @Test(arguments: plants.indices) func everyPageIsWellFormedAndTrustsNobody(plant: Int) async throws {
        let town = DemoTown(plant: Self.plants[plant])
        let routes = ConsoleRoutes(ConsolePages(), data: town).all
        for page in Visits.all(plant: town.plant) {
            let answer = try #require(await Visits.answer(page, routes), "no route answers \(page.path)")
            #expect(answer.status == 200, "\(page.name)")
            let read = try Markup.read(answer.body, page.name)
            #expect(read.mistakes == [], "\(page.name)")
            #expect(read.scripts == 1, "\(page.name)")
            let turns = answer.body.contains("\u{202E}")
            #expect(!turns, "\(page.name)")
            // What events write is no template.
            let isUnfilled = !town.plant.contains("{{") && answer.body.contains("{{")
            #expect(!isUnfilled, "\(page.name)")
        }
    }

    @Test func everyPageOfAnEmptyLedgerSaysWhatIsSo() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown(isEmpty: true)).all
        for page in Visits.all() {
            let answer = try #require(await Visits.answer(page, routes))
            let read = try Markup.read(answer.body, page.name)
            #expect(read.mistakes == [], "\(page.name)")
        }
        let overview = try #require(await Visits.answer(Visits.all()[0], routes))
        #expect(overview.body.contains("No changes yet."))
        #expect(overview.body.contains("No policy is active yet"))
    }

    @Test func everyPageButAFormOrTheGlossaryLinksToItsJSON() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        for page in Visits.all()
        where !page.path.contains("/acts/") && !["purpose", "sign-in", "words"].contains(page.name) {
            let answer = try #require(await Visits.answer(page, routes))
            #expect(answer.body.contains("This page as JSON"), "\(page.name)")
        }
    }

    @Test func theBrowserMayLoadNothingFromElsewhere() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        for page in Visits.all() {
            let answer = try #require(await Visits.answer(page, routes))
            let policy = answer.fields.first { $0.name == "Content-Security-Policy" }?.value
            #expect(policy == ConsoleAnswer.policy)
            #expect(answer.fields.contains { $0.name == "Cache-Control" && $0.value == "no-store" })
        }
    }

    @Test func styleAndScriptHaveTheirHashInTheirPathsAndStayInCaches() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        let page = try #require(await Visits.answer(Visits.all()[0], routes)).body
        for (prefix, type) in [
            ("/console/style-", "text/css; charset=utf-8"), ("/console/live-", "text/javascript; charset=utf-8"),
        ] {
            let route = try #require(routes.first { $0.path.hasPrefix(prefix) })
            #expect(page.contains("\"\(route.path)\""))
            let answer = await route.answer(Visits.request(Visits.Page(name: "asset", caller: nil, path: route.path)))
            #expect(answer.fields.contains { $0.name == "Content-Type" && $0.value == type })
            #expect(answer.fields.contains { $0.name == "Cache-Control" && $0.value.contains("immutable") })
            #expect(!answer.body.contains("http://") && !answer.body.contains("https://"))
        }
    }

    @Test func everyClassOfAPageHasAStyle() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        let route = try #require(routes.first { $0.path.hasPrefix("/console/style-") })
        let style = await route.answer(Visits.request(Visits.Page(name: "style", caller: nil, path: route.path))).body
        var classes: Set<String> = []
        for page in Visits.all() {
            let answer = try #require(await Visits.answer(page, routes))
            classes.formUnion(try Markup.read(answer.body, page.name).classes)
        }
        // A class that only tells what an element is.
        let plain: Set<String> = ["local", "even", "same", "date", "start", "reason"]
        let bare = classes.subtracting(plain).sorted().filter { !style.contains("." + $0) }
        #expect(bare == [])
    }

    @Test func aMaskedIdIsNowhereOnThePage() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        for page in Visits.all() where page.name.hasSuffix("-masked") {
            let answer = try #require(await Visits.answer(page, routes))
            #expect(!answer.body.contains("ada-4471") && !answer.body.contains("workshop-north"), "\(page.name)")
            #expect(answer.body.contains("ad••••"))
            #expect(answer.body.contains("Ids are masked"))
        }
    }

    @Test func aPersonReadsTheOwnStandingInPlainWords() async throws {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        let page = try #require(Visits.all().first { $0.name == "me" })
        let body = try #require(await Visits.answer(page, routes)).body
        #expect(body.contains("Your score is 640 of 350 to 950"))
        #expect(body.contains("Denied to you now: deferred payment."))
        #expect(body.contains("/console/acts/file-appeal?subject=ada-4471&amp;sanction=no-deferred-payment"))
        #expect(!body.contains("/console/acts/void"))
    }

    @Test func onlyWhatASourceReportedCanBeVoided() async throws {
        let town = DemoTown()
        var view = try await town.subject("ada-4471", purpose: "test", for: Visits.reviewer)
        var event = try #require(view.events.first { !$0.isStruck })
        for (type, canBeVoided) in [("bill.missed", true), ("standing.policy.activated", false)] {
            event.type = type
            view.events = [event]
            let html = ConsolePages().subject(
                view, for: Visit(caller: Visits.reviewer, formToken: "t", actKey: "k"))
            #expect(html.contains("/console/acts/void?") == canBeVoided, "\(type)")
        }
    }

    @Test func whoLookedIsSaidInWordsAndOnceForSeveralLooksInARow() async throws {
        let town = DemoTown()
        let view = try await town.subject("ada-4471", purpose: "test", for: Visits.reviewer)
        let html = ConsolePages().subject(view, for: Visit(caller: Visits.reviewer, formToken: "t", actKey: "k"))
        #expect(html.contains("<bdi>you</bdi></strong> read the file"))
        #expect(html.contains("and 1 time before"))
        #expect(html.contains("reviewed the appeal (denied)"))
        #expect(!html.contains("readFile"))
    }

    @Test func aProposalIsReadWhereItIsAgreedTo() async throws {
        let view = try await DemoTown().policies(version: nil, for: Visits.conductor)
        let pages = ConsolePages()
        let html = pages.policies(view, for: Visit(caller: Visits.conductor, formToken: "t", actKey: "k"))
        #expect(html.contains("points: -10") && html.contains("31,870 lose, 12 are warned."))
        #expect(html.contains("formaction=\"/console/acts/decline\""))
        let own = Caller(name: "oda", roles: [.operator])
        let proposers = pages.policies(view, for: Visit(caller: own, formToken: "t", actKey: "k"))
        #expect(proposers.contains("somebody else decides") && !proposers.contains("formaction"))
    }

    @Test func thePageOfTheSourcesSaysWhereItIsNotKnownWhatIsWithdrawn() {
        let visit = Visit(caller: Visits.conductor, formToken: "t", actKey: "k")
        func page(_ unknown: Int) -> String {
            ConsolePages().sources(SourcesView(sources: [], unknownPartitions: unknown), for: visit)
        }
        #expect(!page(0).contains("it is not known"))
        #expect(page(2).contains("In 2 ledger partitions it is not known which sources are withdrawn: no member "))
    }

    @Test func aWithdrawnSourceIsShownAsSuchAndOperatorsAloneChangeWhatCounts() async throws {
        let view = try await DemoTown().sources(for: Visits.conductor)
        func page(_ caller: Caller) -> String {
            ConsolePages().sources(view, for: Visit(caller: caller, formToken: "t", actKey: "k"))
        }
        let html = page(Visits.conductor)
        #expect(html.contains("withdrawn"))
        let offered = html.matches(of: /\/console\/acts\/(withdraw|restore)-source\?topic=([a-z.]+)/)
            .map { "\($0.1) \($0.2)" }
        #expect(
            offered == [
                "withdraw behaviour.payments", "withdraw behaviour.community", "withdraw behaviour.transport",
                "restore behaviour.commerce",
            ])
        for caller in [Visits.viewer, Visits.auditor, Visits.reviewer] {
            #expect(page(caller).contains("withdrawn") && !page(caller).contains("-source?"), "\(caller.name)")
        }
    }

    @Test func aFileWhoseHistoryIsFoldedAgainSaysSo() async throws {
        var view = try await DemoTown().subject("ada-4471", purpose: "test", for: Visits.reviewer)
        let (pages, visit) = (ConsolePages(), Visit(caller: Visits.reviewer, formToken: "t", actKey: "k"))
        let sentence = "Policy card 4 becomes active: 42 % of the history is folded for that."
        #expect(!pages.subject(view, for: visit).contains(sentence))
        view.change = sentence
        #expect(pages.subject(view, for: visit).contains("<p class=\"banner notice\">\(sentence)</p>"))
    }

    @Test func aShadowThatIsActiveAlreadyIsNotActivatedAgain() async throws {
        var view = try await DemoTown().policies(version: nil, for: Visits.conductor)
        let (pages, visit) = (ConsolePages(), Visit(caller: Visits.conductor, formToken: "t", actKey: "k"))
        #expect(pages.policies(view, for: visit).contains("/console/acts/activate?"))
        view.shadow?.isActive = true
        let html = pages.policies(view, for: visit)
        #expect(!html.contains("/console/acts/activate?") && html.contains("It is the active policy now"))
    }

    @Test func aShadowThatWasAcceptedAppearsByItself() async throws {
        var view = try await DemoTown().policies(version: nil, for: Visits.conductor)
        view.shadow = nil
        let notices = [(ActNotice(.shadow, .accepted), true), (ActNotice(.endShadow, .done), false)]
        for (notice, isLive) in notices {
            let visit = Visit(caller: Visits.conductor, formToken: "t", actKey: "k", notice: notice)
            let html = ConsolePages().policies(view, for: visit)
            #expect(html.contains("data-live=\"shadow-now\"") && html.contains("data-stream") == isLive)
        }
    }

    @Test func policiesWhoseHistoryCannotBeReadAreShownWithTheReason() async throws {
        var view = try await DemoTown().policies(version: nil, for: Visits.viewer)
        view.versions = [
            PolicyView.Version(
                key: "active", name: "card", version: 3, since: nil, isActive: true, actor: nil, reason: nil)
        ]
        view.failure = "Earlier versions cannot be read now."
        let visit = Visit(caller: Visits.viewer, formToken: "t", actKey: "k")
        let html = ConsolePages().policies(view, for: visit)
        #expect(html.contains("Earlier versions cannot be read now.") && !html.contains("0001"))
        #expect(try Markup.read(html, "policies").mistakes == [])
    }

    @Test func aLetterThatWasSentIsNotRepairedAgain() async throws {
        var search = DeadLetterSearch()
        search.letter = "3-1200"
        var view = try await DemoTown().deadLetters(search, for: Visits.conductor)
        let (pages, visit) = (ConsolePages(), Visit(caller: Visits.conductor, formToken: "t", actKey: "k"))
        #expect(pages.deadLetters(view, asked: search, for: visit).contains("/console/acts/repair"))
        view.selected?.isWaiting = false
        #expect(!pages.deadLetters(view, asked: search, for: visit).contains("/console/acts/repair"))
    }

    /// In a debug build on one core a page took 2 to 25 ms when this was written.
    @Test func aLongFileStaysAPageOfBoundedSize() async throws {
        let town = DemoTown()
        var view = try await town.subject("ada-4471", purpose: "test", for: Visits.reviewer)
        view.steps = (0..<20_000).map { index in
            var step = town.steps[index % town.steps.count]
            step.time = DemoTown.ago(days: Double(20_000 - index) / 40)
            return step
        }
        let html = ConsolePages().subject(view, for: Visit(caller: Visits.reviewer, formToken: "t", actKey: "k"))
        #expect(html.contains("88 earlier steps") && html.contains("19,900 older steps"))
        #expect(html.utf8.count < 1_500_000)
    }
}
