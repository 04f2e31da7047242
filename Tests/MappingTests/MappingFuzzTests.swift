import Events
import Mapping
import Policy
import Randomness
import Testing

struct MappingFuzzTests {
    /// The reader against a reading of the whole text at once.
    @Test func aTableIsReadAsTheSimpleReaderReadsIt() {
        var fuzz = Fuzz("CSV", count: 20_000, long: 100_000)
        var random = Seeded(fuzz.seed)
        let pieces = ["a", "b", "\"", "\"\"", ",", "\n", "\r", "\r\n", "é", "x y", ",\"", "\",", "\"\n", "\n\""]
        var rows = 0
        for _ in 0..<fuzz.count {
            var text = random.below(4) == 0 ? "" : "a,b\n"
            for _ in 0..<random.below(16) { text += pieces[random.below(pieces.count)] }
            fuzz.run(text) {
                let read = CSVReaderTests.read(text, chunk: 1 + random.below(5))
                let expected = SimpleTable(text).rows
                #expect(read == expected, "\(text.debugDescription)")
                rows += read.count
            }
        }
        fuzz.report("\(rows) rows")
        #expect(rows > fuzz.count / 4)
    }

    /// Whatever the record is, it is an event, none, or refused. It is the event that a decoder finds in its JSON.
    @Test func noRecordTraps() throws {
        var fuzz = Fuzz("map", count: 20_000, long: 200_000)
        var random = Seeded(fuzz.seed)
        let maps = try Self.maps.map { CheckedMapper(try RecordMap(yaml: $0, file: "map.yaml")) }
        let decoder = EventDecoder()
        var decoded = EventView.empty
        var (events, refused) = (0, 0)
        for _ in 0..<fuzz.count {
            let json =
                random.below(50) == 0
                ? RandomJSON.nested(58 + random.below(8)) : RandomJSON.text(&random, depth: 4)
            var bytes = Array(json.utf8)
            if random.below(8) == 0, !bytes.isEmpty { bytes[random.below(bytes.count)] = UInt8(random.below(256)) }
            let mapper = maps[random.below(maps.count)]
            fuzz.run(json) {
                bytes.withUnsafeBytes { bytes in
                    // The name of a topic has nothing that JSON escapes.
                    let topic = UnsafeRawBufferPointer(start: Self.topic.utf8Start, count: Self.topic.utf8CodeUnitCount)
                    let record = SourceRecord(
                        key: random.below(3) == 0 ? nil : bytes, value: random.below(20) == 0 ? nil : bytes,
                        timestamp: Int64(bitPattern: random.next()) >> random.below(64), topic: topic, partition: 0,
                        offset: Int64(bitPattern: random.next()))
                    if random.below(2) == 0 {
                        let names = ["a", "é", "\"", "type"].map { Array($0.utf8) } + [[0x78, 0xFF]]
                        names[random.below(names.count)].withUnsafeBytes {
                            mapper.addHeader($0, random.below(3) == 0 ? nil : bytes)
                        }
                    }
                    let outcome = mapper.map(record, latest: .max)
                    switch outcome {
                    case .event:
                        events += 1
                        let defect = decoder.decode(structured: mapper.bytes, into: &decoded)
                        #expect(defect == nil, "\(String(decoding: mapper.bytes, as: UTF8.self))")
                        #expect(decoded.hasSameContent(as: mapper.event))
                    case .notAnEvent(let defect):
                        refused += 1
                        #expect(decoder.decode(structured: mapper.bytes, into: &decoded) == defect)
                    case .noEvent, .noValue: break
                    }
                    #expect((outcome.refusal == nil) == (outcome == .event || outcome == .noEvent))
                }
            }
        }
        fuzz.report("\(events) events, \(refused) refused by the decoder")
        #expect(events > fuzz.count / 20)
        #expect(refused > fuzz.count / 100)
    }

    /// Whatever the text is, it is a map or its mistakes have locations.
    @Test func noMapTraps() {
        var fuzz = Fuzz("map's text", count: 3000, long: 50_000)
        var random = Seeded(fuzz.seed)
        var good = 0
        for _ in 0..<fuzz.count {
            var bytes = Array(Self.maps[random.below(Self.maps.count)].utf8)
            for _ in 0..<random.below(4) { bytes[random.below(bytes.count)] = UInt8(0x20 + random.below(95)) }
            let text = String(decoding: bytes, as: UTF8.self)
            fuzz.run(text) {
                do throws(YAMLMistakes) {
                    _ = try RecordMap(yaml: text, file: "map.yaml")
                    good += 1
                } catch {
                    #expect(!error.mistakes.isEmpty && error.mistakes.allSatisfy { $0.line >= 1 && $0.column >= 1 })
                }
            }
        }
        fuzz.report("\(good) compiled")
        #expect(good > 0)
    }

    private static let topic: StaticString = "orders"

