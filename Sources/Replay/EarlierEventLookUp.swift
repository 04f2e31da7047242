internal import Events
internal import Scoring

/// What a partition's fold asks of its subjects' earlier events, and what it was answered. The fold does not wait for a disk: the
/// slice ends, its owner reads, and the fold goes on. Until then it holds no lock and takes no time.
///
/// One thread at a time uses it, as it does the fold.
final class EarlierEventLookUp {
    let textBytes: Int
    private(set) var questions: [PartitionFold.EarlierEventQuestion] = []
    /// The answers did not have an event that was folded: the same is asked once more.
    private(set) var isRepeated = false
    private var answers: [PartitionFold.EarlierEventQuestion: [PartitionFold.EarlierEventNames]] = [:]

    init(textBytes: Int) { self.textBytes = textBytes }

    /// `Fold.EarlierEvents`: with what was answered; what was not is asked.
    func read(
        _ subject: UnsafeRawBufferPointer, _ time: Timestamp,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        let question = PartitionFold.EarlierEventQuestion(subject: Array(subject), time: time)
        guard let names = answers[question] else {
            ask(question)
            return false
        }
        for name in names { name.source.withUnsafeBytes { source in name.id.withUnsafeBytes { body(source, $0) } } }
        return true
    }

    func ask(_ question: PartitionFold.EarlierEventQuestion) {
        guard answers[question] == nil, !questions.contains(question) else { return }
        questions.append(question)
    }

    /// Asks once more, of a source that has every event. False: that was done.
    func askAgain(_ question: PartitionFold.EarlierEventQuestion) -> Bool {
        guard !isRepeated else { return false }
        answers[question] = nil
        (questions, isRepeated) = ([question], true)
        return true
    }

    func answer(_ names: [PartitionFold.EarlierEventQuestion: [PartitionFold.EarlierEventNames]]) {
        for question in questions { answers[question] = names[question] ?? [] }
        questions = []
    }

    /// The events that asked are folded, or are not to be.
    func forget() {
        guard !answers.isEmpty || !questions.isEmpty else { return }
        (answers, questions, isRepeated) = ([:], [], false)
    }
}
