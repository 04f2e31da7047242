import Backtests
import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// The three forms of a report.
@Suite struct BacktestPageTests {
    private static let odd = "<b>&\""

    /// Every part of a report is there, and a band with a name that would be markup.
    private func story() throws -> BacktestStory {
        try BacktestStory(
            policy: BacktestStory.new.replacing("name: B", with: "name: '\(Self.odd)'"),
            lines: BacktestStory.lines + [
                BacktestStory.line("standing.subject.enrolled", "<script>'", 6, #"{"kind":"individual","terms":"1"}"#),
                BacktestStory.line("bill.late", "<script>'", 7),
            ], outcomes: .init(name: "moved\u{1}\u{1B}[2J", bySubject: BacktestStory.outcomes.bySubject))
    }

    private func parsed(_ page: String) -> PageReader {
        let reader = PageReader()
        let parser = XMLParser(data: Data(page.utf8))
        parser.delegate = reader
        reader.isWellFormed = parser.parse()
        return reader
    }

    // MARK: The page

    @Test func thePageIsWellFormedAndFetchesNothing() throws {
        for report in [
            try story().report(), try BacktestStory(against: nil).report(), try BacktestStory(lines: []).report(),
            try BacktestStory(against: nil, lines: [], outcomes: .init(name: "x", bySubject: [:])).report(),
        ] {
            let page = report.page()
            let found = parsed(page)
            #expect(found.isWellFormed)
            for word in ["http:", "https:", "<script", "javascript:", "@import", "url(", "src=", "href="] {
                #expect(!page.contains(word), "\(word)")
            }
            #expect(!page.contains("nan") && !page.contains("inf"), "numbers that are none")
            #expect(Set(found.ids).count == found.ids.count)
            #expect(found.references.allSatisfy { found.ids.contains($0) })
            #expect(found.elements["svg", default: 0] == found.elements["desc", default: 0])
        }
    }

    @Test func namesNeverBecomeMarkup() throws {
        let page = try story().report().page()
        #expect(page.contains("&lt;b&gt;&amp;&quot;"))
        #expect(!page.contains("<b>"))
        #expect(page.contains("&lt;script&gt;&#39;"))
        #expect(page.contains("moved\u{FFFD}\u{FFFD}[2J"))
        let found = parsed(page)
        #expect(found.text.contains(Self.odd))
        #expect(found.elements["b"] == nil)
    }

    @Test func everyPlotIsOnThePage() throws {
        let page = try story().report().page()
        for heading in [
            "Subjects by band", "Subjects by score", "From band to band", "Gains and losses by rule",
            "More and fewer subjects with a sanction at the end", "ROC curve", "Cumulative distributions",
            "Rate of the outcome by decile of score",
        ] { #expect(page.contains("<h3>\(heading)"), "\(heading)") }
        // Bands, histogram, parts, sanctions, perks, ROC, a KS plot each, and calibration.
        #expect(parsed(page).elements["svg"] == 9)
    }

    // MARK: All forms

    @Test func theSameReportIsTheSameBytes() throws {
        let (a, b) = (try story().report(), try story().report())
        #expect(a == b)
        #expect(a.page() == b.page() && a.table() == b.table() && a.json() == b.json())
    }

    @Test func withoutListsNoSubjectIsNamed() throws {
        var story = try BacktestStory(outcomes: BacktestStory.outcomes)
        for name in ["anna", "ben", "carl", "dora", "emil"] {
            let report = try story.report()
            #expect(report.json().contains("\"\(name)\"") == report.table().contains(name), "\(name)")
        }
        story.backtest.listLimit = 0
        let report = try story.report()
        for text in [report.page(), report.json(), report.table()] {
            for name in ["anna", "ben", "carl", "dora", "emil"] { #expect(!text.contains(name)) }
        }
        #expect(report.comparison?.perks[0].onlyAgainst.count == 3, "they are counted still")
    }

    @Test func jsonSaysWhatTheReportSays() throws {
        let report = try story().report()
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
        let keys: Set = ["policy", "against", "input", "comparison", "histogram", "outcome", "sensitivity"]
        #expect(Set(document.keys) == keys)
        let policy = try #require(document["policy"] as? [String: Any])
        #expect(policy["version"] as? Int == 2)
        let bands = try #require(policy["bands"] as? [[String: Any]])
        #expect(bands.map { $0["name"] as? String } == ["C", Self.odd, "A"])
        #expect((policy["outcome"] as? [String: Any])?["auc"] as? Double == 1)
        let comparison = try #require(document["comparison"] as? [String: Any])
        #expect(comparison["gain"] as? Int == 1)
        let parts = try #require(comparison["parts"] as? [[String: Any]])
        #expect(parts.map { $0["part"] as? String } == ["base", "rule", "rule", "rule", "limits"])
        #expect(parts[0]["rule"] is NSNull)
        #expect(report.json().hasPrefix(#"{"policy":{"id":"town","version":2,"subjects":5,"#))
    }

    @Test func whatIsNotDefinedIsNullAndNotANumber() throws {
        let nobody = try BacktestStory(against: nil, lines: [], outcomes: .init(name: "x", bySubject: [:])).report()
        let json = nobody.json()
        #expect(json.contains(#""score":null"#) && json.contains(#""auc":null,"gini":null,"ks":null,"ksScore":null"#))
        #expect(json.contains(#""clock":null"#) && json.contains(#""comparison":null,"histogram":null"#))
        #expect(nobody.table().contains("n/a"))
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
    }

    @Test func theTableIsAlignedAndSafeForATerminal() throws {
        let table = try story().report().table()
        #expect(
            table.hasPrefix(
                """
                Candidate: town 2
                Baseline:  town 1
                Events:    12 read, clock at 2026-01-07T00:00:00Z

                Scores
                             subjects   mean  least  lower quartile  median  upper quartile  greatest
                  candidate         5  592.0    550             580     580             600       650
                  baseline          6  596.7    550             600     600             600       630

                """))
        #expect(table.contains(#"Outcome "moved\u0001\u001b[2J": 3 of 4 subjects (75.0%)"#))
        #expect(table.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(table.split(separator: "\n").allSatisfy { $0.last != " " })
    }
}

/// What a page is made of.
private final class PageReader: NSObject, XMLParserDelegate {
    var isWellFormed = false
    private(set) var elements: [String: Int] = [:]
    private(set) var ids: [String] = []
    private(set) var references: [String] = []
    private(set) var text = ""

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String] = [:]
    ) {
        elements[name, default: 0] += 1
        if let id = attributes["id"] { ids.append(id) }
        references += attributes["aria-labelledby"]?.split(separator: " ").map(String.init) ?? []
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}
