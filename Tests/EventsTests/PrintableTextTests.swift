import Events
import Testing

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("", ""), ("anna", "anna"), ("a\\nb ~", "a\\nb ~"), ("Zoë 漢語 😀", "Zoë 漢語 😀"),
        ("a\u{1B}[2Jb", #"a\u001b[2Jb"#), ("a\nb\r\tc", #"a\nb\r\tc"#), ("a\r\nb", #"a\r\nb"#),
        ("\u{0}\u{7F}\u{85}\u{9B}", #"\u0000\u007f\u0085\u009b"#),
        ("a\u{2028}b\u{2029}c", #"a\u2028b\u2029c"#), ("a\u{202E}b\u{2066}c\u{200B}", #"a\u202eb\u2066c\u200b"#),
        ("\u{E0041}", #"\udb40\udc41"#), ("👩\u{200D}👧", "👩\u{200D}👧"), ("a\u{200D}b", #"a\u200db"#),
    ])
    func whatCannotBePrintedIsEscaped(text: String, expected: String) {
        #expect(text.printable() == expected)
    }

    @Test func aMessageOfSeveralLinesKeepsThem() {
        #expect("a\n\tb\r\u{1B}c".printable(keepingLayout: true) == "a\n\tb\\r\\u001bc")
    }

    @Test(arguments: [("", 0), ("anna", 4), ("e\u{301}", 1), ("漢語", 4), ("😀", 2), ("❤\u{FE0F}", 2)])
    func widthIsInCells(text: String, cells: Int) {
        #expect(text.terminalCells == cells)
    }
}
