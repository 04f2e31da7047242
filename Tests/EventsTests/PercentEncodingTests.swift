import Testing

@testable import Events

struct PercentEncodingTests {
    @Test(arguments: [("anna", "anna"), ("a%2Fb", "a/b"), ("%c3%A9", "é"), ("a+b", "a+b"), ("%2525", "%25")])
    func decodes(_ segment: String, _ expected: String) {
        #expect(PercentEncoding.text(segment) == expected)
        #expect(PercentEncoding.utf8(segment) == Array(expected.utf8))
    }

    @Test(arguments: ["%", "%4", "%4g", "%ff", "a%"])
    func refusesWhatIsNotEncodedUTF8(_ segment: String) {
        #expect(PercentEncoding.text(segment) == nil)
        #expect(PercentEncoding.utf8(segment) == nil)
    }

    @Test func aPlusIsASpaceInAForm() {
        #expect(PercentEncoding.text("a+b%2B", isForm: true) == "a b+")
    }

    @Test func bytesNeedNotBeUTF8() {
        #expect(PercentEncoding.bytes("%ff%00a") == [0xFF, 0, 0x61])
    }

    @Test func encodesAllThatIsReserved() {
        #expect(PercentEncoding.encoded("aZ09-._~ /é%".utf8) == "aZ09-._~%20%2F%C3%A9%25")
        #expect(PercentEncoding.encoded("a.b".utf8) { $0 != UInt8(ascii: ".") } == "a%2Eb")
    }

    @Test func everyByteComesBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(PercentEncoding.bytes(PercentEncoding.encoded(bytes)) == bytes)
    }
}
