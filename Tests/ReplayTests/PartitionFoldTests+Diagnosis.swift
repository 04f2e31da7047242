import Ledger
import Replay
import Scoring
import Testing

extension PartitionFoldTests {
    // MARK: What did not count

    /// Events of subjects who are not enrolled by the name of the topic that they came from, once they wait no more.
    @Test func whatDoesNotCountHasTheNameOfItsTopic() throws {
        try ledger.apply(
            LedgerEntry.frame([
                .policy(TestPolicy.text), .enrolled("anna", offset: 0), .happened("bill.paidd", "anna", offset: 1),
                .happened("bill.paid", "bert", offset: 2, topic: "bills"),
                .happened("bill.paid", "carl", offset: 3, topic: "bills"),
                .happened("bill.paid", "bert", offset: 4),
            ]), at: 0)
        #expect(ledger.fold.diagnosis.notEnrolled == [])
        #expect(ledger.fold.diagnosis.waiting == 3)
        try ledger.apply(LedgerEntry.frame(number: 1, [.tick(100_000)]), at: 1)
        let diagnosis = ledger.fold.diagnosis
        #expect(diagnosis.notEnrolled == [.init(topic: "town", events: 1), .init(topic: "bills", events: 2)])
        #expect(diagnosis.waiting == 0)
        #expect(diagnosis.unmatchedTypes == [.init(type: "bill.paidd", events: 1)])
        #expect(diagnosis.failures == [])
    }
}
