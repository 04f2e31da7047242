import Access
import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import Console

/// The console in Chromium. It needs Debian's package `chromium`; with `STANDING_AXE`, the path of `axe.min.js`, every page is also read
/// by axe, and with `STANDING_PICTURES`, a folder, it is pictured there.
@Suite(.enabled(if: Browser.path != nil), .serialized)
struct BrowserTests {
    private static let users = """
        mira reviewer - \(TownClient.hash)
        oda operator,analyst - \(TownClient.hash)
        ilse auditor - \(TownClient.hash)
        sam subject ada-4471 \(TownClient.hash)

        """

    /// A browser of which every request is answered by the town's route table.
    /// `instead`: what answers a request instead of the table; nil leaves it to the table.
    private static func browser(
        _ town: DemoTown = DemoTown(),
        instead: @escaping @Sendable (Browser.Request) async throws -> Browser.Answer? = { _ in nil }
    ) async throws -> (Browser, TownClient) {
        let client = try await TownClient(users: users, town: town)
        let cookies = Mutex("")
        let table = client.table
        let browser = try await Browser { request in
            if let answer = try await instead(request) { return answer }
            var fields: HTTPFields = [:]
            for (name, value) in request.fields {
                if let name = HTTPField.Name(name), name != .cookie { fields[name] = value }
            }
            let cookie = cookies.withLock { $0 }
            if !cookie.isEmpty { fields[.cookie] = cookie }
            let answer = try await TownClient.send(
                HTTPRequest.Method(rawValue: request.method) ?? .get, request.target, fields, body: request.body,
                authority: "localhost:9", to: table)
            if let set = answer.fields[.setCookie] {
                cookies.withLock { $0 = set.contains("Max-Age=0") ? "" : String(set.prefix { $0 != ";" }) }
            }
            return Browser.Answer(
                status: answer.status, fields: answer.fields.map { ($0.name.rawName, $0.value) }, body: answer.body)
        }
        return (browser, client)
    }

    private static func signIn(_ browser: Browser, _ name: String) async throws {
        try await browser.open("/console/sign-in")
        try await browser.fill("Name", name)
        try await browser.fill("Password", "correct horse battery")
        try await browser.click("Sign in")
    }

    @Test(arguments: [true, false]) func aPersonAppealsAndAReviewerDecides(withScripts: Bool) async throws {
        let (browser, client) = try await Self.browser()
        try await browser.allowScripts(withScripts)
        try await Self.signIn(browser, "sam")
        #expect(try await browser.text.contains("Your score is 640 of 350 to 950"))
        try await browser.click("Appeal")
        try await browser.fill("What is wrong about it", "The bill was paid on time.")
        try await browser.click("File the appeal")
        #expect(try await browser.text.contains("The appeal is filed."))
        try await browser.show(width: 1440)
        try await browser.click("Sign out")
        try await Self.signIn(browser, "mira")
        try await browser.click("Appeals")
        try await browser.click("Review")
        try await browser.fill("Purpose", "Decision on the appeal")
        try await browser.click("Open the file")
        #expect(try await browser.text.contains("would fall"))
        try await browser.choose("Upheld")
        try await browser.fill("Reason", "The receipt proves it.")
        try await browser.click("Decide")
        #expect(try await browser.text.contains("The appeal is decided."))
        let acts = await client.town.town.performed.acts
        #expect(acts.map { $0.caller.name } == ["sam", "mira"])
        #expect(acts.map { $0.reason } == ["The bill was paid on time.", "The receipt proves it."])
        let findings = await browser.findings
        #expect(findings == [])
        await browser.close()
    }

    @Test func anOperatorShadowsActivatesAndRepairs() async throws {
        let (browser, client) = try await Self.browser()
        try await browser.show(width: 1440)
        try await Self.signIn(browser, "oda")
        try await browser.click("Policies")
        try await browser.click("Put a policy into the shadow")
        try await browser.fill("The policy's text", "policy: card\nversion: 5\n")
        try await browser.fill("Reason", "The council decided it.")
        try await browser.click("Put it into the shadow")
        try await browser.click("Activate it")
        try await browser.fill("Reason", "The shadow shows no new sanctions.")
        try await browser.click("Activate")
        #expect(try await browser.text.contains("It waits for a second person"))
        try await browser.click("Dead letters")
        try await browser.click("behaviour.payments 3/9,004,117")
        try await browser.fill("The event", "{\"id\": \"bill-77\", \"time\": \"2026-12-01T00:00:00Z\"}")
        try await browser.fill("Reason", "The month was wrong.")
        try await browser.click("Send it")
        #expect(try await browser.text.contains("The repaired event is sent."))
        try await browser.click("Lag")
        try await browser.click("standing.perks")
        #expect(try await browser.text.contains("One key has 61 %"))
        #expect(await client.town.town.performed.acts.count == 3)
        let findings = await browser.findings
        #expect(findings == [])
        await browser.close()
    }

