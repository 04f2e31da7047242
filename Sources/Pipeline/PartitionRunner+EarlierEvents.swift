internal import Ledger
internal import Logging
internal import Replay

// Answers to a fold's questions about earlier events are read in the storage line. No slice runs meanwhile, and callers
// that ask for a standing do not wait.
extension PartitionRunner {
    /// Returns true if the fold waits for earlier events.
    func lookUpEarlierEvents(of partition: LedgerPartition) -> Bool {
        let (questions, isRepeated, end) = partition.withFold {
            ($0.earlierEventQuestions, $0.isEarlierEventMissing, $0.nextOffset + 1)
        }
        guard !questions.isEmpty else { return false }
        // Frames that are not written cannot be read.
        guard !isDiskFull else { return true }
        onStorage { [unowned self] partition in
            if partition.withFold({ !$0.earlierEventQuestions.isEmpty }) { noteFullDisk() }
        } _: { [self] in
            guard try storing({ try partition.store.flush() }) else { return }
            let answers = try answers(to: questions, of: partition, isRepeated: isRepeated, before: end)
            partition.withFold { $0.answer(answers) }
        }
        return true
    }

    /// `isRepeated`: the archive's indexes did not have all folded frames.
    private func answers(
        to questions: [PartitionFold.EarlierEventQuestion], of partition: LedgerPartition, isRepeated: Bool,
        before end: Int64
    ) throws -> [PartitionFold.EarlierEventQuestion: [PartitionFold.EarlierEventNames]] {
        if !isRepeated {
            do {
                return try partition.shared.answers(to: questions)
            } catch let damage as ArchiveDamage {
                logger.error(
                    "earlier events are read from the topic, for the archive is damaged",
                    metadata: ["partition": "\(number)", "reason": "\(damage)"])
            }
        }
        let (kafka, ledger, stop, number) = (configuration.kafka, configuration.topics.ledger, environment.stop, number)
        let frames = LedgerFrames(archive: partition.store.directory, from: 0, until: end) { start in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: number, from: start, until: end, isStopped: { stop.isSet })
        }
        return try EarlierEventAnswers(questions).found(in: frames)
    }
}
