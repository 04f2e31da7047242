public import Events
internal import Ledger
public import Scoring

// Texts that order events of one time, and that are not in the state, are looked up in the archive (`Fold.lookUp`).
extension PartitionFold {
    /// The events of a subject at one time, whose sources and ids are needed.
    public struct EarlierEventQuestion: Hashable, Sendable {
        public let subject: [UInt8]
        public let time: Timestamp

        public init(subject: [UInt8], time: Timestamp) { (self.subject, self.time) = (subject, time) }
    }

    /// Source and id of an event.
    public struct EarlierEventNames: Hashable, Sendable {
        public let source: [UInt8]
        public let id: [UInt8]

        public init(source: [UInt8], id: [UInt8]) { (self.source, self.id) = (source, id) }
    }

    /// From now on the state stores only the newest texts, about `textBytes`, and asks for others. Policies that are
    /// folded beside the active one store all of theirs, until they become active. Frames must be folded in slices from
    /// here on.
    public mutating func lookUpEarlierEvents(textBytes: Int = Fold.standardTextBytes) {
        earlierEvents = EarlierEventLookUp(textBytes: textBytes)
        lookUpInFold()
    }

    /// The questions that ended the last slice; empty if it ended for another reason. The fold cannot continue before
    /// they are answered.
    public var earlierEventQuestions: [EarlierEventQuestion] { earlierEvents?.questions ?? [] }

    /// True if an answer to these questions lacked an event that was folded. The next answer must come from a source
    /// that has all events.
    public var isEarlierEventMissing: Bool { earlierEvents?.isRepeated ?? false }

    /// Answers all questions. Other events of the subjects do no harm. The next slice continues.
    public mutating func answer(_ names: [EarlierEventQuestion: [EarlierEventNames]]) { earlierEvents?.answer(names) }

    /// The number of events that were folded after a look-up of earlier ones, since this state began or was read from a
    /// snapshot.
    public var lookUps: Int64 { fold.lookUps }

    /// Whether the state can be folded further without look-ups.
    public var hasAllTexts: Bool { fold.hasAllTexts }

    /// Called for a state that has replaced another one.
    mutating func lookUpInFold() {
        guard let earlierEvents else { return }
        fold.lookUp(in: { earlierEvents.read($0, $1, $2) }, textBytes: earlierEvents.textBytes)
    }

    /// Called after an event of the batch was not folded because earlier ones are needed, for which the fold has asked.
    /// Asks for the others of the batch too, so that one reading answers them all. Throws `Problem` if an answer lacks,
    /// for the second time, an event that was folded.
    mutating func askForEarlierEvents() throws {
        guard let earlierEvents else { return }
        let items = batch.rest
        func question(_ item: Fold.Item) -> EarlierEventQuestion {
            EarlierEventQuestion(subject: Array(item.event.subject), time: item.event.time)
        }
        guard !earlierEvents.questions.isEmpty else {
            guard earlierEvents.askAgain(question(items[0])) else {
                earlierEvents.forget()
                // If the record is passed over, the event is too.
                batch.dropFirst()
                throw problem("neither archive nor topic have an earlier event that an event is to be put in order by")
            }
            return
        }
        for index in 1..<items.count where fold.lacksTexts(beside: items.baseAddress! + index) {
            earlierEvents.ask(question(items[index]))
        }
    }
}
