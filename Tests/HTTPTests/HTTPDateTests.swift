import Testing

@testable import HTTP

struct HTTPDateTests {
    /// The first is RFC 9110's own example.
    @Test func aSecondIsWrittenAsTheFieldDateHasIt() {
        var date = HTTPDate()
        for (second, expected) in [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
        ] {
            let text = date.at(second: second)
            #expect(text == expected)
        }
    }
}
