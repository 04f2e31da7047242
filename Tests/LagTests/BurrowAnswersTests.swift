import Foundation
import Lag
import Testing

/// The shapes that Burrow's wiki and its source give, which its clients read.
@Suite struct BurrowAnswersTests {
    private let answers = BurrowAnswers(
        fixtureReport, cluster: "local", brokers: ["one:9092", "two:9092"], host: "here")

    private func answer(_ segments: String...) throws -> (isFound: Bool, json: [String: Any]) {
        let path = "/v3/kafka" + segments.map { "/" + $0 }.joined()
        let answer = answers.answer(segments, path: path)
        let json = try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        #expect(json["request"] as? [String: String] == ["url": path, "host": "here"])
        #expect(json["error"] is Bool && json["message"] is String)
        return (answer.isFound, json)
    }

    @Test func listsHaveBurrowsKeysAndMessages() throws {
        for (segments, message, key, values) in [
            ([], "cluster list returned", "clusters", ["local"]),
            (["local", "topic"], "topic list returned", "topics", ["mails", "orders"]),
            (["local", "consumer"], "consumer list returned", "consumers", ["billing", "mailer", "search"]),
            (
                ["local", "topic", "orders", "consumers"], "consumers of topic returned", "consumers",
                ["billing", "search"]
            ),
        ] as [([String], String, String, [String])] {
            let body = answers.answer(segments, path: "/p").body
            let json = try #require(JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
            #expect(json["error"] as? Bool == false)
            #expect(json["message"] as? String == message)
            #expect(json[key] as? [String] == values)
        }
        let module = try #require(try answer("local").json["module"] as? [String: Any])
        #expect(module["class-name"] as? String == "kafka")
        #expect(module["servers"] as? [String] == ["one:9092", "two:9092"])
    }

    @Test func whatIsNotThereIsBurrowsError() throws {
        for segments in [
            ["other", "consumer"], ["local", "consumer", "none"], ["local", "topic", "none"], ["local", "nothing"],
            ["local", "topic", "none", "consumers"], ["other"],
        ] {
            let answer = answers.answer(segments, path: "/p")
            #expect(!answer.isFound)
            let json = try #require(JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
            #expect(json["error"] as? Bool == true && Set(json.keys) == ["error", "message", "request"], "\(segments)")
        }
        // A status is answered also of a group that is not there.
        let (isFound, json) = try answer("local", "consumer", "none", "status")
        #expect(!isFound && json["error"] as? Bool == false)
        #expect((json["status"] as? [String: Any])?["status"] as? String == "NOTFOUND")
    }

    @Test func endsOfATopicAreInTheOrderOfItsPartitions() throws {
        #expect(try answer("local", "topic", "orders").json["offsets"] as? [Int] == [100, 90])
    }

    /// As of the wiki's page of a consumer group's status.
    @Test func aStatusHasBurrowsKeys() throws {
        let status = try #require(try answer("local", "consumer", "billing", "lag").json["status"] as? [String: Any])
        #expect(
            Set(status.keys) == [
                "cluster", "group", "status", "complete", "partitions", "partition_count", "maxlag", "totallag",
            ])
        #expect(status["status"] as? String == "OK" && status["partition_count"] as? Int == 2)
        #expect(status["totallag"] as? Int == 10)
        let most = try #require(status["maxlag"] as? [String: Any])
        #expect(
            Set(most.keys) == [
                "topic", "partition", "owner", "client_id", "status", "start", "end", "current_lag", "complete",
            ])
        #expect(most["topic"] as? String == "orders" && most["partition"] as? Int == 1)
        #expect(most["owner"] as? String == "10.0.0.1" && most["client_id"] as? String == "app")
        let start = try #require(most["start"] as? [String: Any])
        #expect(Set(start.keys) == ["offset", "timestamp", "observedAt", "lag"])
        #expect(start["offset"] as? Int == 50 && start["lag"] as? Int == 10)
        #expect(start["timestamp"] as? Int64 == fixtureTime - 10_000)
        #expect((most["end"] as? [String: Any])?["offset"] as? Int == 80)
    }

    @Test func aStatusWithoutAllHasOnlyTheBadPartitions() throws {
        func partitions(_ group: String, _ which: String) throws -> [String] {
            let status = try answer("local", "consumer", group, which).json["status"] as? [String: Any]
            return (status?["partitions"] as? [[String: Any]] ?? []).compactMap { $0["status"] as? String }
        }
        #expect(try partitions("billing", "status") == [])
        #expect(try partitions("billing", "lag") == ["OK", "OK"])
        #expect(try partitions("search", "status") == ["STALL"])
        #expect(try partitions("mailer", "status") == ["UNKNOWN"])
    }

    @Test func aGroupIsInErrorIfAPartitionStandsStill() throws {
        for (group, status) in [("billing", "OK"), ("search", "ERR"), ("mailer", "UNKNOWN")] {
            let found = try answer("local", "consumer", group, "status").json["status"] as? [String: Any]
            #expect(found?["status"] as? String == status)
        }
    }

    /// A client that takes null for 0 is its own affair: here it is null.
    @Test func whatIsUnknownIsNull() throws {
        let status = try #require(try answer("local", "consumer", "mailer", "lag").json["status"] as? [String: Any])
        #expect(status["totallag"] is NSNull)
        let partitions = try #require(status["partitions"] as? [[String: Any]])
        #expect(partitions.first?["current_lag"] is NSNull)
        #expect(partitions.first?["start"] is NSNull && partitions.first?["end"] is NSNull)
        let detail = try #require(try answer("local", "consumer", "mailer").json["topics"] as? [String: Any])
        let mails = try #require(detail["mails"] as? [[String: Any]])
        #expect(Set(mails[0].keys) == ["offsets", "owner", "client_id", "current-lag"])
        #expect(mails[0]["current-lag"] is NSNull && mails[1]["current-lag"] as? Int == 0)
    }
}
