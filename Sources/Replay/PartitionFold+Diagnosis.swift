internal import Ledger
public import Scoring

extension PartitionFold {
    /// Why events did not count, since this process began to fold the partition; those of subjects who are not enrolled since
    /// the ledger began.
    public var diagnosis: Diagnosis {
        var diagnosis = fold.diagnosis
        let acceptance = self.acceptance
        for (place, events) in fold.notEnrolledByTopic.enumerated() where events > 0 {
            // The first place is that of events whose topic is not known.
            diagnosis.notEnrolled.append(.init(topic: acceptance.topicName(place - 1), events: events))
        }
        return diagnosis
    }
}
