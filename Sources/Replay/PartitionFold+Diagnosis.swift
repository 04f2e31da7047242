internal import Ledger
public import Scoring

extension PartitionFold {
    /// The reasons why events did not count since `beginDiagnosis`, or since this process began to fold the partition.
    public var diagnosis: Diagnosis {
        var diagnosis = fold.diagnosis
        let acceptance = self.acceptance
        for (index, all) in fold.notEnrolledByTopic.enumerated() {
            let events = all - (index < notEnrolledBefore.count ? notEnrolledBefore[index] : 0)
            guard events > 0 else { continue }
            // The first count is of events whose topic is not known.
            diagnosis.notEnrolled.append(.init(topic: acceptance.topicName(index - 1), events: events))
        }
        return diagnosis
    }

    /// Resets the diagnosis: everything folded so far is history.
    public mutating func beginDiagnosis() {
        fold.forgetDiagnosis()
        candidate?.forgetDiagnosis()
        notEnrolledBefore = fold.notEnrolledByTopic
    }
}
