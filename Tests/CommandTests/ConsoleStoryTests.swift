import Foundation
import Testing

extension CommandTests {
    /// The console of `standing serve` in Debian's Chromium, with users, on real records.
    @Suite(.enabled(if: Browser.path != nil)) struct ConsoleStoryTests {
        private static let password = "correct horse battery"
        /// Of the password, with the least cost that a file may have.
        private static let hash =
            "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$6W7GuoxjojaYIg83x/wEKSXUMMf+reyc6wSvA8q7ny8"
        private static let users = """
            sam subject anna \(hash)
            mira reviewer - \(hash)
            oda operator,analyst - \(hash)
            olaf operator - \(hash)
            ilse auditor - \(hash)

            """
        /// Ends attributes and elements. It stands in ids, data, statements, reasons and the policy.
        private static let plant =
            "<img src=x onerror=alert(1)></td></pre><script>alert(2)</script>' onmouseover='alert(3)"

        /// Of it in a table of ids.
        private static let shown = "onerror=alert(1)"

        private static func policy(version: Int, paid: Int) -> String {
            Trial.policy.replacing("version: 1", with: "version: \(version)").replacing(
                "points: 15", with: "points: \(paid)")
                    + """
                    sanctions:
                      - id: no-credit
                        dimension: payment
                        measures: [credit]
                        when: points <= -80
                        notice: 14 days
                        lasts: 6 months
                    harm-budget: {lose-points: 50 %}
                    # \(plant) \(version)

                    """
        }

        private static func appeal(_ number: Int, _ subject: String, _ statement: String) -> Trial.Event {
            Trial.Event(
                number, "standing.appeal.filed", subject, data: #"{"sanction":"no-credit","statement":"\#(statement)"}"#
            )
        }

        /// Anna has a sanction, Bela and the planted subject have one with an open appeal.
        private static let events: [Trial.Event] =
            ["anna", "bela", plant].enumerated().map { .enrolment($0, $1) }
            + ["anna", "bela", plant].enumerated().flatMap { index, subject in
                (0..<2).map { Trial.Event(10 + 2 * index + $0, "bill.late", subject, data: #"{"note":"\#(plant)"}"#) }
            } + [appeal(20, "bela", "The bank was shut."), appeal(21, plant, plant)]
        private static let letters = [
            Trial.Event(subject: "bela", text: "no event"), Trial.Event(subject: plant, text: plant),
        ]

        private let folder: TemporaryFolder
        private let broker: Broker
        private let server: Server
        private let browser: Browser

        init() async throws {
            folder = try TemporaryFolder()
            broker = try await Broker()
            let users = try folder.write(Self.users, to: "users")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: users)
            server = try await Server(
                broker: broker.address, policy: try folder.write(Self.policy(version: 1, paid: 15), to: "policy.yaml"),
                [
                    "--data", folder.path("data"), "--access-users", users, "--four-eyes", "activate", "--rate-limit",
                    "0",
                ])
            let cluster = try TrialCluster(broker.address)
            try cluster.feed(Self.events)
            try cluster.feed(Self.letters, to: "behaviour.payments")
            try await server.waitUntilReady()
            browser = try await Browser(origin: server.address)
            try await browser.show(width: 1440)
        }

        private func signIn(_ name: String) async throws {
            try await browser.open("/console/sign-in")
            try await browser.fill("Name", name)
            try await browser.fill("Password", Self.password)
            try await browser.click("Sign in")
        }

        /// Loads a page until it has the words.
        private func find(_ words: String, at path: String) async throws {
            var text = ""
            try await wait(for: "\(words) on \(path): \(text.prefix(2000))") {
                try await browser.open(path)
                text = try await browser.text
                return text.contains(words) ? true : nil
            }
        }

        private static func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }

        @Test func aPersonAppealsAPolicyIsActivatedByTwoAndALetterIsSentAgain() async throws {
            // A person appeals, and a reviewer decides.
            try await signIn("sam")
            try await find("Your score is 520", at: "/console/me")
            try await browser.click("Appeal")
            try await browser.fill("What is wrong about it", "The bill was paid.\nSee the receipt.")
            try await browser.click("File the appeal")
            try await find("stayed", at: "/console/me")
            try await signIn("mira")
            try await find("See the receipt.", at: "/console/appeals")
            try await browser.open("/console/appeal?id=anna&sanction=no-credit")
            try await browser.fill("Purpose", "Decision on the appeal")
            try await browser.click("Open the file")
            #expect(try await browser.text.contains("would fall"))
            try await browser.choose("Upheld")
            try await browser.fill("Reason", "The receipt proves it.")
            try await browser.click("Decide")
            #expect(try await browser.text.contains("The appeal is decided."))
            try await find("The receipt proves it.", at: "/console/appeals")
            try await find("no-credit lifted", at: "/console/subject?id=anna&purpose=The+lift")

            // A lift arrives on the page that is open.
            try await browser.open("/console")
            try TrialCluster(broker.address).feed([
                Trial.Event(
                    30, "standing.appeal.decided", "bela",
                    data: #"{"sanction":"no-credit","outcome":"upheld","reason":"The bank was shut."}"#)
            ])
            try await wait(for: "the lift of bela's sanction") {
                try await browser.evaluate(
                    """
                    [...document.querySelectorAll("#change-list li")]
                    .some((e) => e.textContent.includes("bela") && e.textContent.includes("lifted"))
                    """) == "true" ? true : nil
            }

            // A policy is shadowed, and activated by two people.
            try await signIn("oda")
            try await browser.open("/console/acts/shadow")
            try await browser.fill("The policy's text", Self.policy(version: 2, paid: 20))
            try await browser.fill("Reason", Self.plant)
            try await browser.click("Put it into the shadow")
            #expect(try await browser.text.contains("Accepted."))
            try await find("100 % of the ledger folded", at: "/console/policies")
            try await find("Had it always been active", at: "/console/backtest")
            try await browser.open("/console/policies")
            try await browser.click("Activate it")
            try await browser.fill("Reason", Self.plant)
            try await browser.click("Activate")
            // The page sends it again by itself while the shadow or the harm budget is computed. There is no text while it is replaced.
            try await wait(for: "the proposal") {
                ((try? await browser.text) ?? "").contains("It waits for a second person") ? true : nil
            }
            try await signIn("olaf")
            try await find("Activate trial 2", at: "/console/policies")
            #expect(try await browser.text.contains("points: 20"))
            try await browser.fill("Why you agree or decline", "The shadow harms nobody.")
            try await browser.click("Agree")
            try await find("oda, agreed by olaf", at: "/console/policies")
            // The text that was pasted differs from the one before it where it was changed, and nowhere else.
            #expect(try await browser.evaluate("document.querySelectorAll('.diff .removed').length") == "3")

            // A dead letter is repaired and sent again.
            try await find("event/not-an-object", at: "/console/dead-letters")
            try await browser.open("/console/dead-letters")
            let letter = try await browser.evaluate(
                """
                [...document.querySelectorAll("tbody a[href*='letter=']")].map((e) => e.getAttribute("href"))
                """)
            let letters = try JSONDecoder().decode([String].self, from: Data(letter.utf8))
            #expect(letters.count == 2)
            for path in letters {
                try await browser.open(path)
                guard try await browser.text.contains("no event") else { continue }
                try await browser.fill("The event", Trial.Event(31, "bill.paid", "bela").text)
                try await browser.fill("Reason", "The export was cut.")
                try await browser.click("Send it")
                #expect(try await browser.text.contains("The repaired event is sent."))
            }
            try await signIn("mira")
            try await find("bill.paid 31", at: "/console/subject?id=bela&purpose=The+repair")
            try await find("standing.ledger", at: "/console/lag?group=standing-fold")
            try await signIn("ilse")
            try await find("each proves the one before it", at: "/console/audit")
            #expect(try await browser.text.contains("put a policy into the shadow"))
            try await read(letters)
            let findings = await browser.findings
            #expect(findings == [])
            await browser.close()
        }

        /// What each role reads of the planted records, with scripts and without: nothing that was planted is an element.
        private func read(_ letters: [String]) async throws {
            let shown = Self.shown
            let plant = Self.encoded(Self.plant)
            let tours: [(user: String, pages: [(path: String, shows: String)])] = [
                (
                    "mira",
                    [
                        ("/console", "Changes as they come"), ("/console/subjects", shown),
                        ("/console/subject?id=\(plant)&purpose=\(plant)", shown),
                        ("/console/appeals", shown),
                        ("/console/appeal?id=\(plant)&sanction=no-credit&purpose=\(plant)", shown),
                        ("/console/ledger?subject=\(plant)&purpose=\(plant)", shown),
                        ("/console/acts/void?subject=\(plant)&source=\(plant)&id=\(plant)", shown),
                    ]
                ),
                (
                    "oda",
                    [
                        ("/console/policies", shown), ("/console/sources", "behaviour.payments"),
                        ("/console/dead-letters", "event/not-an-object"),
                        ("/console/lag", "standing-fold"),
                    ] + letters.map { ($0, "Dead letter") }
                ), ("ilse", [("/console/audit", shown)]),
            ]
            for tour in tours {
                try await browser.allowScripts(true)
                try await signIn(tour.user)
                for hasScripts in [true, false] {
                    try await browser.allowScripts(hasScripts)
                    for page in tour.pages {
                        try await find(page.shows, at: page.path)
                        let planted = try await browser.evaluate(
                            "document.querySelectorAll('script:not([src]), img, [onmouseover], [onerror]').length")
                        #expect(planted == "0", "\(tour.user) \(page.path)")
                    }
                }
            }
        }
    }
}
