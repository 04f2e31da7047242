import Testing

@testable import Pipeline

@Suite struct AppendedOffsetsTests {
    @Test func offsetsThatGoOnAreOfTheSameLedger() throws {
        let appended = AppendedOffsets(ledger: "ledger")
        for (partition, offset) in [(0, 0), (1, 5), (0, 1), (0, 40), (1, 6)] as [(Int32, Int64)] {
            try appended.note(partition, offset: offset)
        }
    }

    /// The topic was made anew, or has lost what was acknowledged: also one whose last offset comes again.
    @Test(arguments: [0, 39, 40] as [Int64]) func offsetsThatGoBackAreOfAnotherLedger(offset: Int64) throws {
        let appended = AppendedOffsets(ledger: "ledger")
        try appended.note(3, offset: 40)
        try appended.note(2, offset: offset)
        let error = #expect(throws: PipelineError.self) { try appended.note(3, offset: offset) }
        #expect(error?.code == .ledgerDamaged)
        #expect(error?.message.contains("ledger[3]: a frame got offset \(offset), and one of before has 40") == true)
        // An appender that begins anew is still refused.
        #expect(throws: PipelineError.self) { try appended.note(3, offset: 40) }
    }
}
