import Testing

@testable import Pipeline
@testable import Query

/// What `systemctl status` shows.
struct ReadinessSentenceTests {
    private let notReady = Readiness(
        unreadyFor: .milliseconds(41_200), failure: nil, missing: [.intake], intakePartitions: 0, foldPartitions: 12,
        currentPartitions: 9, behind: .init(time: .milliseconds(7300), partition: 4), readyWithin: .seconds(5),
        secondsLeft: 3.2)

    @Test func aLineSaysWhatReadinessSays() {
        #expect(
            notReady.sentence
                == "not ready: the intake has not joined its group: which partitions are its own is not known yet (and 1 more), "
                + "about 4 s left")
        var ready = notReady
        (ready.unreadyFor, ready.intakePartitions) = (nil, 6)
        #expect(ready.sentence == "ready: 12 ledger partitions, 6 source partitions")
        ready.quarantined = [.init(partition: 3, offset: 7, reason: "no frame")]
        #expect(ready.sentence == "ready: 12 ledger partitions, 6 source partitions, 1 in quarantine")
        var failed = notReady
        failed.failure = "the disk is gone"
        #expect(failed.sentence == "the disk is gone")
    }
}
