import Lag
import Testing

@Suite struct GroupPatternTests {
    @Test(arguments: [
        ("readers", "readers"), ("*", ""), ("*", "readers"), ("pay-*", "pay-"), ("pay-*", "pay-eu"), ("*-eu", "pay-eu"),
        ("p*u", "pay-eu"), ("a*b*c", "a-b-b-c"), ("**", "x"), ("a**c", "abc"), ("a*b*b*c", "abbc"),
    ])
    func matches(_ pattern: String, _ name: String) {
        #expect(GroupPattern(pattern).matches(name))
    }

    @Test(arguments: [
        ("readers", "reader"), ("", "x"), ("pay-*", "repay-eu"), ("*-eu", "pay-eu-2"), ("aa*aa", "aaa"),
        ("a*b*c", "a-c"), ("a*b*b*c", "abc"), ("Readers", "readers"),
    ])
    func doesNotMatch(_ pattern: String, _ name: String) {
        #expect(!GroupPattern(pattern).matches(name))
    }
}
