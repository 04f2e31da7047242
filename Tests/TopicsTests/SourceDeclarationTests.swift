import Events
import Foundation
import Mapping
import Testing
import Topics

@Suite struct SourceDeclarationTests {
    private static let topic = """
        name: NAME
        title: A source
        role: source
        key: subject
        partitions: 6
        retention: 14 days
        schema: event.json
        written-by: banks
        read-by: intake

        """

    private static func file(_ name: String = "a.source", _ changes: [String: String?] = [:]) -> String {
        let lines = [
            ("owner", "owner: The bank"), ("sector", "sector: private"), ("purpose", "purpose: Who pays"),
            ("types", "types: [bill.*, loan.repaid]"), ("sources", "sources: [/bank, /utility/]"),
            ("contact", "contact: a@bank.example"), ("lasts", nil), ("format", nil), ("map", nil),
        ]
        return topic.replacing("NAME", with: name)
            + lines.compactMap { key, line in changes[key].map { $0 } ?? line }.joined(separator: "\n") + "\n"
    }

    private func errors(_ text: String) -> String {
        do throws(TopicFileError) {
            _ = try TopicDefinition.parse(text, file: "t.yaml")
            return ""
        } catch {
            return error.description
        }
    }

    @Test func everyKeyOfADeclarationIsRead() throws {
        let text = Self.file("a", ["lasts": "lasts: 2 years", "format": "format: cloudevents"])
        let declaration = try #require(try TopicDefinition.parse(text, file: "t.yaml").declaration)
        #expect(
            declaration
                == SourceDeclaration(
                    owner: "The bank", sector: .private, purpose: "Who pays", types: ["bill.*", "loan.repaid"],
                    sources: ["/bank", "/utility/"], lasts: CalendarSpan(2, .years), contact: "a@bank.example"))
    }

    @Test func aTopicMayDeclareNothing() throws {
        #expect(try TopicDefinition.parse(Self.topic, file: "t.yaml").declaration == nil)
    }

    @Test(
        arguments: [
            ("owner", nil, "t.yaml:1:1: error: a declared source needs `owner`"),
            ("contact", nil, "t.yaml:1:1: error: a declared source needs `contact`"),
            ("sector", "sector: secret", "t.yaml:11:9: error: `sector` is one of `public`, `private`"),
            ("types", "types: []", "t.yaml:13:8: error: `types` is a text or a list of 1 to 256 texts"),
            (
                "types", "types: [bill*]",
                "t.yaml:13:9: error: `types` has event types, and prefixes of them such as `bill.*`"
            ),
            (
                "types", "types: ['.*']",
                "t.yaml:13:9: error: `types` has event types, and prefixes of them such as `bill.*`"
            ),
            (
                "types", "types: [standing.subject.enrolled]",
                "t.yaml:13:9: error: types under `standing.` are for the control topic only"
            ),
            (
                "types", "types: [standing.*]",
                "t.yaml:13:9: error: types under `standing.` are for the control topic only"
            ),
            ("sources", "sources: [1]", "t.yaml:14:11: error: `sources` is a text"),
            (
                "sources", "sources: [\"a\\u0001\"]",
                "t.yaml:14:11: error: has a control character, which no event has there"
            ),
            (
                "lasts", "lasts: 2 hours",
                "t.yaml:16:8: error: `lasts` is a number of `days`, `months` or `years` such as `2 years`"
            ),
            (
                "lasts", "lasts: 0 days",
                "t.yaml:16:8: error: `lasts` is a number of `days`, `months` or `years` such as `2 years`"
            ),
            ("format", "format: json", "t.yaml:16:9: error: the format `json` needs a `map`"),
            (
                "map", "map: {source: /a, type: b, subject: value.c, time: value.d}",
                "t.yaml:16:6: error: `map` needs `format: json`"
            ),
            (
                "map", "format: json\nmap: {source: /a, type: bill.paid, subject: value.c, time: value.d}",
                "t.yaml:17:6: error: the map gives the source `/a`, which `sources` does not have"
            ),
            (
                "map", "format: json\nmap: {source: /bank/1, type: ride.paid, subject: value.c, time: value.d}",
                "t.yaml:17:6: error: the map gives the type `ride.paid`, which `types` does not have"
            ),
            (
                "map", "format: json\nmap: {source: /bank/1, type: standing.x, subject: value.c, time: value.d}",
                "t.yaml:17:6: error: the map gives the type `standing.x`: those under `standing.` are for the control topic only"
            ),
        ] as [(String, String?, String)])
    func aMistakeInADeclarationHasItsLocation(_ key: String, _ line: String?, _ error: String) {
        #expect(errors(Self.file("a", [key: line])) == error)
    }

    @Test func onlySourcesHaveADeclaration() {
        let text = Self.file().replacing("role: source", with: "role: dead-letter")
        #expect(errors(text).contains("t.yaml:10:8: error: `owner` is for the role `source` only"))
    }

    @Test func aMapIsOfTheTopicFileOrAFileBesideIt() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "t.yaml").path(percentEncoded: false)
        let map = "map: {source: /bank, type: bill.paid, subject: value.who, time: value.at}"
        let inline = Self.file("a", ["format": "format: json", "map": map])
        let own = try TopicDefinition.parse(inline, file: path)
        #expect(own.declaration?.format == .json)
        #expect(own.map == (try RecordMap(yaml: map, file: "")))
        let beside = Self.file("a", ["format": "format: json", "map": "map: bills.yaml"])
        #expect(throws: TopicFileError.self) { try TopicDefinition.parse(beside, file: path) }
        try Data(map.utf8).write(to: folder.appending(path: "bills.yaml"))
        #expect(try TopicDefinition.parse(beside, file: path).map == own.map)
        let broken = inline.replacing("value.who", with: "value.who +")
        #expect(throws: TopicFileError.self) { try TopicDefinition.parse(broken, file: path) }
        let outside = Self.file("a", ["format": "format: json", "map": "map: ../bills.yaml"])
        #expect(throws: TopicFileError.self) { try TopicDefinition.parse(outside, file: path) }
    }

    /// Claims of two topics in one folder; the location of the second and that of the first are in the message.
    @Test(arguments: [
        ("[/bank/a, /hall]", "[/rail, /bank]", "b.yaml:14:18: error: `/bank` overlaps `/bank/a`, which "),
        ("[/bank]", "[/bank]", "b.yaml:14:11: error: `/bank` overlaps `/bank`, which "),
        ("[/bank]", "[/a, /bankrupt]", "b.yaml:14:15: error: `/bankrupt` overlaps `/bank`, which "),
        ("[/bank/, /bank]", "[/ban, /z]", "b.yaml:14:11: error: `/ban` overlaps `/bank`, which "),
        ("[/bank/a, /bank/b]", "[/bank/c, /bank]", "b.yaml:14:20: error: `/bank` overlaps `/bank/a`, which "),
    ])
    func declarationsThatOverlapAreRefusedWithBothLocations(
        _ first: String, _ second: String, _ message: String
    ) throws {
        try check(
            [Self.file("a", ["sources": "sources: \(first)"]), Self.file("b", ["sources": "sources: \(second)"])],
            message)
    }

    /// A map may give a source that begins with what another topic declares, where its own topic declares none.
    @Test(arguments: ["/bank", "/bank/7"]) func aMapThatClaimsAnothersSourceIsRefused(source: String) throws {
        let map = "map: {source: \(source), type: bill.paid, subject: key, time: timestamp}"
        let changes: [String: String?] = ["sources": "format: json", "map": map]
        let message = "b.yaml:16:6: error: the map gives the source `\(source)`, which begins with `/bank`, which "
        try check([Self.file("a"), Self.file("b", changes)], message)
    }

    /// The first file's line 14 is in the message.
    private func check(_ files: [String], _ message: String) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: folder.appending(path: "schemas"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["behaviour.dead-letter.yaml", "standing.control.yaml", "standing.ledger.yaml"] {
            try FileManager.default.copyItem(
                at: ShippedTopics.folder.appending(path: name), to: folder.appending(path: name))
        }
        for schema in ["event.json", "control.json", "dead-letter.json"] {
            try Data("{}".utf8).write(to: folder.appending(path: "schemas/\(schema)"))
        }
        for (name, text) in zip(["a", "b"], files) {
            try Data(text.utf8).write(to: folder.appending(path: "\(name).yaml"))
        }
        let path = folder.path(percentEncoded: false)
        do throws(TopicFileError) {
            _ = try TopicDefinition.load(directory: path)
            Issue.record("no error")
        } catch {
            #expect(!error.diagnostics.isEmpty)
            #expect(error.description.contains(message) && error.description.contains("a.yaml:14:"), "\(error)")
        }
    }

    @Test func everyShippedSourceIsDeclared() throws {
        let sources = try ShippedTopics.load().filter { $0.role == .source }
        #expect(!sources.isEmpty && sources.allSatisfy { $0.declaration != nil })
    }
}
