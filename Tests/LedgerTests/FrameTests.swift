import Events
import Ledger
import Randomness
import Testing

@Suite struct FrameTests {
    static let small = OwnedFrame(
        session: 0x0807_0605_0403_0201, number: 5,
        entries: [
            .tick(3),
            .event(
                -1, topic: "bus", partition: 300, offset: 7, source: "/c", type: "f", subject: "an",
                id: "e1"),
            .event(
                -1, topic: "bus", partition: 1, offset: 6, source: "f", type: "f", subject: "x", id: "e2",
                data: ""),
            OwnedEntry(kind: .system, time: .min, source: [0x2F], type: [0x70], data: [0x7B, 0x7D]),
        ])

    /// The payload as the format's description has it.
    private static let smallPayload: [UInt8] = [
        1, 6,  // tick, +3
        0, 7, 0, 3, 0x62, 0x75, 0x73, 0xAC, 2, 14,  // event, -4, "bus", 300, +7
        0, 2, 0x2F, 0x63, 0, 1, 0x66,  // "/c", "f"
        2, 0x61, 0x6E, 2, 0x65, 0x31, 2, 0x7B, 0x7D,  // an, e1, {}
        0, 0, 1, 1, 1,  // event, +0, text 1, partition 1, -1
        3, 3, 1, 0x78, 2, 0x65, 0x32, 0,  // text 3, text 3, x, e2, nothing
        0x82, 0, 1, 0x2F, 0, 1, 0x70, 0, 0, 2, 0x7B, 0x7D,  // system without time, "/", "p", nobody, nothing, {}
    ]

    @Test func everyByteIsTheDocumentedOne() {
        let frame = Self.small.bytes
        #expect(Array(frame[0..<8]) == [0x53, 0x4C, 0x46, 0x31, 1, 0, 0, 0])
        #expect(Array(frame[8..<16]) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(Array(frame[16..<24]) == [5, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(frame[24..<28]) == [4, 0, 0, 0])
        #expect(Array(frame[32...]) == Self.smallPayload)
        #expect(frame == frame.resealed())
    }

    /// "CRC-32C of bytes 0..<28 followed by the payload"
    @Test func theChecksumIsTheDocumentedOne() {
        let frame = Self.small.bytes
        let checksum = (0..<4).reduce(UInt32(0)) { $0 | UInt32(frame[28 + $1]) << ($1 * 8) }
        #expect(checksum == crc32c(frame[..<28] + frame[32...]))
    }

