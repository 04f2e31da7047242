import Testing

@testable import Events

struct HexTests {
    @Test func everyByteComesBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Hex.bytes(Hex.text(bytes), count: bytes.count) == bytes)
        #expect(Hex.text([0x00, 0x9A, 0xFF]) == "009aff")
    }

    @Test(arguments: ["00", "0", "000000", "00AB", "00g0", "0 00"])
    func refusesAnotherLengthOrOtherDigits(_ text: String) {
        #expect(Hex.bytes(text, count: 2) == nil)
    }

    @Test func aNumberHasZerosBeforeIt() {
        #expect(Hex.text(UInt16(0xA), digits: 4) == "000a")
        #expect(Hex.text(UInt64.max, digits: 4) == "ffffffffffffffff")
    }
}
