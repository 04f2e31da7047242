internal import Events
public import Ledger
public import Policy
public import Scoring

/// One ledger partition, folded: frames in, facts out. What counts is decided by `Acceptance`, what it means by `Fold`.
///
/// It is the whole of a partition's state, and a pure function of the partition's frames: whoever folds the same
/// frames has the same standings, and the same facts under the same sequence numbers.
public struct PartitionFold: ~Copyable {
    public struct Problem: Error, Sendable, CustomStringConvertible {
        public let partition: Int32
        /// The ledger offset of the frame at fault.
        public let offset: Int64
        public let message: String
        public var description: String { "ledger partition \(partition), offset \(offset): \(message)" }
    }

    public let partition: Int32
    /// Under no policy, and empty, until the partition's first entry brings one.
    public private(set) var fold = Fold(policy: .absent)
    /// The ledger offset of the next frame.
    public private(set) var nextOffset: Int64 = 0
    public private(set) var acceptance = Acceptance()
    /// The last sequence number of each fact topic, by `FactTopic.rawValue`.
    public private(set) var sequences = [Int64](repeating: 0, count: FactTopic.allCases.count)
    /// The active policy's text.
    public private(set) var policyText = ""

    private var encoder: FactEncoder?
    private var reader = FrameReader()
    private var entry = FrameReader.blank
    private var typeIDs: [EventTypeID] = []
    private var topicIDs: [Int] = []
    private let decoder = EventDecoder()
    private var frameOffset: Int64 = 0
    /// Accepted entries on their way into the fold.
    private var batch: [Fold.Item] = []
    private static let batchEntries = 256

    public init(partition: Int32) { self.partition = partition }

    /// Folds one frame. Its facts wait in the fold until `drain`, and borrow from `frame` until then.
    public mutating func apply(frame: UnsafeRawBufferPointer, at offset: Int64) throws {
        frameOffset = offset
        // Nothing may be left of a frame that was refused half-way: it borrowed from memory that is gone.
        batch.removeAll(keepingCapacity: true)
        do {
            try reader.open(frame)
            nextOffset = offset + 1
            guard acceptance.judge(session: reader.session, number: reader.number) == .accept else { return }
            typeIDs.removeAll(keepingCapacity: true)
            topicIDs.removeAll(keepingCapacity: true)
            var index = 0
            while try reader.next(&entry) {
                try take(index)
                index += 1
            }
            foldBatch()
        } catch let error as FrameError {
            throw problem(error.description)
        }
    }

    @inline(__always) private mutating func take(_ index: Int) throws {
        if entry.kind == .system {
            foldBatch()
            try applySystem()
            return
        }
        guard encoder != nil else { throw problem("the partition does not begin with a policy") }
        var type: EventTypeID?
        if entry.kind == .event {
            let topic = topicID()
            guard acceptance.accept(topic: topic, partition: entry.origin.partition, offset: entry.origin.offset)
            else { return }
            type = typeID()
            if type == EventTypeID(.sourceReset), let name = decoder.string("topic", of: entry.event.data) {
                acceptance.reset(topic: name)
            }
        }
        batch.append(Fold.Item(event: entry.event, type: type, entry: index))
        if batch.count == Self.batchEntries { foldBatch() }
    }

    private mutating func foldBatch() {
        guard !batch.isEmpty else { return }
        batch.withUnsafeBufferPointer { fold.fold($0) }
        batch.removeAll(keepingCapacity: true)
    }

    /// Texts of a frame's dictionary are resolved once a frame.
    @inline(__always) private mutating func topicID() -> Int {
        let number = entry.origin.topicNumber
        if number >= 0, number < topicIDs.count, topicIDs[number] >= 0 { return topicIDs[number] }
        let topic = acceptance.topic(entry.origin.topic)
        if number >= 0 {
            while topicIDs.count <= number { topicIDs.append(-1) }
            topicIDs[number] = topic
        }
        return topic
    }

    @inline(__always) private mutating func typeID() -> EventTypeID {
        let number = entry.typeNumber
        if number >= 0, number < typeIDs.count, typeIDs[number] != .unresolved { return typeIDs[number] }
        let type = fold.resolve(type: entry.event.type)
        if number >= 0 {
            while typeIDs.count <= number { typeIDs.append(.unresolved) }
            typeIDs[number] = type
        }
        return type
    }

    private mutating func applySystem() throws {
        guard ControlType(entry.event.type) == .policyActivated,
            let text = decoder.string("policy", of: entry.event.data).map({ String(decoding: $0, as: UTF8.self) })
        else { throw problem("a system entry that this version does not know") }
        if encoder != nil {
            guard text == policyText else {
                throw problem("another policy is activated here, which this version cannot follow")
            }
            return
        }
        let policy = try ScoringPolicy(yaml: text, file: "ledger[\(partition)]@\(frameOffset)")
        policyText = text
        encoder = FactEncoder(policy: policy, partition: partition)
        fold = Fold(policy: policy)
    }

    private func problem(_ message: String) -> Problem {
        Problem(partition: partition, offset: frameOffset, message: message)
    }

    /// Numbers the facts of the last frame and adds to `batch`, encoded, those whose number is above `published` (by
    /// fact topic).
    public mutating func drain(above published: [Int64], into batch: inout FactBatch) {
        guard let encoder else { return }
        for index in fold.output.facts.indices {
            let fact = fold.output.facts[index]
            let topic = fact.kind.topic
            sequences[topic.rawValue] += 1
            let sequence = sequences[topic.rawValue]
            guard sequence > published[topic.rawValue] else { continue }
            batch.append(topic, sequence, key: fact.subject) {
                encoder.encode(
                    fact, reasons: fold.output.reasons, offset: frameOffset, sequence: sequence, into: &$0)
            }
        }
        fold.clearOutput()
    }

    /// The policy that is active here; nil before the first entry.
    public var policy: ScoringPolicy? { encoder == nil ? nil : fold.policy }
}
