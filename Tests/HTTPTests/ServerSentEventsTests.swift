import NIOCore
import Randomness
import Testing

@testable import HTTP

struct ServerSentEventsTests {
    private func text(_ write: (inout ServerSentEvents) -> Void) -> String {
        var events = ServerSentEvents()
        write(&events)
        return String(buffer: events.take())
    }

    @Test func anEventIsItsLinesAndAnEmptyOne() {
        #expect(
            text { $0.event("change", id: "3.17", data: "{\"a\":1}") } == "event: change\nid: 3.17\ndata: {\"a\":1}\n\n"
        )
        #expect(text { $0.event("end", data: "") } == "event: end\ndata: \n\n")
        #expect(text { $0.beat(id: nil) } == ":\n\n")
        #expect(text { $0.beat(id: "1.2") } == "id: 1.2\n\n")
        #expect(text { $0.retry(milliseconds: 3000) } == "retry: 3000\n\n")
    }

    /// A line break in the data cannot begin a field or end the event.
    @Test func lineBreaksOfTheDataStayInTheData() {
        for data in ["a\nevent: x", "a\revent: x", "a\r\nevent: x"] {
            #expect(text { $0.event("change", data: data) } == "event: change\ndata: a\ndata: event: x\n\n")
        }
        #expect(text { $0.event("change", data: "\n\n") } == "event: change\ndata: \ndata: \ndata: \n\n")
    }

    @Test func takingEmptiesThem() {
        var events = ServerSentEvents()
        #expect(events.isEmpty)
        events.beat(id: nil)
        #expect(!events.isEmpty && events.take().readableBytes == 3)
        #expect(events.isEmpty && events.take().readableBytes == 0)
    }

    /// Read as the standard says, data is what it was, with every line break a line feed.
    @Test func whateverIsInTheDataIsReadBack() {
        var fuzz = Fuzz("server-sent events", count: 2000, long: 200_000)
        let letters = Array("\n\r\r\n: adei".utf8)
        for seed in 0..<fuzz.count {
            var random = Seeded(fuzz.seed &+ UInt64(seed))
            let data = (0..<random.below(20)).map { _ in letters[random.below(letters.count)] }
            fuzz.run("\(data)") {
                let sent = text { $0.event("e", data: data) }
                var lines = sent.split(separator: "\n", omittingEmptySubsequences: false)
                #expect(lines.removeFirst() == "event: e" && lines.removeLast() == "" && lines.removeLast() == "")
                #expect(lines.allSatisfy { $0.hasPrefix("data: ") && !$0.utf8.contains(0x0D) })
                let read = lines.map { $0.dropFirst(6) }.joined(separator: "\n")
                var wanted = ""
                var rest = data[...]
                while let byte = rest.popFirst() {
                    if byte == 0x0D, rest.first == 0x0A { _ = rest.popFirst() }
                    wanted.unicodeScalars.append(byte == 0x0D ? "\n" : Unicode.Scalar(byte))
                }
                #expect(read == wanted)
            }
        }
        fuzz.report("")
    }
}
