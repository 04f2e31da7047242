import Events
import Kafka
import Pipeline
import Scoring
import Testing

extension PipelineServiceTests {
    @Suite struct DeadLetterTests {
        private typealias Fixture = PipelineFixture

        /// A record that is no event, and the reason its dead letter gives.
        private struct Bad {
            var sent: Fixture.Sent
            var code: String
        }

        /// A well-formed bill with one text replaced.
        private static func bill(
            _ text: String, _ replacement: String, in topic: String = Fixture.bills
        ) throws -> Fixture.Sent {
            let whole = """
                {"specversion":"1.0","id":"x","source":"/hamlet","type":"bill.paid","subject":"anna",\
                "time":"2020-01-01T00:00:00Z","data":{}}
                """
            try #require(whole.contains(text))
            return record(Array(whole.replacing(text, with: replacement).utf8), in: topic)
        }

        private static func record(
            _ value: [UInt8]?, headers: [Fixture.Sent.Header] = Fixture.structured, in topic: String = Fixture.bills
        ) -> Fixture.Sent {
            Fixture.Sent(
                topic: topic, key: Array("anna".utf8), value: value,
                headers: headers + [.init("trace", bytes: [0, 255])])
        }

        /// A bill in binary mode, and more headers.
        private static func binary(_ value: String, _ more: Fixture.Sent.Header...) -> Fixture.Sent {
            let headers: [Fixture.Sent.Header] = [
                .init("ce_specversion", "1.0"), .init("ce_id", "x"), .init("ce_source", "/hamlet"),
                .init("ce_type", "bill.paid"), .init("ce_subject", "anna"), .init("ce_time", "2020-01-01T00:00:00Z"),
            ]
            return record(Array(value.utf8), headers: headers + more)
        }

        private static func table() throws -> [Bad] {
            let subject = #""subject":"anna","#
            let time = #""time":"2020-01-01T00:00:00Z","#
            let type = #""type":"bill.paid""#
            return [
                Bad(sent: record(Array("no JSON".utf8)), code: "event/not-an-object"),
                Bad(sent: record(Array(#"{"specversion":"1.0","#.utf8)), code: "event/not-json"),
                Bad(sent: record([]), code: "event/not-json"),
                Bad(sent: record(Array("[1]".utf8)), code: "event/not-an-object"),
                Bad(sent: try bill(#""1.0""#, #""0.3""#), code: "specversion/wrong-version"),
                Bad(sent: try bill(subject, ""), code: "subject/missing"),
                Bad(sent: try bill(#""anna""#, #""""#), code: "subject/empty"),
                Bad(sent: try bill(time, ""), code: "time/missing"),
                Bad(sent: try bill("2020-01-01", "2020-13-01"), code: "time/not-a-time"),
                Bad(sent: try bill("2020-01-01", "9020-01-01"), code: "time/in-the-future"),
                Bad(
                    sent: try bill("{}}", #"{"x":"\#(String(repeating: "x", count: 2 * 1024 * 1024))"}}"#),
                    code: "event/too-large"),
                Bad(
                    sent: record(Array(#"{"specversion":"1.0","id":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)),
                    code: "event/invalid-utf-8"),
                Bad(sent: try bill(subject, subject + subject), code: "subject/duplicate-key"),
                Bad(sent: record(nil), code: "event/null-value"),
                Bad(sent: try bill(type, #""type":"standing.subject.enrolled""#), code: "type/reserved-type"),
                Bad(
                    sent: try bill(type, #""type":"standing.subject.crowned""#, in: Fixture.control),
                    code: "type/unknown-control-type"),
                Bad(
                    sent: try bill(
                        type + #","subject":"anna","time":"2020-01-01T00:00:00Z","data":{}"#,
                        #""type":"standing.subject.enrolled","subject":"anna","time":"2020-01-01T00:00:00Z","#
                            + #""data":{"kind":"dragon","terms":"1"}"#,
                        in: Fixture.control),
                    code: "data/unknown-kind"),
                Bad(sent: record(Array("{}".utf8), headers: []), code: "event/not-cloudevents"),
                // `RecordDecoderTests`, `MediaTypeTests`, `TimestampTests` and `ControlSchemaTests` have the tables of these.
                Bad(sent: binary(#"{"x":1}"#, .init("ce_subject", "bert")), code: "subject/duplicate-key"),
                Bad(sent: binary(#"{"x":2}"#, .init("ce_type", "bill.paid")), code: "type/duplicate-key"),
                Bad(
                    sent: binary(#"{"x":3}"#, .init("content-type", "application/cloudevents-batch+json")),
                    code: "content-type/unsupported"),
                Bad(sent: try bill(#""anna""#, #""anna\u0085""#), code: "subject/control-character"),
                Bad(sent: try bill(#""x""#, "\"x\u{9F}\""), code: "id/control-character"),
                Bad(sent: try bill(#""/hamlet""#, #""/hamlet\uFFFE""#), code: "source/noncharacter"),
                Bad(sent: try bill("2020-01-01T00:00:00Z", "2020-01-01T12:30:60Z"), code: "time/not-a-time"),
                Bad(
                    sent: Fixture.event(
                        "no-terms", "standing.subject.enrolled", of: "bert", data: #"{"kind":"individual"}"#,
                        to: Fixture.control),
                    code: "data/missing-member"),
            ]
        }

        @Test func aBadRecordCostsOneDeadLetter() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let table = try Self.table()
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna")])
                try fixture.waitForFold(of: 1, by: service)
                try fixture.send(
                    table.enumerated().flatMap { [$1.sent, Fixture.bill("good-\($0)", of: "anna")] })
                try fixture.wait("every record") {
                    service.status.intake.records >= Int64(1 + 2 * table.count)
                }
                try fixture.waitForFold(of: 1 + table.count, by: service)

                var expected: [String: Int64] = [:]
                for bad in table { expected[bad.code, default: 0] += 1 }
                #expect(service.status.intake.deadLetters == expected)
                guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else {
                    Issue.record("no standing")
                    return
                }
                #expect(answer.standing.level.score == Int64(500 + 10 * table.count))
            }

            var letters = try fixture.read(fixture.topics.deadLetter)
            #expect(letters.count == table.count)
            let originals = try fixture.read(Fixture.bills) + fixture.read(Fixture.control)
            for bad in table {
                let original = try #require(
                    originals.first { $0.topicPartition.topic == bad.sent.topic && $0.value == bad.sent.value },
                    "\(bad.code)")
                // Found by where it says that it comes from.
                let index = try #require(
                    letters.firstIndex {
                        $0.header("__connect.errors.topic") == original.topicPartition.topic
                            && $0.header("__connect.errors.partition") == String(original.topicPartition.partition)
                            && $0.header("__connect.errors.offset") == String(original.offset)
                    }, "\(bad.code)")
                let letter = letters.remove(at: index)
                #expect(letter.key == bad.sent.key)
                #expect(letter.value == bad.sent.value, "\(bad.code)")
                #expect(Array(letter.headers.prefix(bad.sent.headers.count)) == bad.sent.headers)
                #expect(letter.header("__connect.errors.exception.class.name") == bad.code)
                #expect(letter.header("__connect.errors.exception.message")?.isEmpty == false)
            }
            #expect(letters.isEmpty)
        }
    }
}
