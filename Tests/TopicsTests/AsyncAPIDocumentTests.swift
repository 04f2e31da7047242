import Foundation
import Policy
import Testing
import Topics

@Suite struct AsyncAPIDocumentTests {
    private static let asyncAPI = URL(filePath: #filePath)
        .appending(path: "../../../../shared/vectors/asyncapi-3.0.0.schema.json").standardized
    private static let groups = AsyncAPIDocument.Groups(
        intake: "standing-intake", fold: "standing-fold", perks: "standing-perks", blacklist: "standing-blacklist")

    private static func document(
        _ topics: [TopicDefinition], prefix: String = ""
    ) throws -> (document: AsyncAPIDocument, json: [String: Any]) {
        let document = try AsyncAPIDocument(topics, topicPrefix: prefix, groups: groups) {
            file throws(TopicFileError) in try TopicDefinition.schema(file, directory: nil)
        }
        let json = try JSONSerialization.jsonObject(with: Data(document.json.utf8))
        return (document, try #require(json as? [String: Any]))
    }

    private static func member(_ json: Any?, _ names: String...) -> Any? {
        names.reduce(json) { ($0 as? [String: Any])?[$1] }
    }

    @Test func theShippedDocumentIsTheOneOfTheShippedTopics() throws {
        let shipped = try String(contentsOf: ShippedTopics.folder.appending(path: "asyncapi.json"), encoding: .utf8)
        let document = try Self.document(try ShippedTopics.load()).document
        #expect(
            document.json == shipped, "write it anew: standing topics asyncapi --output json > topics/asyncapi.json")
    }

    @Test func everyTopicIsAChannelWithMessagesAndOperations() throws {
        let topics = try ShippedTopics.load()
        let json = try Self.document(topics).json
        let channels = try #require(json["channels"] as? [String: Any])
        let operations = try #require(json["operations"] as? [String: [String: Any]])
        #expect(channels.keys.sorted() == topics.map(\.name))
        for topic in topics {
            let channel = channels[topic.name]
            let kafka = Self.member(channel, "bindings", "kafka")
            #expect(Self.member(kafka, "partitions") as? Int == topic.partitions)
            let retention = Self.member(kafka, "topicConfiguration", "retention.ms") as? Int
            #expect(retention.map { String($0) } == topic.settings["retention.ms"])
            #expect(Self.member(channel, "x-role") as? String == topic.role.rawValue)
            #expect((Self.member(channel, "x-sequence") != nil) == (topic.role == .facts), "\(topic.name)")
            #expect((Self.member(channel, "messages") as? [String: Any])?.isEmpty == false, "\(topic.name)")
            let own = operations.values.filter {
                Self.member($0["channel"], "$ref") as? String == "#/channels/\(topic.name)"
            }
            #expect(!own.isEmpty, "\(topic.name)")
        }
    }

    @Test func standingReceivesEventsAndSendsFacts() throws {
        let json = try Self.document(try ShippedTopics.load(), prefix: "test.").json
        let operations = json["operations"]
        #expect(Self.member(operations, "behaviour.community.intake", "action") as? String == "receive")
        #expect(Self.member(operations, "standing.sanctions.publish", "action") as? String == "send")
        let group = Self.member(operations, "standing.perks.perks", "bindings", "kafka", "groupId", "const")
        #expect(group as? String == "standing-perks")
        #expect(Self.member(json["channels"], "standing.perks", "address") as? String == "test.standing.perks")
        let sanctions = Self.member(json["channels"], "standing.sanctions", "messages") as? [String: Any]
        let states = ["in-force", "lifted", "noticed", "stayed"]
        #expect(sanctions?.keys.sorted() == states.map { "standing.sanction.\($0)" })
    }

    /// A document's schema says of a record what the topic's own schema says.
    @Test func itsSchemasAreThoseOfTheTopics() throws {
        let document = try Self.document(try ShippedTopics.load())
        var root = try #require(document.json["components"] as? [String: Any])
        root = ["components": root, "$ref": "#/components/messages/control.standing.subject.enrolled/payload"]
        let schema = try JSONSchema(String(decoding: try JSONSerialization.data(withJSONObject: root), as: UTF8.self))
        // Of its components only the schema that is meant counts.
        let event =
            #"{"specversion":"1.0","id":"e1","source":"/desk","type":"standing.subject.enrolled","subject":"anna","#
            + #""time":"2026-01-02T03:04:05Z","data":{"kind":"individual","terms":"1"}}"#
        #expect(try schema.errors(in: event).filter { !$0.contains("unknown `components`") } == [])
        let bad = event.replacing("individual", with: "robot")
        #expect(try schema.errors(in: bad).contains("$.data.kind: is none of the choices"))
    }

    @Test func yamlAndJSONSayTheSame() throws {
        let document = try Self.document(try ShippedTopics.load()).document
        let reader = YAMLReader(document.yaml)
        let json = try #require(reader.root.flatMap { reader.json($0) })
        #expect(reader.mistakes == [])
        let values = try [json, document.json].map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? NSDictionary)
        }
        #expect(values[0] == values[1])
        #expect(document.yaml.split(separator: "\n").allSatisfy { !$0.hasSuffix(" ") })
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: asyncAPI.path), "shared/ is not here"))
    func itIsAnAsyncAPI3Document() throws {
        let schema = try JSONSchema(contentsOf: Self.asyncAPI)
        let text = try Self.document(try ShippedTopics.load()).document.json
        #expect(try schema.errors(in: text) == [])
        for (good, bad) in [
            (#""asyncapi": "3.0.0""#, #""asyncapi": "3.0""#), (#""action": "send""#, #""action": "tell""#),
            (#""partitions": 12"#, #""partitions": 0"#), (#""type": "object""#, #""type": "thing""#),
            (#""x-role""#, #""role""#),
        ] { #expect(try schema.errors(in: text.replacing(good, with: bad)) != [], "\(bad)") }
    }

    @Test func aSchemaThatIsMissingIsNamed() throws {
        let topics = try ShippedTopics.load()
        var topic = try #require(topics.first)
        topic.schema = "absent.json"
        let message = try #require(throws: TopicFileError.self) { try Self.document([topic]) }.description
        #expect(message.contains("schemas/absent.json"))
    }
}
