import Foundation
import HTTP
import Kafka
import NIOCore
import Scoring
import Testing

@testable import Pipeline
@testable import Query

/// A stream of the changes of ledger partition 3.
struct ChangeEventsTests {
    private static let subject = "citizen-17"

    private let feed = ChangeFeed(SystemRuntime())

    init() { feed[3].begin(published: [0, 0, 0]) }

    private static func fact(_ number: Int64, of subject: String) -> [UInt8] {
        Array(
            (#"{"specversion":"1.0","id":"3-\#(number)-0-0","source":"/standing/town/card","type":"standing.score.changed","#
                + #""subject":"\#(subject)","time":"2026-01-02T03:04:05Z","sequence":"\#(number)","#
                + #""data":{"policy":{"id":"card","version":3},"cause":{"source":"/bank/\#(subject)","id":"b","type":"bill.paid"},"#
                + #""reasons":[],"before":null,"after":{"score":600,"band":"B"}}}"#).utf8)
    }

    /// Facts that are sent and acknowledged.
    private func publish(_ numbers: ClosedRange<Int64>, of subject: String = subject) {
        for number in numbers {
            let (key, value) = (Array(subject.utf8), Self.fact(number, of: subject))
            feed[3].withLock { state in
                key.withUnsafeBytes { key in
                    value.withUnsafeBytes { value in
                        state.ring.append(
                            .scoreChanged, count: number, sequence: number, at: 0, key: key, value: value)
                    }
                }
            }
        }
        feed[3].acknowledge([Publication.Mark(offset: 0, sequence: numbers.upperBound), nil, nil])
    }

    private func stream(
        _ scope: ChangeSubscription.Scope = .everything, from token: String? = nil, form: ChangeEvents.Form = .whole,
        most: Int? = nil, here: [Int32] = [3]
    ) throws -> ChangeEvents {
        let subscription = try #require(feed.subscribe(scope, from: token.flatMap { ChangeToken($0) }))
        return ChangeEvents(subscription, form: form, most: most, read: "/overview") {
            PipelineService.ChangeRouting(here: here, elsewhere: [(5, "10.0.0.2:8080")], nowhere: [])
        }
    }

    private func next(_ stream: ChangeEvents) async -> (text: String, continues: Bool) {
        var events = ServerSentEvents()
        let continues = await stream.next(into: &events, until: .now)
        return (String(buffer: events.take()), continues)
    }

    @Test func aStreamBeginsWithItsPartitionsAndGoesOnWithFacts() async throws {
        let stream = try stream()
        let begun = await next(stream)
        #expect(
            begun.text == "event: partitions\n"
                + #"data: {"here":[3],"elsewhere":[{"partition":5,"address":"10.0.0.2:8080"}],"nowhere":[]}"# + "\n\n")
        #expect(begun.continues && stream.position == "3.1")
        publish(1...2)
        let wanted = (Int64(1)...2).map { number in
            "event: change\nid: 3.\(number + 1)\ndata: \(String(decoding: Self.fact(number, of: Self.subject), as: UTF8.self))\n\n"
        }
        #expect(await next(stream).text == wanted.joined())
        #expect(await next(stream).text == "" && stream.position == "3.3")
    }

    @Test func aMaskedStreamNamesNobody() async throws {
        let stream = try stream(form: .masked { _ in "masked-1" })
        _ = await next(stream)
        publish(1...3)
        let text = await next(stream).text
        #expect(text.components(separatedBy: #""subject":"masked-1""#).count == 4 && !text.contains("citizen"))
    }

    @Test func whoComesBackTooLateIsToldToAskAnew() async throws {
        publish(1...3)
        feed[3].withLock { $0.ring.skip(to: 100) }
        let stream = try stream(from: "3.2")
        let (text, continues) = await next(stream)
        #expect(
            text.hasSuffix("event: reset\nid: 3.100\ndata: {\"reason\":\"gap\",\"read\":\"/overview\"}\n\n")
                && !continues)
    }

    @Test func aStreamThatLeavesFactsOutSaysHowMany() async throws {
        publish(1...3)
        feed[3].withLock { $0.ring.skip(to: 101) }
        let late = try stream(from: "3.2", most: 8)
        let first = await next(late)
        #expect(first.text.contains("event: skipped\ndata: {\"facts\":99}\n\n") && first.continues)
        publish(101...110)
        let second = await next(late)
        #expect(
            second.text.contains("data: {\"facts\":8}")
                && second.text.components(separatedBy: "event: change").count == 3)
        #expect(late.position == "3.111")
    }

    @Test func aSubjectsStreamHasItsFactsAndEndsWhereItsPartitionGoes() async throws {
        let own = try stream(.subject(Array(Self.subject.utf8), partition: 3))
        #expect(await next(own).text == "")
        publish(1...1, of: "somebody-else")
        publish(2...2)
        let text = await next(own).text
        #expect(text.hasPrefix("event: change\nid: 3.3\n") && !text.contains("somebody"))
        let elsewhere = try stream(.subject(Array(Self.subject.utf8), partition: 5), here: [3])
        let moved = await next(elsewhere)
        #expect(
            moved.text == "event: end\ndata: {\"reason\":\"moved\",\"address\":\"10.0.0.2:8080\"}\n\n"
                && !moved.continues)
    }

    @Test func theEndOfThePipelineEndsIt() async throws {
        let stream = try stream()
        _ = await next(stream)
        feed.end()
        let (text, continues) = await next(stream)
        #expect(text == "event: end\ndata: {\"reason\":\"shutdown\"}\n\n" && !continues)
    }
}
