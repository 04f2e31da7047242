public import Events
internal import Ledger
public import Scoring

// Where the state does not have the texts that put events of one time in order, they are looked up in the archive (`Fold.lookUp`).
extension PartitionFold {
    /// The events of a subject at one time, of which sources and ids are wanted.
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

    /// From now on the state has the newest texts alone, of about so many bytes, and asks for others. Policies that are folded beside
    /// the active one have all of theirs, until one of them becomes the active one. Frames must be folded in slices from here on.
    public mutating func lookUpEarlierEvents(textBytes: Int = Fold.standardTextBytes) {
        earlierEvents = EarlierEventLookUp(textBytes: textBytes)
        lookUpInFold()
    }

    /// What the last slice ended for; empty if for something else. Before it is answered there is nothing to go on with.
    public var earlierEventQuestions: [EarlierEventQuestion] { earlierEvents?.questions ?? [] }

    /// An answer to these questions did not have an event that was folded: now it must come from a source that has all of them.
    public var isEarlierEventMissing: Bool { earlierEvents?.isRepeated ?? false }

    /// Answers all questions; other events of the subjects do no harm. The next slice goes on.
    public mutating func answer(_ names: [EarlierEventQuestion: [EarlierEventNames]]) { earlierEvents?.answer(names) }

    /// Events were folded after a look-up of earlier ones, so often since this state began or came from a snapshot.
    public var lookUps: Int64 { fold.lookUps }

    /// The state can be folded on without look-ups.
    public var hasAllTexts: Bool { fold.hasAllTexts }

    /// For a state that has taken another one's place.
    mutating func lookUpInFold() {
        guard let earlierEvents else { return }
        fold.lookUp(in: { earlierEvents.read($0, $1, $2) }, textBytes: earlierEvents.textBytes)
    }

    /// An event of the batch was not folded because earlier ones are wanted, which the fold has asked for: with it the others of the batch
    /// ask, so that one reading answers them all. Throws `Problem` where what was answered, twice, lacks an event that was folded.
    mutating func askForEarlierEvents(from first: Int) throws {
        guard let earlierEvents else { return }
        func question(_ item: Fold.Item) -> EarlierEventQuestion {
            EarlierEventQuestion(subject: Array(item.event.subject), time: item.event.time)
        }
        guard !earlierEvents.questions.isEmpty else {
            guard earlierEvents.askAgain(question(batch[first])) else {
                earlierEvents.forget()
                // Where the record is passed over, so is the event.
                batch.remove(at: first)
                throw problem("neither archive nor topic have an earlier event that an event is to be put in order by")
            }
            return
        }
        for index in batch.indices[(first + 1)...]
        where batch.withUnsafeBufferPointer({ fold.lacksTexts(beside: $0.baseAddress! + index) }) {
            earlierEvents.ask(question(batch[index]))
        }
    }
}
