import Events
import Ledger
import Randomness
import Testing

extension FrameTests {
    private func refusal(_ bytes: [UInt8]) -> FrameError? {
        do {
            _ = try OwnedFrame(bytes)
            return nil
        } catch {
            return error as? FrameError
        }
    }

    private func isRefused(_ bytes: [UInt8], _ code: FrameError.Code, at byte: Int) -> Bool {
        refusal(bytes).map { $0.code == code && $0.byte == byte } ?? false
    }

    @Test func everyFlippedBitIsRefused() {
        let frame = Self.small.bytes
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(refusal(damaged) != nil, "bit \(bit)")
        }
    }

    @Test func aFrameCutOrProlongedAtAnyByteIsRefused() {
        let frame = Self.small.bytes
        for count in 0..<frame.count {
            let code: FrameError.Code = count < Frame.headerBytes ? .tooShort : .wrongChecksum
            #expect(refusal(Array(frame[..<count]))?.code == code)
        }
        for extra in [[0], [1, 0], frame] as [[UInt8]] {
            #expect(refusal(frame + extra)?.code == .wrongChecksum)
            #expect(refusal((frame + extra).resealed())?.code == .malformed, "an entry that nobody counted")
        }
    }

    @Test func everyCutOfThePayloadIsMalformedEvenUnderAGoodChecksum() {
        let frame = Self.small.bytes
        for count in Frame.headerBytes..<frame.count {
            #expect(refusal(Array(frame[..<count]).resealed())?.code == .malformed, "cut at \(count)")
        }
    }

    @Test func eachDamageHasItsCodeAndOffset() {
        let frame = Self.small.bytes
        func changed(_ index: Int, _ byte: UInt8) -> [UInt8] {
            var copy = frame
            copy[index] = byte
            return copy.resealed()
        }
        #expect(refusal([])?.code == .tooShort)
        #expect(isRefused(changed(0, 0x54), .wrongMagic, at: 0))
        #expect(isRefused(changed(4, 2), .unknownVersion, at: 4))
        #expect(isRefused(changed(6, 1), .unknownVersion, at: 4))
        #expect(refusal(changed(24, 5))?.code == .malformed)
        #expect(refusal(changed(24, 3))?.code == .malformed)
        #expect(refusal(changed(27, 0xFF))?.code == .malformed, "a count of thousands of millions")
        #expect(isRefused(changed(32, 3), .malformed, at: 33), "an unknown kind")
        #expect(refusal(changed(36, 9))?.code == .malformed, "a text that the dictionary does not have")
        let long = [UInt8](repeating: 0, count: Frame.readerMaximumBytes + 1)
        #expect(refusal(long)?.code == .tooLong)
        #expect(refusal(long)?.description.isEmpty == false)
    }

    /// A good frame with an entry's numbers replaced: longer than 64 bits, or more than there is.
    @Test func numbersBeyondTheirRangeAreMalformed() {
        let nothing = Array(OwnedFrame(session: 1, number: 0, entries: []).bytes)
        func frame(_ payload: [UInt8]) -> [UInt8] {
            var bytes = nothing + payload
            bytes[24] = 1
            return bytes.resealed()
        }
        let endless = [UInt8](repeating: 0xFF, count: 10)
        #expect(refusal(frame([1] + endless))?.code == .malformed)
        #expect(refusal(frame([1] + endless + [1]))?.code == .malformed)
        #expect(refusal(frame([1, 0x80]))?.code == .malformed)
        #expect(
            refusal(frame([0, 0, 0, 1, 0x74, 0x80, 0x80, 0x80, 0x80, 0x08, 0]))?.code == .outOfBounds,
            "partition 2^31")
        #expect(refusal(frame([0, 0, 0] + endless))?.code == .malformed, "a text of 2^64 bytes")
        #expect(refusal(frame([0, 0, 0, 100, 0x74]))?.code == .malformed)
        #expect(refusal(frame([1, 0])) == nil)
    }

    /// The earliest time that a number holds, which no calendar has. A builder writes it if there is no time.
    @Test func onlySystemEntriesHaveNoTime() {
        func code(_ entry: OwnedEntry) -> FrameError.Code? {
            refusal(OwnedFrame(session: 1, number: 0, entries: [entry]).bytes)?.code
        }
        #expect(code(.tick(.min)) == .withoutTime)
        #expect(code(.event(.min, offset: 0)) == .withoutTime)
        #expect(code(OwnedEntry(kind: .system, time: .min)) == nil)
    }

    @Test func onlyWhatConcernsEveryoneHasNoSubject() {
        func code(_ type: String) -> FrameError.Code? {
            OwnedFrame(session: 1, number: 0, entries: [.event(0, offset: 0, type: type, subject: "")]).bytes
                .withUnsafeBytes { bytes -> FrameError.Code? in
                    var reader = EntryReader()
                    var entry = FrameReader.blank
                    let defect = EntryReader.defect(in: bytes)
                    do {
                        guard try reader.open(bytes) else { return nil }
                        while try reader.next(&entry) {}
                        return defect?.code
                    } catch {
                        #expect(error as? FrameError == defect)
                        return (error as? FrameError)?.code
                    }
                }
        }
        #expect(code("bill.paid") == .withoutSubject)
        #expect(code("standing.subject.enrolled") == .withoutSubject)
        for type in ControlType.allCases where type.concernsEveryone { #expect(code("\(type.name)") == nil) }
    }

    /// Numbers that fit their type, and that nothing of Standing's has: an event time of Int64.max, an origin of Int64.max.
    @Test func numbersThatNoFrameHasAreOutOfBounds() {
        let good = OwnedEntry.event(0, offset: 0)
        func code(_ entries: [OwnedEntry], session: UInt64 = 1, number: UInt64 = 0) -> FrameError.Code? {
            refusal(OwnedFrame(session: session, number: number, entries: entries).bytes)?.code
        }
        let bounds = Timestamp.writable
        #expect(code([.event(bounds.upperBound, offset: 0), .tick(bounds.lowerBound)]) == nil)
        for time: Int64 in [.max, .min + 1, bounds.upperBound + 1, bounds.lowerBound - 1] {
            #expect(code([good, .event(time, offset: 1)]) == .outOfBounds)
            #expect(code([good, .tick(time)]) == .outOfBounds)
        }
        #expect(code([.event(0, offset: Frame.maximumOffset)]) == nil)
        for offset: Int64 in [Frame.maximumOffset + 1, .max, -1] {
            #expect(code([good, .event(0, offset: offset)]) == .outOfBounds)
        }
        #expect(code([.event(0, partition: Frame.maximumPartition, offset: 0)]) == nil)
        #expect(code([.event(0, partition: Frame.maximumPartition + 1, offset: 0)]) == .outOfBounds)
        #expect(code([good], session: 0) == .outOfBounds)
        #expect(code([good], number: UInt64(Frame.maximumOffset)) == nil)
        #expect(code([good], number: .max) == .outOfBounds)
    }

    /// A reader that has refused a frame reads the next one as if nothing had been.
    @Test func aRefusalLeavesTheReaderUsable() throws {
        var reader = FrameReader()
        let frame = Self.small.bytes
        for count in [0, 20, 40, frame.count - 1] {
            #expect(throws: FrameError.self) { try OwnedFrame(Array(frame[..<count]), with: &reader) }
            if count >= Frame.headerBytes {
                #expect(throws: FrameError.self) {
                    try OwnedFrame(Array(frame[..<count]).resealed(), with: &reader)
                }
            }
            #expect(try OwnedFrame(frame, with: &reader) == Self.small)
        }
    }

    /// Mutated frames, half of them under a good checksum so that the entries' reader sees them.
    @Test func mutationsNeverTrap() {
        var fuzz = Fuzz("frame", count: 100_000, long: 1_000_000)
        var random = Seeded(fuzz.seed)
        var reader = FrameReader()
        let seeds = [
            Self.small.bytes,
            OwnedFrame(
                session: 9, number: 1,
                entries: (0..<20).map { .event($0, offset: $0, type: "type \($0 % 3)", id: "\($0)") }
            ).bytes,
        ]
        var read = 0
        for round in 0..<fuzz.count {
            var bytes = seeds[round % 2]
            for _ in 0..<Int.random(in: 1...4, using: &random) where bytes.count > Frame.headerBytes {
                let index = Int.random(in: (round.isMultiple(of: 3) ? 0 : 24)..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = .random(in: 0...255, using: &random)
                case 1: bytes.insert([0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, at: index)
                case 2: bytes.remove(at: index)
                default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
            }
            if round % 4 < 2, bytes.count >= Frame.headerBytes { bytes = bytes.resealed() }
            fuzz.run("\(bytes)") { if (try? OwnedFrame(bytes, with: &reader)) != nil { read += 1 } }
        }
        fuzz.report("\(read) readable")
        #expect(read > fuzz.count / 100)
    }
}
