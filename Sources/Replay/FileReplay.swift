public import Events
public import Policy
public import Scoring

/// `standing replay`: folds JSON-lines files of events, in the given order, as one ledger partition. It needs no
/// broker, reads no clock, and publishes nothing.
public struct FileReplay: ~Copyable {
    public private(set) var fold: Fold
    public private(set) var read: Int64 = 0
    public private(set) var rejected: Int64 = 0

    private let firstPolicy: ScoringPolicy
    /// The files read so far, and the number of events folded of each.
    private var files: [(name: String, events: Int64)] = []
    private let decoder = EventDecoder()
    private var encoder: FactEncoder
    private var sequences = [Int64](repeating: 0, count: FactTopic.allCases.count)
    private var writer = ByteWriter()

    public init(policy: ScoringPolicy) {
        firstPolicy = policy
        fold = Fold(policy: policy)
        encoder = FactEncoder(policy: policy, partition: 0, ledger: LedgerIdentity.defaultName)
    }

    /// Folds a file. Calls `fact` with each fact as one JSON document, and `reject` with each line that is not an
    /// event.
    public mutating func run(
        file: String, progress: FileProgress? = nil, fact: ((UnsafeRawBufferPointer) throws -> Void)?,
        reject: (RejectedLine) -> Void
    ) throws {
        let events = try EventFile(file, progress: progress)
        let before = (read: read, rejected: rejected)
        files.append((file, 0))
        while let event = try events.next(reject: reject) {
            let offset = before.read + events.read - 1
            let type = fold.resolve(type: event.type)
            if type == EventTypeID(.policyActivated) {
                try switchPolicy(event, offset: offset, fact)
            } else {
                fold.fold(event, type: type, entry: 0)
            }
            try emit(offset: offset, fact)
            files[files.count - 1].events += 1
        }
        read = before.read + events.read
        rejected = before.rejected + events.rejected
    }

    /// Moves the clock to `time` and fires what is due by then. If it is nil the clock stays.
    public mutating func finish(asOf time: Timestamp?, fact: ((UnsafeRawBufferPointer) throws -> Void)?) throws {
        fold.tick(time ?? fold.clock, entry: 0)
        try emit(offset: read, fact)
    }

    /// Folds everything read so far again, under the policy that the event activates, and continues under it.
    private mutating func switchPolicy(
        _ event: EventView, offset: Int64, _ fact: ((UnsafeRawBufferPointer) throws -> Void)?
    ) throws {
        guard fold.admitActivation(event, entry: 0) == .admitted, let text = event.policyText(decoder),
            text != fold.policy.text
        else { return }
        try emit(offset: offset, sameEntry: true, fact)
        let policy = try ScoringPolicy(yaml: text, file: "event \(offset)")
        var past = Fold(pastOf: policy)
        past.begin(under: firstPolicy)
        for file in files {
            let events = try EventFile(file.name)
            var count: Int64 = 0
            while count < file.events, let earlier = try events.next(reject: { _ in }) {
                past.fold(earlier, type: past.resolve(type: earlier.type), entry: 0)
                past.clearOutput()
                count += 1
            }
        }
        try past.succeed(fold, by: event, entry: 0)
        encoder = FactEncoder(
            policy: policy, previous: fold.policy, partition: 0, ledger: LedgerIdentity.defaultName)
        swap(&fold, &past)
    }

    private mutating func emit(
        offset: Int64, sameEntry: Bool = false, _ body: ((UnsafeRawBufferPointer) throws -> Void)?
    ) throws {
        if let body {
            for fact in fold.output.facts {
                let topic = fact.kind.topic.rawValue
                sequences[topic] += 1
                writer.removeAll()
                encoder.encode(
                    fact, reasons: fold.output.reasons, offset: offset, sequence: sequences[topic], into: &writer)
                try body(writer.bytes)
            }
        }
        fold.clearOutput(sameEntry: sameEntry)
    }
}
