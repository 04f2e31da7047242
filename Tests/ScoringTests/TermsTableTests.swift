import Testing

@testable import Scoring

/// The numbers are part of snapshots, so every member must give the same ones.
@Suite struct TermsTableTests {
    private func add(_ texts: String..., to table: inout TermsTable) -> [UInt32] {
        var numbers: [UInt32] = []
        for text in texts { numbers.append(Array(text.utf8).withUnsafeBytes { table.add($0) }) }
        return numbers
    }

    @Test func aTextKeepsItsNumberWhileASubjectHasIt() {
        var table = TermsTable()
        let numbers = add("a", "a", "b", "a", "", "", to: &table)
        #expect(numbers == [0, 0, 1, 0, 2, 2])
        #expect(table.uses == [3, 1, 2])
    }

    /// A new text takes the number that became free last.
    @Test func freeNumbersAreUsedAgainTheLastOneFirst() {
        var table = TermsTable()
        _ = add("a", "b", "c", to: &table)
        table.remove(0)
        table.remove(2)
        let numbers = add("d", "c", "a", to: &table)
        #expect(numbers == [2, 0, 3])
        #expect(table.texts == ["c", "b", "d", "a"].map { Array($0.utf8) })
    }

    /// A subject that enrols again gives its text back first.
    @Test func theOnlyUserOfATextGetsItsNumberAgain() {
        var table = TermsTable()
        let first = add("a", to: &table)
        table.remove(0)
        #expect(!table.isUsed(0))
        let second = add("a", to: &table)
        table.remove(0)
        let third = add("b", to: &table)
        #expect([first, second, third] == [[0], [0], [0]])
        #expect(table.uses == [1])
    }

    @Test func aRestoredTableGoesOn() {
        var table = TermsTable()
        for (text, uses) in [("a", 2), ("", 0), ("b", 1)] {
            let isNew = table.restore(Array(text.utf8), uses: uses)
            #expect(isNew)
        }
        let numbers = add("b", "a", "c", "d", to: &table)
        #expect(numbers == [2, 0, 1, 3])
    }
}