    private static let maps = [
        """
        map:
          id: 'type(value) == map && "a" in value && type(value.a) == string ? "a" + value.a : "i"'
          source: /s
          type: bill.paid
          subject: 'type(key) == string ? key : "x"'
          time: timestamp("2024-01-01T00:00:00Z")
          data: value
        """,
        """
        map:
          when: value != null
          source: topic
          type: '"a" + string(offset % 7)'
          subject: 'has(value.b) ? string(value.b) : "none"'
          time: timestamp
          data: {a: value.a, c: 'value.c.d', headers: headers, all: '[value, key]'}
        """,
        """
        map:
          source: '"/" + string(partition)'
          type: a.b
          subject: 'size(headers) > 0 ? "h" : string(value.a.b.c)'
          time: 'value == null || !has(value.a) ? timestamp(0) : timestamp(value.a)'
          data: 'type(value) == map ? value : {"x": value}'
        """,
        """
        map:
          source: 'type(key) == string ? key : "/s"'
          type: a.b
          subject: '"s"'
          time: timestamp("2024-01-01T00:00:00Z")
          data: '{"a": value, "b": {1: 2, "1": type(value) == map ? 3 : 4}, "c": type(value) == list ? {2: 3} : {}}'
        """,
        """
        map:
          source: /s
          type: a.b
          subject: 'type(key) == string ? key : "s"'
          time: timestamp("2024-01-01T00:00:00Z")
          data: {a: value, b: '{true: 1}'}
        """,
        """
        map:
          source: /s
          type: a.b
          subject: 'size(headers) > 0 ? headers.map(h, h)[0] : "s"'
          time: timestamp("2024-01-01T00:00:00Z")
          data: headers
        """,
        """
        map:
          source: /s
          type: a.b
          subject: '"s"'
          time: timestamp("2024-01-01T00:00:00Z")
          data: 'type(value) == map ? {"a": value} : {"b": {1: value}}'
        """,
    ]
}

/// RFC 4180 as a few lines over the whole text, for the comparison.
private struct SimpleTable {
    private(set) var rows: [String] = []

    init(_ text: String) {
        let bytes = Array(text.utf8)
        let stray =
            "a quote in a field that does not begin with one: the field stands in quotes, and its own are doubled"
        var columns: [String]?
        var line = 1
        var at = 0
        func isBreak(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }
        /// Goes after a line break.
        func pass() {
            at += bytes[at...].starts(with: [13, 10]) ? 2 : 1
            line += 1
        }
        while true {
            while at < bytes.count, isBreak(bytes[at]) { pass() }
            guard at < bytes.count else { break }
            let first = line
            var (fields, strayLine): ([String], Int?) = ([], nil)
            var isRow = true
            while isRow {
                var field: [UInt8] = []
                if at < bytes.count, bytes[at] == 34 {
                    let begin = line
                    at += 1
                    while true {
                        guard at < bytes.count else {
                            rows.append("\(begin)! the quote that begins here has no end")
                            return
                        }
                        if bytes[at...].starts(with: [34, 34]) {
                            field.append(34)
                            at += 2
                        } else if bytes[at] == 34 {
                            break
                        } else if isBreak(bytes[at]) {
                            let before = at
                            pass()
                            field += bytes[before..<at]
                        } else {
                            field.append(bytes[at])
                            at += 1
                        }
                    }
                    at += 1
                    guard at == bytes.count || bytes[at] == 44 || isBreak(bytes[at]) else {
                        rows.append("\(begin)! the quote that begins here ends on line \(line), and text follows it")
                        return
                    }
                } else {
                    while at < bytes.count, bytes[at] != 44, !isBreak(bytes[at]) {
                        if bytes[at] == 34 { strayLine = strayLine ?? line }
                        field.append(bytes[at])
                        at += 1
                    }
                }
                fields.append(String(decoding: field, as: UTF8.self))
                isRow = at < bytes.count && bytes[at] == 44
                if isRow { at += 1 }
            }
            if at < bytes.count { pass() }
            guard let names = columns else {
                if let strayLine {
                    rows.append("\(strayLine)! \(stray)")
                    return
                }
                if let twice = fields.indices.first(where: { fields[..<$0].contains(fields[$0]) }) {
                    rows.append("\(first)! two columns have the name \"\(fields[twice])\"")
                    return
                }
                columns = fields
                continue
            }
            if let strayLine {
                rows.append("\(strayLine): \(stray)")
            } else if fields.count != names.count {
                rows.append("\(first): the row has \(fields.count) columns, and the table has \(names.count)")
            } else {
                let members = zip(names, fields).map { "\(Self.json($0)):\(Self.json($1))" }
                rows.append("\(first) {\(members.joined(separator: ","))}")
            }
        }
        if columns == nil { rows.append("1! the table is empty: its first row names the columns") }
    }

    private static func json(_ text: String) -> String {
        var writer = ByteWriter()
        writer.append(jsonString: text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension EventView {
    fileprivate func hasSameContent(as other: EventView) -> Bool {
        id.equals(other.id) && source.equals(other.source) && type.equals(other.type)
            && subject.equals(other.subject) && time == other.time && data.equals(other.data)
    }
}

private enum RandomJSON {
    /// An object with so many levels.
    static func nested(_ levels: Int) -> String {
        String(repeating: "{\"a\":", count: levels) + "1" + String(repeating: "}", count: levels)
    }

    static func text(_ random: inout Seeded, depth: Int) -> String {
        let scalars = [
            "null", "true", "0", "-1", "1.5", "1e300", "-9223372036854775808", "18446744073709551615",
            "\"\"", "\"x\"", "\"2024-02-03T04:05:06Z\"", "\"\\ud83d\\ude00\"", "\"\\n\"", "\"é\"",
        ]
        switch random.below(depth > 0 ? 5 : 1) {
        case 0: return scalars[random.below(scalars.count)]
        case 1:
            return "[" + (0..<random.below(4)).map { _ in text(&random, depth: depth - 1) }.joined(separator: ",") + "]"
        default:
            let names = ["a", "b", "c", "d", "sex"]
            let members = names.filter { _ in random.below(2) == 0 }.map {
                "\"\($0)\":\(text(&random, depth: depth - 1))"
            }
            return "{" + members.joined(separator: ", ") + "}"
        }
    }
}
