import Events
import Foundation
import Randomness
import Testing

extension EventDecoderTests {
    /// A few bytes changed, taken out, put in, or copied from elsewhere.
    private static func mutate(_ bytes: inout [UInt8], _ random: inout Seeded) {
        let alphabet =
            Array(#"{}[]":,\u0019dDeE+-.truefalsnl "#.utf8) + [0x00, 0x0A, 0x1F, 0x7F, 0x80, 0xC3, 0xE2, 0xFF]
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let byte =
                Bool.random(using: &random)
                ? UInt8.random(in: 0...255, using: &random) : alphabet.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[index] = byte
            case 2: bytes.insert(byte, at: index)
            case 3:
                bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...8, using: &random)))
            default:
                let start = Int.random(in: 0..<bytes.count, using: &random)
                let piece = bytes[start..<min(bytes.count, start + Int.random(in: 1...24, using: &random))]
                bytes.insert(contentsOf: piece, at: index)
            }
        }
    }

    /// Every mutation of a good event is an event or a defect. What is taken for an event another JSON reader takes
    /// too, with the same texts.
    @Test func mutationsNeverTrap() {
        let seeds = [
            eventJSON(), eventJSON(id: #""\u0041\ud83d\ude00""#, data: #"{"a":[1.5e3,true,null,{"b":"\\"}],"ä":-0}"#),
            eventJSON(data: nil, more: #","x":{"y":[{},[],"z"]},"datacontenttype":"application/json""#),
        ].map { Array($0.utf8) }
        var random = Seeded(2)
        var accepted = 0
        var codes: Set<String> = []
        var disagreements: [String] = []
        for _ in 0..<100_000 {
            var bytes = seeds.randomElement(using: &random) ?? []
            Self.mutate(&bytes, &random)
            switch decoder.decode(bytes) {
            case .success(let event):
                accepted += 1
                if !Self.isRead(bytes, as: event) { disagreements.append(String(decoding: bytes, as: UTF8.self)) }
            case .failure(let defect): codes.insert(defect.code)
            }
        }
        // The count of each code begins at 0.
        #expect(codes.count > 15 && codes.isSubset(of: EventDefect.codes), "\(codes.subtracting(EventDefect.codes))")
        #expect(accepted > 3_000)
        #expect(disagreements.isEmpty)
    }

    private static func isRead(_ bytes: [UInt8], as event: Decoded) -> Bool {
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return false }
        func agrees(_ name: String, _ text: String) -> Bool { object[name] as? String ?? "" == text }
        guard agrees("id", event.id), agrees("source", event.source), agrees("type", event.type),
            agrees("subject", event.subject)
        else { return false }
        guard let data = object["data"] as? NSDictionary else { return event.data.isEmpty }
        return data.isEqual(try? JSONSerialization.jsonObject(with: Data(event.data.utf8)))
    }

    /// Bytes that never were an event, of every length up to and beyond the reader's padding.
    @Test func anyBytesNeverTrap() {
        var random = Seeded(3)
        for length in 0..<2_000 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decoder.decode(bytes).code != "")
            let brackets = (0..<length).map { _ in Array(#"{}[]":,1 "#.utf8).randomElement(using: &random) ?? 0 }
            #expect(decoder.decode(brackets).code != "")
        }
    }
}
