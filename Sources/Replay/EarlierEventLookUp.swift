internal import Events
internal import Scoring

/// The questions of a partition's fold about its subjects' earlier events, and their answers. The fold does not wait
/// for a disk: the slice ends, its owner reads, and the fold continues. It holds no lock in the meantime.
///
/// Only one thread at a time may use it, as with the fold.
final class EarlierEventLookUp {
    let textBytes: Int
    private(set) var questions: [PartitionFold.EarlierEventQuestion] = []
    /// True if the answers lacked an event that was folded, so that the same is asked again.
    private(set) var isRepeated = false
    private var answers: [PartitionFold.EarlierEventQuestion: [PartitionFold.EarlierEventNames]] = [:]

    init(textBytes: Int) { self.textBytes = textBytes }

    /// `Fold.EarlierEvents`: reads answers. A missing one becomes a question.
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

    /// Asks again, of a source that has every event. Returns false if that was done before.
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

    /// Drops questions and answers, after their events are folded, or when they are not to be folded.
    func forget() {
        guard !answers.isEmpty || !questions.isEmpty else { return }
        (answers, questions, isRepeated) = ([:], [], false)
    }
}
