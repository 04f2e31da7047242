import Events
import Testing

@Suite struct TextTableTests {
    @Test func columnsAreAlignedUnderTheirHeader() {
        var table = TextTable([.text("name"), .number("count"), .text("note")])
        table.add(["Zoë", "7", "early"])
        table.add(["漢語", "1234567", ""])
        table.add(["a\nb", "12"])
        #expect(
            table.take() == """
                name    count  note
                Zoë         7  early
                漢語  1234567
                a\\nb       12

                """)
    }

    @Test func aTableOfNothingIsItsHeader() {
        var table = TextTable([.number("n"), .text("what")], indent: 2)
        #expect(table.take() == "  n  what\n")
    }

    @Test func inPartsTheHeaderComesOnceAndWidthsStay() {
        var table = TextTable([.number("n"), .text("what")])
        table.add(["1000", "a"])
        #expect(table.count == 2)
        #expect(table.take() == "   n  what\n1000  a\n")
        table.add(["2", "b"])
        #expect(table.take() == "   2  b\n")
        #expect(table.take().isEmpty)
    }
}
