import Testing

@testable import HTTP

struct RouteParameterTests {
    @Test(arguments: [
        (RouteParameter.Form.text(1...3), ["a", "abc", "äöü"], ["", "abcd"]),
        (.text(0...9, maximumBytes: 3), ["", "abc", "ä"], ["abcd", "äöü"]),
        (.line(1...4), ["a b", "é"], ["", "    ", "a\u{7f}", "a\u{85}", "\u{2028}x", "\u{FFFD}", "12345"]),
        (
            .integer(-1...10), ["-1", "0", "10", "007"],
            ["-2", "11", "", "+1", "1.0", "1e1", "x", " 1", "٣", "99999999999999999999"]
        ),
        (.oneOf(["then", "now"]), ["then", "now"], ["", "Then", "nowx"]),
        (.time, ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00"], ["", "2026-01-31", "now", "4711"]),
        (.timeOrOffset, ["2026-01-31T12:00:00Z", "0", "4711"], ["", "-1", "x", "2026-01"]),
        (.flag, ["true", "false"], ["", "1", "TRUE"]),
    ])
    func whatIsNotDeclaredIsAMistake(_ form: RouteParameter.Form, _ allowed: [String], _ refused: [String]) {
        let parameter = RouteParameter("x", form, "")
        for value in allowed { #expect(parameter.mistake(in: value) == nil, "\(value)") }
        for value in refused { #expect(parameter.mistake(in: value) != nil, "\(value)") }
    }

    @Test func aMistakeDoesNotRepeatTheValue() {
        for form in [RouteParameter.Form.text(1...3), .integer(1...3), .time, .oneOf(["a"]), .flag, .line(1...2)] {
            let mistake = RouteParameter("x", form, "").mistake(in: "anna-anna")
            #expect(mistake?.text.contains("anna") == false)
        }
    }
}
