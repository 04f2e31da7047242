import Events
import Randomness
import Testing

@Suite struct FingerprintKeyTests {
    private func fingerprint(_ text: String, _ key: FingerprintKey?) -> UInt64 {
        Array(text.utf8).withUnsafeBytes { bytes in
            key.map { bytes.fingerprint(seed: 7, key: $0) } ?? bytes.fingerprint(seed: 7)
        }
    }

    @Test func withoutAKeyFingerprintsAreAsBefore() {
        for text in ["", "a", "1234567", "12345678", "123456789", String(repeating: "long", count: 30)] {
            #expect(fingerprint(text, FingerprintKey.none) == fingerprint(text, nil))
        }
    }

    /// Of short and long texts.
    @Test func everyDigitOfAKeyCounts() throws {
        let zeros = String(repeating: "0", count: 64)
        for text in ["", "a", "12345678", "123456789", "one text that is longer than four words of eight bytes"] {
            let unkeyed = fingerprint(text, nil)
            for index in 0..<64 {
                let digits = zeros.prefix(index) + "1" + zeros.dropFirst(index + 1)
                let key = try #require(Array(digits.utf8).withUnsafeBytes { FingerprintKey(hexadecimal: $0) })
                #expect(fingerprint(text, key) != unkeyed, "\(text), digit \(index)")
            }
        }
    }

    @Test func aKeyIsWrittenAndReadBack() throws {
        var random = Seeded(3)
        for _ in 0..<100 {
            let key = FingerprintKey.random(using: &random)
            let text = Array(key.description.utf8)
            #expect(text.count == 64)
            #expect(text.withUnsafeBytes { FingerprintKey(hexadecimal: $0) } == key)
            var writer = ByteWriter()
            key.write(to: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try FingerprintKey(from: &reader) == key)
        }
    }
}
