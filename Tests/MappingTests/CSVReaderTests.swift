import Events
import Mapping
import Testing

struct CSVReaderTests {
    /// The rows as JSON, each after its line; a row that is refused as `LINE: message`, and last what ends the reading.
    static func read(
        _ bytes: [UInt8], delimiter: String = ",", encoding: CSVEncoding = .utf8, chunk: Int = 7
    ) -> [String] {
        var position = 0
        func more(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
            let count = min(chunk, bytes.count - position, buffer.count)
            buffer.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
        var rows: [String] = []
        var json = ByteWriter()
        do {
            let reader = try CSVReader(
                delimiter: delimiter.utf8.first!, encoding: encoding, from: { buffer in more(buffer) })
            while true {
                do {
                    guard let line = try reader.next(into: &json) else { break }
                    rows.append("\(line) \(String(decoding: json.bytes, as: UTF8.self))")
                } catch let failure as CSVReader.Failure where failure.isOneRow {
                    rows.append("\(failure.line): \(failure.message)")
                }
            }
        } catch let failure as CSVReader.Failure {
            rows.append("\(failure.line)! \(failure.message)")
        } catch {
            rows.append("\(error)")
        }
        return rows
    }

    static func read(_ text: String, delimiter: String = ",", chunk: Int = 7) -> [String] {
        read(Array(text.utf8), delimiter: delimiter, chunk: chunk)
    }

    @Test(arguments: ["\n", "\r\n", "\r"]) func rowsEndAsSystemsEndThem(_ end: String) {
        let rows = [#"2 {"a":"1","b":"2"}"#, #"3 {"a":"3","b":""}"#]
        #expect(Self.read(["a,b", "1,2", "3,"].joined(separator: end)) == rows)
        #expect(Self.read(["a,b", "1,2", "3,", ""].joined(separator: end)) == rows)
        // Empty lines are no rows, and are counted.
        #expect(Self.read(["", "a,b", "", "1,2", "", ""].joined(separator: end)) == [#"4 {"a":"1","b":"2"}"#])
    }

    @Test func aFieldInQuotesMayHaveAnything() {
        #expect(
            Self.read("a,\"b \"\"c\"\"\"\n\"1,\r\n2\",\"\"\n\"\"\"\",\"\"\"x\"\"\"\r\n4,5")
                == [
                    #"2 {"a":"1,\r\n2","b \"c\"":""}"#, #"4 {"a":"\"","b \"c\"":"\"x\""}"#,
                    #"5 {"a":"4","b \"c\"":"5"}"#,
                ])
        #expect(Self.read("a\n\"\"\n\nx") == [#"2 {"a":""}"#, #"4 {"a":"x"}"#])
        #expect(Self.read("a;b\n1,5;\"x;y\"", delimiter: ";") == [#"2 {"a":"1,5","b":"x;y"}"#])
        #expect(Self.read("a\tb\n 1 \t2", delimiter: "\t") == [#"2 {"a":" 1 ","b":"2"}"#])
    }

    @Test func brokenQuotesAreToldWithTheLineWhereTheyBegin() {
        #expect(
            Self.read("a,b\n1,2\n\"3\n\n,4\n5,6\n")
                == [#"2 {"a":"1","b":"2"}"#, "3! the quote that begins here has no end"])
        #expect(
            Self.read("a,b\n\n\"1\n\"2,3\n4,5") == ["3! the quote that begins here ends on line 4, and text follows it"]
        )
        let stray =
            "a quote in a field that does not begin with one: the field stands in quotes, and its own are doubled"
        #expect(Self.read("a,b\n1\"2\",3\n4,5") == ["2: \(stray)", #"3 {"a":"4","b":"5"}"#])
        #expect(Self.read("\"a\nb,c\n") == ["1! the quote that begins here has no end"])
    }

    @Test func aRowHasAsManyColumnsAsTheTable() {
        #expect(
            Self.read("a,b\n1\n1,2,3\n4,5\n") == [
                "2: the row has 1 columns, and the table has 2", "3: the row has 3 columns, and the table has 2",
                #"4 {"a":"4","b":"5"}"#,
            ])
        #expect(Self.read("a,b,a\n") == ["1! two columns have the name \"a\""])
        #expect(Self.read("") == ["1! the table is empty: its first row names the columns"])
        #expect(Self.read("\n\n") == ["1! the table is empty: its first row names the columns"])
        #expect(Self.read("a,b") == [])
    }

    @Test func aTextInAnotherEncodingIsRefusedAndReadIfToldWhich() {
        let latin = Array("a,b\n1,2\n\"x\n".utf8) + [0xE9] + Array("\",3\n4,5".utf8)
        #expect(
            Self.read(latin) == [#"2 {"a":"1","b":"2"}"#, "4: the byte 0xE9 is not utf-8", #"5 {"a":"4","b":"5"}"#])
        #expect(Self.read(latin, encoding: .latin1)[1] == #"3 {"a":"x\né","b":"3"}"#)
        let windows: [UInt8] = Array("a,b\n".utf8) + [0x80, 0x2C, 0x9F, 0x0A, 0x81, 0x2C, 0x41]
        #expect(
            Self.read(windows, encoding: .windows1252)
                == [#"2 {"a":"€","b":"Ÿ"}"#, "3: the byte 0x81 is not windows-1252"])
        #expect(Self.read([0xFF, 0xFE, 0x61, 0]) == ["1! the table is UTF-16 or UTF-32: save it as UTF-8"])
        #expect(Self.read([0x1F, 0x8B, 0x08]) == ["1! the table is compressed: gunzip it first"])
        #expect(Self.read([0x61, 0, 0x2C, 0]) == ["1! the table is UTF-16 or UTF-32: save it as UTF-8"])
        #expect(Self.read([0xEF, 0xBB, 0xBF] + Array("é\nü".utf8)) == [#"2 {"é":"ü"}"#])
    }

    @Test func aRowHasALimit() {
        let long = String(repeating: "x", count: CSVReader.maximumRowBytes - 2)
        #expect(Self.read("a,b\n\(long),\n1,2", chunk: 100_000).count == 2)
        #expect(
            Self.read("a,b\n1,2\n\(long),xx\n", chunk: 100_000).last
                == "3! the row is longer than 1048576 bytes")
        #expect(
            Self.read("a,b\n1,2\n1,\"\n\(long)x\n", chunk: 100_000).last
                == "3! the quote that begins here has no end within 1048576 bytes")
    }

    @Test func whatTheSourceThrowsIsPassedOn() {
        struct Trouble: Error {}
        #expect(throws: Trouble.self) { _ = try CSVReader(from: { _ in throw Trouble() }) }
    }
}