    @Test func crc32cIsTheStandards() {
        #expect(crc32c("123456789".utf8) == 0xE306_9283)
        #expect(crc32c([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    }

    /// Payloads are read in three blocks of 512 bytes at a time, and the rest has any length.
    @Test(arguments: [0, 512, 1536, 3072, 4608, 20_000])
    func theChecksumOfALongFrameIsTheDocumentedOne(bytes: Int) {
        var random = Seeded(UInt64(bytes))
        for data in max(0, bytes - 50)...(bytes + 10) {
            let letters = (0..<data).map { _ in UInt8.random(in: 1...0x7F, using: &random) }
            let text = String(decoding: letters, as: UTF8.self)
            let frame = OwnedFrame(session: 1, number: 2, entries: [.event(0, offset: 1, data: text)]).bytes
            #expect(frame == frame.resealed())
        }
    }

    @Test func aSmallFrameReadsBack() throws {
        #expect(try OwnedFrame(Self.small.bytes) == Self.small)
    }

    @Test func anEmptyFrameReadsBack() throws {
        let frame = OwnedFrame(session: 1, number: 0, entries: [])
        #expect(frame.bytes.count == Frame.headerBytes)
        #expect(try OwnedFrame(frame.bytes) == frame)
    }

    /// Random entries, few and many different texts, times and offsets from end to end; builder and reader reused.
    @Test func randomFramesReadBack() throws {
        var builder = FrameBuilder()
        var reader = FrameReader()
        for seed in 0..<300 {
            var random = Seeded(UInt64(seed))
            let texts = [1, 3, 20, 400].randomElement(using: &random) ?? 1
            func text() -> String { "text-\(Int.random(in: 0..<texts, using: &random))" }
            func time() -> Int64 {
                [
                    Timestamp.writable.lowerBound, Timestamp.writable.upperBound, -1, 0,
                    Int64.random(in: Timestamp.writable, using: &random),
                    1_767_225_600_000_000 + Int64.random(in: 0...1_000_000, using: &random),
                ].randomElement(using: &random) ?? 0
            }
            let entries = (0..<Int.random(in: 0...200, using: &random)).map { number -> OwnedEntry in
                let time = time()
                switch Int.random(in: 0..<10, using: &random) {
                case 0: return .tick(time)
                case 1:
                    return OwnedEntry(
                        kind: .system, time: number.isMultiple(of: 2) ? .min : time, source: Array(text().utf8),
                        type: Array(text().utf8),
                        data: Array(String(repeating: "d", count: Int.random(in: 0...300, using: &random)).utf8))
                default:
                    return .event(
                        time, topic: text(), partition: Int32.random(in: 0...Frame.maximumPartition, using: &random),
                        offset: [0, Frame.maximumOffset, Int64.random(in: 0...Frame.maximumOffset, using: &random)]
                            .randomElement(using: &random) ?? 0,
                        source: text(), type: text(), subject: number.isMultiple(of: 9) ? "" : "subject \(number)",
                        id: "ä\(number)", data: number.isMultiple(of: 7) ? "" : "{\"n\":\(number)}")
                }
            }
            let frame = OwnedFrame(
                session: .random(in: 1...(.max), using: &random), number: UInt64(seed), entries: entries)
            let read = try OwnedFrame(frame.bytes(from: &builder), with: &reader)
            #expect(read == frame, "seed \(seed)")
        }
    }

    /// Numbers of one byte to nine are read by words, and near the frame's end by bytes.
    @Test(arguments: 0...10) func numbersOfEveryLengthReadBack(following: Int) throws {
        for bit in 0..<58 {
            for time in [1 << bit, (1 << bit) - 1, -(1 << min(bit, 55))] {
                let frame = OwnedFrame(
                    session: 1, number: 0,
                    entries: [.tick(Int64(time))] + [OwnedEntry](repeating: .tick(Int64(time)), count: following))
                #expect(try OwnedFrame(frame.bytes) == frame)
            }
        }
    }

    /// Seven bits in a byte more than are needed are no mistake, in the last entry and in one before others.
    @Test func numbersWithEmptyBytesAreRead() throws {
        for ticks in [1, 9] {
            let plain = OwnedFrame(session: 1, number: 0, entries: [OwnedEntry](repeating: .tick(3), count: ticks))
            let payload = plain.bytes[Frame.headerBytes...]
            #expect(Array(payload.prefix(2)) == [1, 6])
            let longer = Array(plain.bytes[..<Frame.headerBytes]) + [1, 0x86, 0x80, 0] + payload.dropFirst(2)
            #expect(try OwnedFrame(longer.resealed()) == plain)
        }
    }

    /// The dictionary takes 255 texts; those beyond are written out each time and have no number.
    @Test func textsBeyondTheDictionary() throws {
        let entries = (0..<300).flatMap { number in
            [
                OwnedEntry.event(0, offset: Int64(number), type: "type \(number)"),
                OwnedEntry.event(0, offset: 1000 + Int64(number), type: "type \(number)"),
            ]
        }
        let frame = OwnedFrame(session: 1, number: 0, entries: entries)
        #expect(try OwnedFrame(frame.bytes) == frame)
        var reader = FrameReader()
        var entry = FrameReader.blank
        try frame.bytes.withUnsafeBytes { bytes in
            try reader.open(bytes)
            for number in 0..<600 {
                let isThere = try reader.next(&entry)
                #expect(isThere)
                // "t" and "s" come before the first type.
                let expected = number / 2 + 2
                #expect(entry.typeNumber == (expected < 255 ? expected : -1))
                #expect(entry.origin.topicNumber == 0)
            }
            let isThere = try reader.next(&entry)
            #expect(!isThere)
        }
        #expect(reader.texts.count == 255)
    }

    @Test func aTextOfTheDictionaryIsWrittenOnce() {
        func count(_ entries: [OwnedEntry]) -> Int { OwnedFrame(session: 1, number: 0, entries: entries).bytes.count }
        let long = String(repeating: "long", count: 20)
        let one = count([.event(0, topic: long, offset: 0, source: long, type: long)])
        let two = count((0..<2).map { .event(0, topic: long, offset: $0, source: long, type: long) })
        #expect(two - one < 20)
    }

    /// As a latency is measured from: of an event, not of a tick.
    @Test func theFirstEventsTimeIsReadWithoutTheOthers() {
        func firstTime(_ entries: (inout FrameBuilder) -> Void) -> Int64? {
            var builder = FrameBuilder()
            entries(&builder)
            let bytes = builder.finish(session: 1, number: 0) { Array($0) }
            return bytes.withUnsafeBytes { LedgerFrame(offset: 0, bytes: $0).firstEventTime?.microseconds }
        }
        for time in [Timestamp.writable.lowerBound, -1, 0, 1_767_225_600_000_001, Timestamp.writable.upperBound] {
            let found = firstTime { builder in
                OwnedEntry.event(time, offset: 0, data: "{}").append(to: &builder)
                OwnedEntry.event(7, offset: 1, data: "{}").append(to: &builder)
            }
            #expect(found == time)
        }
        #expect(firstTime { $0.append(tick: Timestamp(microseconds: 5)) } == nil)
        #expect(firstTime { _ in } == nil)
        for count in [0, 1, Frame.headerBytes, Frame.headerBytes + 1] {
            let bytes = [UInt8](repeating: 0, count: count)
            bytes.withUnsafeBytes { #expect(LedgerFrame(offset: 0, bytes: $0).firstEventTime == nil) }
        }
    }

    @Test func aBuilderSaysWhenItIsFull() {
        var builder = FrameBuilder()
        for number in 0..<Frame.maximumEntries {
            let isFull = builder.isFull
            let isEmpty = builder.isEmpty
            #expect(!isFull && isEmpty == (number == 0))
            builder.append(tick: Timestamp(microseconds: Int64(number)))
        }
        var state = (isFull: builder.isFull, entries: builder.entries)
        #expect(state == (true, Frame.maximumEntries))
        _ = builder.finish(session: 1, number: 0) { $0.count }
        state = (builder.isFull, builder.entries)
        #expect(state == (false, 0))
        let large = String(repeating: "x", count: Frame.maximumBytes)
        OwnedEntry.event(0, offset: 0, data: large).append(to: &builder)
        state = (builder.isFull, builder.entries)
        #expect(state == (true, 1))
        let frame = builder.finish(session: 1, number: 1) { Array($0) }
        #expect((try? OwnedFrame(frame))?.entries.count == 1)
    }
}
