import Foundation
import Testing
import Topics

@Suite struct TopicFileTests {
    private static let ledger = """
        name: a.ledger
        title: The ledger
        role: ledger
        key: none
        partitions: 12
        repartition: never
        retention: forever
        schema: frame
        written-by: intake
        read-by: [fold, archive]

        """

    /// A source topic; `changes` replaces whole lines by their key, nil takes one away.
    private static func source(_ changes: [String: String?] = [:]) -> String {
        let lines = [
            ("name", "name: a.source"), ("title", "title: A source"), ("role", "role: source"),
            ("key", "key: subject"), ("partitions", "partitions: 6"), ("retention", "retention: 14 days"),
            ("schema", "schema: event.json"), ("written-by", "written-by: banks"), ("read-by", "read-by: intake"),
        ]
        return lines.compactMap { key, line in changes[key].map { $0 } ?? line }.joined(separator: "\n") + "\n"
    }

    private func errors(_ text: String) -> String {
        do throws(TopicFileError) {
            _ = try TopicDefinition.parse(text, file: "t.yaml")
            return ""
        } catch {
            return error.description
        }
    }

    @Test func everyKeyIsRead() throws {
        let text = """
            name: a.b
            title: A topic
            description: >-
              Two
              lines.
            role: dead-letter
            key: original
            partitions: 3
            replication: 2
            cleanup: compact
            retention: 36 hours
            config: {max.message.bytes: 8388608, compression.type: lz4, preallocate: true}
            schema: s.json
            written-by: [x, y]
            read-by: z
            """
        let topic = try TopicDefinition.parse(text, file: "t.yaml")
        #expect(topic.name == "a.b")
        #expect(topic.title == "A topic")
        #expect(topic.description == "Two lines.")
        #expect(topic.role == .deadLetter)
        #expect(topic.key == .original)
        #expect(topic.partitions == 3)
        #expect(topic.replication == 2)
        #expect(topic.cleanup == .compact)
        #expect(topic.retention == .milliseconds(129_600_000))
        #expect(topic.schema == "s.json")
        #expect(topic.writtenBy == ["x", "y"])
        #expect(topic.readBy == ["z"])
        #expect(!topic.neverRepartitioned)
        #expect(
            topic.settings == [
                "cleanup.policy": "compact", "retention.ms": "129600000", "max.message.bytes": "8388608",
                "compression.type": "lz4", "preallocate": "true",
            ])
    }

    @Test func defaults() throws {
        let topic = try TopicDefinition.parse(Self.ledger, file: "t.yaml")
        #expect(topic.description == "")
        #expect(topic.replication == TopicDefinition.brokersReplication)
        #expect(topic.neverRepartitioned)
        #expect(topic.settings == ["cleanup.policy": "delete", "retention.ms": "-1"])
    }

    @Test(arguments: [
        ("retention", "retention: 7 day", 604_800_000), ("retention", "retention: 1 minute", 60_000),
    ])
    func retention(_ key: String, _ line: String, _ milliseconds: Int64) throws {
        let topic = try TopicDefinition.parse(Self.source([key: line]), file: "t.yaml")
        #expect(topic.retention == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        ("name", "name: a/b", "1:7: error: a topic's name has letters, digits, `.`, `_` and `-`, at most 249"),
        ("name", "name: ..", "1:7: error: a topic's name has letters, digits, `.`, `_` and `-`, at most 249"),
        ("name", "name: 12", "1:7: error: `name` is a text"),
        ("name", nil, "1:1: error: `name` is missing"),
        ("title", "title: [a]", "2:8: error: `title` is a text"),
        (
            "role", "role: master",
            "3:7: error: `role` is one of `source`, `control`, `ledger`, `facts`, `dead-letter`, `checkpoints`, `members`, `audit`"
        ),
        (
            "key", "key: yes",
            "4:6: error: `key` is one of `subject`, `none`, `original`, `ledger-partition`, `member`, `writer`"
        ),
        ("partitions", "partitions: 0", "5:13: error: `partitions` is an integer from 1 to 100000"),
        ("partitions", "partitions: \"6\"", "5:13: error: `partitions` is an integer from 1 to 100000"),
        ("partitions", "partitions: 1.5", "5:13: error: `partitions` is an integer from 1 to 100000"),
        ("partitions", nil, "1:1: error: `partitions` is missing"),
        (
            "retention", "retention: 7",
            "6:12: error: `retention` is `forever`, or a number of `days`, `hours` or `minutes` such as `7 days`"
        ),
        (
            "retention", "retention: 0 days",
            "6:12: error: `retention` is `forever`, or a number of `days`, `hours` or `minutes` such as `7 days`"
        ),
        (
            "retention", "retention: 999999999999 days",
            "6:12: error: `retention` is `forever`, or a number of `days`, `hours` or `minutes` such as `7 days`"
        ),
        ("read-by", "read-by: {a: b}", "9:10: error: `read-by` is a text"),
        ("read-by", "read-by: [a, 2]", "9:14: error: `read-by` is a text"),
        ("read-by", "read-by: a\nrepartition: 6", "10:14: error: `repartition` is `never` or left out"),
        (
            "read-by", "read-by: a\nreplication: 0",
            "10:14: error: `replication` is an integer from 1 to 32767, or -1 for the broker's default"
        ),
        ("read-by", "read-by: a\ncleanup: both", "10:10: error: `cleanup` is one of `delete`, `compact`"),
        ("read-by", "read-by: a\nconfig: 5", "10:9: error: `config` must be a mapping"),
        (
            "read-by", "read-by: a\nconfig:\n  retention.ms: 5",
            "11:3: error: `retention.ms` is set by `retention`"
        ),
        (
            "read-by", "read-by: a\nconfig:\n  a.b: [5]",
            "11:8: error: the value of `a.b` is a text, an integer, `true` or `false`"
        ),
    ])
    func wrongValues(_ key: String, _ line: String?, _ expected: String) {
        #expect(errors(Self.source([key: line])) == "t.yaml:" + expected)
    }

    @Test func unknownKeysComeWithASuggestion() {
        #expect(
            errors(Self.source(["partitions": "partition: 6", "title": "title: A source\nnonsense: 1"])) == """
                t.yaml:1:1: error: `partitions` is missing
                t.yaml:3:1: error: unknown key `nonsense`
                t.yaml:6:1: error: unknown key `partition`; did you mean `partitions`?
                """)
    }

    @Test func everyErrorOfAFileAtOnceInItsOrder() {
        #expect(
            errors(Self.source(["schema": "schema: 5", "partitions": "partitions: -1", "key": "key: id"])) == """
                t.yaml:4:6: error: `key` is one of `subject`, `none`, `original`, `ledger-partition`, `member`, `writer`
                t.yaml:5:13: error: `partitions` is an integer from 1 to 100000
                t.yaml:7:9: error: `schema` is a text
                """)
    }

    @Test(arguments: [
        ("", "t.yaml:1:1: error: the document is empty"),
        ("a: 1\na: 2\n", "t.yaml:2:1: error: the key a stands here for a second time"),
        ("config:\n  x: 1\n  x: 2\n", "t.yaml:3:3: error: the key x stands here for a second time"),
        ("name: [a\n", "t.yaml:2:1: error: did not find expected ',' or ']'"),
        ("name: *a\n", "t.yaml:1:7: error: found undefined alias: aliases are not supported here"),
        ("name: &a b\ntitle: *a\n", "t.yaml:2:8: error: \"*a\": aliases are not supported here"),
        ("name: \"a\"#b\n", "t.yaml:1:10: error: a comment needs white space before its #"),
        ("- a\n", "t.yaml:1:1: error: a topic file must be a mapping"),
    ])
    func badYAML(_ text: String, _ expected: String) { #expect(errors(text) == expected) }

    /// YAML 1.1 had a number in base 8, a boolean, a number in base 60, one in base 2, and a day in these.
    @Test func valuesAreThoseOfYAML12() throws {
        let changes = [
            "partitions": "partitions: 012", "title": "title: 2026-01-01", "read-by": "read-by: [yes, on, 1:30, 0b11]",
            "schema": "schema: event.json\nreplication: 0x3\nconfig: {a: on, b: 1_000, c: 012, d: True, e: '5'}",
        ]
        let topic = try TopicDefinition.parse(Self.source(changes), file: "t.yaml")
        #expect(topic.partitions == 12)
        #expect(topic.replication == 3)
        #expect(topic.title == "2026-01-01")
        #expect(topic.readBy == ["yes", "on", "1:30", "0b11"])
        #expect(topic.config == ["a": "on", "b": "1_000", "c": "12", "d": "true", "e": "5"])
    }

    @Test(arguments: ["\u{85}", "\u{2028}", "\u{2029}"]) func aSeparatorInACommentIsNoLineBreak(separator: String)
        throws
    {
        let text = Self.source(["partitions": "partitions: 6 # \(separator)cleanup: compact"])
        #expect(try TopicDefinition.parse(text, file: "t.yaml") == TopicDefinition.parse(Self.source(), file: "t.yaml"))
    }

    @Test(arguments: [
        ("repartition: never\n", "", "t.yaml:1:1: error: the role `ledger` needs `repartition: never`"),
        ("retention: forever", "retention: 7 days", "t.yaml:7:12: error: a ledger is kept for ever"),
        ("schema: frame", "cleanup: compact", "t.yaml:8:10: error: a ledger is kept for ever: it is never compacted"),
        (
            "schema: frame", "schema: frame\nconfig: {retention.bytes: 5}",
            "t.yaml:9:9: error: a ledger is kept for ever: `retention.bytes` is -1 or left out"
        ),
    ])
    func aLedgerIsKeptAsItIs(_ old: String, _ new: String, _ expected: String) {
        #expect(errors(Self.ledger.replacing(old, with: new)).split(separator: "\n").contains(Substring(expected)))
    }

    /// Loads a folder with these files, a schema `event.json` among them, and shows its errors without its path.
    private func load(_ files: [String: String], bytes: [String: [UInt8]] = [:]) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "topics-\(UUID().uuidString)")
        let schemas = folder.appending(path: "schemas")
        try FileManager.default.createDirectory(at: schemas, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("{}".utf8).write(to: schemas.appending(path: "event.json"))
        for (name, text) in files { try Data(text.utf8).write(to: folder.appending(path: name)) }
        for (name, bytes) in bytes { try Data(bytes).write(to: folder.appending(path: name)) }
        let path = folder.path(percentEncoded: false)
        do throws(TopicFileError) {
            return try TopicDefinition.load(directory: path).map(\.name).joined(separator: " ")
        } catch {
            return error.description.replacing(path + "/", with: "").replacing(path, with: "FOLDER")
        }
    }

    private static let control = source(["name": "name: a.control", "role": "role: control"])
    private static let deadLetter = source(["name": "name: a.dead-letter", "role": "role: dead-letter"])
    private static let facts = source([
        "name": "name: a.facts", "role": "role: facts", "partitions": "partitions: 12\nrepartition: never",
    ])

    private static let folder = [
        "1.yaml": source(), "2.yaml": ledger, "3.yaml": facts, "4.yaml": deadLetter, "5.yaml": control, "README": "",
    ]

    @Test func aFolderIsSortedByName() throws {
        #expect(try load(Self.folder) == "a.control a.dead-letter a.facts a.ledger a.source")
    }

    @Test func rolesThatMustBeThereOnce() throws {
        #expect(
            try load(["1.yaml": Self.source()]) == """
                FOLDER: error: no topic has the role `control`
                FOLDER: error: no topic has the role `ledger`
                FOLDER: error: no topic has the role `dead-letter`
                """)
        let second = Self.control.replacing("a.control", with: "a.second")
        #expect(
            try load(Self.folder.merging(["6.yaml": second]) { $1 })
                == "6.yaml:3:7: error: 5.yaml has the role `control` already")
    }

    @Test func whatFilesMustAgreeOn() throws {
        let changes = [
            "3.yaml": Self.facts.replacing("12", with: "6"),
            "6.yaml": Self.source(),
            "7.yaml": Self.source(["name": "name: a.other", "schema": "schema: none.json"]),
        ]
        #expect(
            try load(Self.folder.merging(changes) { $1 }) == """
                6.yaml:1:7: error: `a.source` is defined in 1.yaml too
                7.yaml:7:9: error: there is no file `schemas/none.json`
                3.yaml:5:13: error: the facts of a ledger partition go to the partition of the same number: \
                `a.ledger` has 12
                """)
    }

    @Test func theErrorsOfAllFilesAtOnce() throws {
        let large = String(repeating: "#", count: TopicDefinition.maximumFileBytes + 1)
        #expect(
            try load(["1.yaml": "", "2.yaml": Self.source(["key": "key: 1"]), "3.yaml": large]) == """
                1.yaml:1:1: error: the document is empty
                2.yaml:4:6: error: `key` is one of `subject`, `none`, `original`, `ledger-partition`, `member`, `writer`
                3.yaml: error: is larger than 65536 bytes
                """)
    }

    @Test func bytesThatAreNotUTF8AreNamedWithTheirLocation() throws {
        let files = [
            "1.yaml": Array("name: a\ntitle: Stra".utf8) + [0xDF, 0x65], "2.yaml": [0xFF, 0xFE, 0x6E, 0x00],
        ]
        #expect(
            try load([:], bytes: files) == """
                1.yaml:2:12: error: the byte 0xDF is not UTF-8: save the file as UTF-8
                2.yaml:1:1: error: the file is UTF-16 or UTF-32: save it as UTF-8
                """)
    }

    @Test func aFolderThatIsNotThere() {
        #expect(throws: TopicFileError.self) { try TopicDefinition.load(directory: "/does/not/exist") }
    }

    @Test func theProgramCarriesTheShippedFolder() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: ShippedTopics.folder.path)
        #expect(BuiltInTopics.files.map(\.name) == names.filter { $0.hasSuffix(".yaml") }.sorted())
        for (name, text) in BuiltInTopics.files {
            let file = try String(contentsOf: ShippedTopics.folder.appending(path: name), encoding: .utf8)
            #expect(text == file, "\(name) is not as in Sources/Topics/BuiltInTopics.swift")
        }
        #expect(try TopicDefinition.builtIn() == ShippedTopics.load())
    }

    @Test func theProgramCarriesTheShippedSchemas() throws {
        let folder = ShippedTopics.folder.appending(path: "schemas")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(BuiltInTopics.schemas.map(\.name) == names.sorted())
        for (name, text) in BuiltInTopics.schemas {
            let file = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            #expect(text == file, "\(name) is not as in Sources/Topics/BuiltInTopics+Schemas.swift")
        }
    }

    @Test func theShippedFolderLoads() throws {
        let topics = try ShippedTopics.load()
        #expect(
            topics.map(\.name) == [
                "behaviour.commerce", "behaviour.community", "behaviour.dead-letter", "behaviour.payments",
                "behaviour.transport", "standing.audit", "standing.checkpoints", "standing.control", "standing.ledger",
                "standing.members", "standing.perks", "standing.sanctions", "standing.score-changes",
            ])
        let ledger = try #require(topics.first { $0.role == .ledger })
        #expect(ledger.partitions == 12)
        #expect(ledger.settings["retention.ms"] == "-1")
        #expect(ledger.settings["max.message.bytes"] == String(8 << 20))
        #expect(topics.filter { $0.role == .facts }.allSatisfy { $0.neverRepartitioned && $0.retention == .forever })
    }
}
