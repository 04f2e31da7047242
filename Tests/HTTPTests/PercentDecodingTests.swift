import Testing

@testable import HTTP

struct PercentDecodingTests {
    @Test(arguments: [("anna", "anna"), ("a%2Fb", "a/b"), ("%c3%A9", "é"), ("a+b", "a+b"), ("%2525", "%25")])
    func decodes(_ segment: String, _ expected: String) {
        #expect(percentDecoded(segment) == Array(expected.utf8))
    }

    @Test(arguments: ["%", "%4", "%4g", "%ff", "a%"])
    func refuses(_ segment: String) {
        #expect(percentDecoded(segment) == nil)
    }
}