    /// With scripts the page sends the form again by itself; without them the person does.
    @Test(arguments: [true, false]) func anActThatWaitsIsDoneOnceWhenItCan(withScripts: Bool) async throws {
        let (browser, client) = try await Self.browser(DemoTown(waits: 2))
        try await browser.allowScripts(withScripts)
        try await browser.show(width: 1440)
        try await Self.signIn(browser, "oda")
        try await browser.open("/console/acts/activate?shadow=card%204")
        try await browser.fill("Reason", "The shadow shows\nno \u{201C}new\u{201D} sanctions.")
        try await browser.click("Activate")
        let (note, done) = ("it is sent again by itself", "It waits for a second person")
        // With scripts the page may have gone on by itself before it is read here.
        let text = (try? await browser.text) ?? ""
        if !withScripts || text.contains("28 % is done") {
            #expect(text.contains("28 % is done") && text.contains("card 4"))
            #expect(text.contains(note) == withScripts)
        }
        if withScripts {
            // There is no text while the page is replaced.
            for _ in 0..<3000 where (try? await browser.text)?.contains(done) != true {
                try await Task.sleep(for: .milliseconds(10))
            }
        } else {
            try await browser.click("Send it again")
            #expect(try await browser.text.contains("56 % is done"))
            try await browser.click("Send it again")
        }
        #expect(try await browser.text.contains(done))
        let performed = client.town.town.performed
        let acts = await performed.acts
        #expect(acts.count == 1 && acts.first?.reason == "The shadow shows\nno \u{201C}new\u{201D} sanctions.")
        #expect(await performed.waiting == [String](repeating: acts.first?.key ?? "", count: 2))
        let findings = await browser.findings
        #expect(findings == [])
        await browser.close()
    }

    private final class Count: Sendable {
        private let number = Mutex(0)
        var value: Int { number.withLock { $0 } }
        func add() { number.withLock { $0 += 1 } }
    }

    /// A stream tells that something changed, and the page shows it where the person has not been at work.
    @Test func aChangeArrivesWhileThePageIsOpen() async throws {
        let (pages, isChanged) = (Count(), Count())
        let (browser, _) = try await Self.browser { request in
            if request.target.hasPrefix("/changes") {
                while isChanged.value == 0 { try await Task.sleep(for: .milliseconds(10)) }
                return Browser.Answer(
                    status: 200, fields: [("Content-Type", "text/event-stream")],
                    body: "retry: 100000\nevent: change\nid: 1\ndata: {}\n\n")
            }
            if request.target == "/console" { pages.add() }
            return nil
        }
        try await browser.show(width: 1440)
        try await Self.signIn(browser, "mira")
        _ = try await browser.evaluate("document.querySelector('#change-list').replaceChildren('old')")
        isChanged.add()
        // There is no text while the page is replaced.
        for _ in 0..<6000 where (try? await browser.text)?.contains("612 to 640") != true {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await browser.text.contains("612 to 640"))
        #expect(pages.value == 2)
        #expect(try await browser.evaluate("document.querySelectorAll('#change-list').length") == "1")
        await browser.close()
    }

    /// The person writes meanwhile, and loses nothing.
    @Test func theCountOfAWithdrawalArrivesInTheForm() async throws {
        let (pages, streams) = (Count(), Count())
        let path = "/console/acts/withdraw-source?topic=behaviour.payments&what-if=yes"
        let (browser, client) = try await Self.browser { request in
            if request.target.hasPrefix("/changes") {
                streams.add()
                return Browser.Answer(
                    status: 200, fields: [("Content-Type", "text/event-stream")],
                    body: "retry: 20\nevent: overview\ndata: {}\n\n")
            }
            if request.target == path { pages.add() }
            return nil
        }
        try await browser.show(width: 1440)
        try await Self.signIn(browser, "oda")
        try await browser.open(path)
        #expect(try await browser.text.contains("42 % is done"))
        try await browser.fill("Reason", "The contract ended.")
        await client.town.town.performed.count()
        for _ in 0..<3000 where try await !browser.text.contains("43 points at most") {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await browser.text.contains("43 points at most"))
        #expect(try await browser.evaluate("document.getElementById('reason').value") == "\"The contract ended.\"")
        #expect(pages.value >= 2 && streams.value > 0)
        await browser.close()
    }

