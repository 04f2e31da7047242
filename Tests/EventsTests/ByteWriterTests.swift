import Events
import Foundation
import Randomness
import Testing

@Suite struct ByteWriterTests {
    private func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return Array(writer.bytes)
    }

    private func text(_ write: (inout ByteWriter) -> Void) -> String { String(decoding: written(write), as: UTF8.self) }

    @Test(arguments: [
        ("", #""""#), ("anna", #""anna""#), ("\"", #""\"""#), ("\\", #""\\""#), ("a\"b\\c", #""a\"b\\c""#),
        ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1}\u{8}\u{C}\u{1F}", #""\u0000\u0001\u0008\u000c\u001f""#),
        ("/\u{7F}äöü€😀\u{2028}", "\"/\u{7F}äöü€😀\u{2028}\""),
    ])
    func jsonStrings(value: String, expected: String) {
        #expect(text { $0.append(jsonString: value) } == expected)
    }

    /// Words of eight bytes are written at a time, and the last one overlaps the one before it.
    @Test func anEscapedByteIsFoundAtEveryPlace() {
        for count in 1...26 {
            for place in 0..<count {
                let before = String(repeating: "a", count: place)
                let after = String(repeating: "ü", count: count - place - 1)
                #expect(text { $0.append(jsonString: before + "\"" + after) } == "\"" + before + "\\\"" + after + "\"")
            }
        }
    }

    @Test func anotherReaderReadsEveryJSONString() throws {
        var random = Seeded(4)
        let scalars = (0..<0x80).compactMap { Unicode.Scalar($0) } + ["ä", "€", "😀", "\u{2028}", "\u{FFFD}"]
        for _ in 0..<2_000 {
            var value = ""
            for _ in 0..<Int.random(in: 0...40, using: &random) {
                value.unicodeScalars.append(scalars.randomElement(using: &random) ?? " ")
            }
            let json = Data(written { $0.append(jsonString: value) })
            let read = try JSONSerialization.jsonObject(with: json, options: .fragmentsAllowed) as? String
            #expect(read?.unicodeScalars.elementsEqual(value.unicodeScalars) == true)
        }
    }

    @Test(arguments: [
        Int64(0), 1, -1, 9, 10, -10, 99, 100, 123_456_789, 999_999_999_999_999_999, 1_000_000_000_000_000_000, .max,
        .min, .min + 1,
    ])
    func decimals(value: Int64) {
        #expect(text { $0.append(decimal: value) } == String(value))
    }

    @Test(
        arguments: [
            (UInt64(0), [0x00]), (1, [0x01]), (127, [0x7F]), (128, [0x80, 0x01]), (300, [0xAC, 0x02]),
            (16_383, [0xFF, 0x7F]), (16_384, [0x80, 0x80, 0x01]),
            (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(UInt64, [UInt8])])
    func varints(value: UInt64, bytes: [UInt8]) {
        #expect(written { $0.append(varint: value) } == bytes)
    }

    @Test(
        arguments: [
            (Int64(0), [0x00]), (-1, [0x01]), (1, [0x02]), (-2, [0x03]), (63, [0x7E]), (-64, [0x7F]),
            (64, [0x80, 0x01]),
            (.max, [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            (.min, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        ] as [(Int64, [UInt8])])
    func signedVarints(value: Int64, bytes: [UInt8]) {
        #expect(written { $0.append(signed: value) } == bytes)
    }

    @Test func littleEndianNumbersAndOverwriting() {
        var writer = ByteWriter()
        writer.append(byte: 0xAA)
        writer.append(littleEndian: UInt32(0x0102_0304))
        writer.append(littleEndian: Int64(-2))
        #expect(Array(writer.bytes) == [0xAA, 4, 3, 2, 1, 0xFE, 255, 255, 255, 255, 255, 255, 255])
        writer.overwrite(littleEndian: UInt16(0x0B0A), at: 11)
        #expect(Array(writer.bytes.suffix(2)) == [0x0A, 0x0B])
    }

    @Test func growsTruncatesAndStartsAgain() {
        var writer = ByteWriter(capacity: 0)
        let expected = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        for byte in expected[..<5_000] { writer.append(byte: byte) }
        writer.append(Array(expected[5_000...]))
        #expect(writer.count == 10_000)
        #expect(Array(writer.bytes) == expected)
        writer.truncate(to: 3)
        #expect(Array(writer.bytes) == [0, 1, 2])
        writer.truncate(to: 7)
        #expect(writer.count == 3)
        writer.removeAll()
        writer.append("again")
        writer.append(String("!"))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "again!")
    }
}
