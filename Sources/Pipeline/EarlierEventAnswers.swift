internal import Events
internal import Ledger
internal import Replay

/// The answers of a ledger partition to a fold's questions about earlier events.
struct EarlierEventAnswers {
    typealias Question = PartitionFold.EarlierEventQuestion
    typealias Names = PartitionFold.EarlierEventNames

    private let questions: Set<Question>
    private let times: Set<Timestamp>
    private var answers: [Question: [Names]] = [:]

    init(_ questions: [Question]) {
        self.questions = Set(questions)
        times = Set(questions.map(\.time))
    }

    /// Reads an archive and its indexes. Throws `ArchiveDamage`.
    consuming func found(in history: SubjectHistory) throws -> [Question: [Names]] {
        guard let since = times.min() else { return [:] }
        try history.readEvents(of: Array(Set(questions.map(\.subject))), since: since) { add($0) }
        return answers
    }

    /// Reads all frames.
    consuming func found(in frames: any FrameSource) throws -> [Question: [Names]] {
        var (reader, entry) = (EntryReader(), FrameReader.blank)
        while let frame = try frames.next() {
            guard try reader.openOrPass(frame.bytes) else { continue }
            while try reader.next(&entry) {
                if entry.kind == .event, !reader.isOutOfRange { add(entry.event) }
            }
        }
        return answers
    }

    private mutating func add(_ event: EventView) {
        guard times.contains(event.time) else { return }
        let question = Question(subject: Array(event.subject), time: event.time)
        guard questions.contains(question) else { return }
        let names = Names(source: Array(event.source), id: Array(event.id))
        if answers[question]?.contains(names) != true { answers[question, default: []].append(names) }
    }
}