    /// A caller, and what the caller opens.
    private static let tours: [(user: String, paths: [String])] = [
        (
            "mira",
            [
                "/console", "/console/subjects", "/console/subject?id=ada-4471", "/console/appeals",
                "/console/subject?id=ada-4471&purpose=p", "/console/policies", "/console/sources", "/console/lag",
                "/console/appeal?id=ada-4471&sanction=no-deferred-payment&purpose=p", "/console/ledger",
                "/console/acts/void?subject=ada-4471&source=s&id=i", "/console/words", "/console/audit",
            ]
        ),
        (
            "oda",
            [
                "/console/policies", "/console/dead-letters", "/console/dead-letters?letter=3-1200",
                "/console/lag?group=standing.perks", "/console/acts/enrol", "/console/acts/shadow", "/console/sources",
                "/console/acts/withdraw-source?topic=behaviour.community&what-if=yes", "/console/backtest",
            ]
        ),
        ("ilse", ["/console/audit", "/console/ledger?subject=ada-4471"]), ("sam", ["/console/me"]),
    ]

    private static let plant =
        "<script>alert(1)</script>\"><img src=x onerror=alert(2)>\"\u{301} onmouseover=alert(3) '\u{202E}🦊"

    /// At three widths, light and dark: nothing wider than the window, no violation that axe finds, nothing asked of another host, and
    /// no planted script has run.
    @Test(arguments: ["", plant]) func everyPageFitsAndIsReadable(plant: String) async throws {
        let environment = ProcessInfo.processInfo.environment
        let axe = try environment["STANDING_AXE"].map { try String(contentsOfFile: $0, encoding: .utf8) }
        let (browser, _) = try await Self.browser(DemoTown(plant: plant))
        for tour in Self.tours {
            try await browser.show(width: 1440)
            try await Self.signIn(browser, tour.user)
            for path in tour.paths {
                for width in [360, 768, 1440] {
                    for isDark in [false, true] {
                        let view = "\(tour.user) \(path) \(width) \(isDark ? "dark" : "light")"
                        try await browser.show(width: width, isDark: isDark)
                        try await browser.open(path)
                        let wider = try await browser.evaluate(
                            "document.documentElement.scrollWidth - document.documentElement.clientWidth")
                        #expect(wider == "0", "\(view)")
                        if let axe, plant.isEmpty || !isDark {
                            _ = try await browser.evaluate("(() => { \(axe); return 0; })()")
                            let found = try await browser.evaluate(
                                """
                                axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
                                .then((r) => r.violations.map((v) => v.id + ": " + v.nodes[0].target))
                                """)
                            #expect(found == "[]", "\(view)")
                        }
                        if let folder = environment["STANDING_PICTURES"], plant.isEmpty {
                            let name = view.map { $0.isLetter || $0.isNumber ? $0 : "-" }
                            try await browser.picture().write(to: URL(filePath: "\(folder)/\(String(name)).png"))
                        }
                    }
                }
            }
        }
        let findings = await browser.findings
        #expect(findings == [])
        await browser.close()
    }

    @Test func theKeyboardAloneReachesEverythingAndShowsWhereItIs() async throws {
        let (browser, _) = try await Self.browser()
        try await browser.show(width: 1440)
        for tour in Self.tours {
            try await Self.signIn(browser, tour.user)
            for path in tour.paths {
                try await browser.open(path)
                let wanted = try await browser.evaluate(
                    """
                    (() => { const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
                    let n = 0; for (const e of all) if (e.checkVisibility() && e.type !== "hidden") { e.dataset.number = n++; }
                    return n; })()
                    """)
                let count = try #require(Int(wanted))
                for _ in 0..<count + 2 {
                    try await browser.press("Tab", code: 9)
                    _ = try await browser.evaluate(
                        """
                        (() => { const e = document.activeElement; if (e?.dataset?.number === undefined) return 0;
                        const s = getComputedStyle(e); e.dataset.reached = s.outlineStyle !== "none" || s.boxShadow !== "none"; return 0; })()
                        """)
                }
                // A group of choices is one stop.
                let missed = try await browser.evaluate(
                    """
                    [...document.querySelectorAll("[data-number]")].filter((e) => e.dataset.reached !== "true" && e.type !== "radio")
                    .map((e) => e.outerHTML.slice(0, 120))
                    """)
                #expect(missed == "[]", "\(tour.user) \(path)")
            }
        }
        await browser.close()
    }
}
