public import Events
public import Policy
public import Scoring

/// `standing replay`: folds JSON-lines files of events, in the order given, as one ledger partition. No broker, no
/// clock of its own, no way to publish.
public struct FileReplay: ~Copyable {
    public private(set) var fold: Fold
    public private(set) var read: Int64 = 0
    public private(set) var rejected: Int64 = 0

    private let encoder: FactEncoder
    private var sequences = [Int64](repeating: 0, count: FactTopic.allCases.count)
    private var writer = ByteWriter()

    public init(policy: ScoringPolicy) {
        fold = Fold(policy: policy)
        encoder = FactEncoder(policy: policy, partition: 0)
    }

    /// Folds a file. Each fact goes to `fact` as one JSON document; each line that is no event goes to `reject`.
    public mutating func run(
        file: String, fact: ((UnsafeRawBufferPointer) throws -> Void)?, reject: (RejectedLine) -> Void
    ) throws {
        let events = try EventFile(file)
        let before = (read: read, rejected: rejected)
        while let event = try events.next(reject: reject) {
            fold.fold(event, type: fold.resolve(type: event.type), entry: 0)
            try emit(offset: before.read + events.read - 1, fact)
        }
        read = before.read + events.read
        rejected = before.rejected + events.rejected
    }

    /// Moves the clock to `time` (nil: where it is) and fires what is due by then.
    public mutating func finish(asOf time: Timestamp?, fact: ((UnsafeRawBufferPointer) throws -> Void)?) throws {
        fold.tick(time ?? fold.clock, entry: 0)
        try emit(offset: read, fact)
    }

    private mutating func emit(offset: Int64, _ body: ((UnsafeRawBufferPointer) throws -> Void)?) throws {
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
        fold.clearOutput()
    }
}
