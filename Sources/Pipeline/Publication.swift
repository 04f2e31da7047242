internal import Scoring

/// The positions of one ledger partition's facts: which are sent, which are acknowledged, and the ledger offset before
/// which all are. A pure state machine. Its marks are the metadata of the ledger offset's commit.
struct Publication {
    /// A position in a fact partition: everything up to `sequence` is before `offset`.
    struct Mark: Equatable, Sendable {
        var offset: Int64 = 0
        var sequence: Int64 = 0
    }

    private struct Checkpoint {
        var next: Int64
        var sequences: [Int64]
    }

    /// By `FactTopic.rawValue`: the last sequence number that was passed to the producer, or found in the topic.
    private(set) var sent: [Int64]
    private(set) var acknowledged: [Mark]
    /// The ledger offset before which every fact is acknowledged.
    private(set) var committable: Int64 = 0
    private var checkpoints: [Checkpoint] = []
    private var firstCheckpoint = 0
    /// The greatest offset passed to `folded`.
    private var farthest: Int64 = 0

    private let waitsForAcknowledgements: Bool

    /// Continues after the facts in the topics. `waitsForAcknowledgements`: as in `PipelineConfiguration`.
    init(found: [Mark], waitsForAcknowledgements: Bool = true) {
        sent = found.map(\.sequence)
        acknowledged = found
        self.waitsForAcknowledgements = waitsForAcknowledgements
    }

    /// The state is from a snapshot: every fact before this ledger offset is published.
    mutating func begin(at offset: Int64) { committable = max(committable, offset) }

    mutating func send(_ topic: FactTopic, _ sequence: Int64) {
        sent[topic.rawValue] = sequence
        if !waitsForAcknowledgements { acknowledged[topic.rawValue].sequence = sequence }
    }

    /// `settle` applies it, once for many calls.
    mutating func acknowledge(topic: Int, sequence: Int64, offset: Int64) {
        guard sequence > acknowledged[topic].sequence else { return }
        acknowledged[topic] = Mark(offset: offset + 1, sequence: sequence)
    }

    /// The frame before ledger offset `next` is folded, and all its facts are sent. A repeated call for a frame that is
    /// folded again changes nothing.
    mutating func folded(next: Int64) {
        guard next > farthest else { return }
        farthest = next
        if checkpoints.count > firstCheckpoint, checkpoints[checkpoints.count - 1].sequences == sent {
            checkpoints[checkpoints.count - 1].next = next
        } else {
            checkpoints.append(Checkpoint(next: next, sequences: sent))
        }
    }

    /// Whether everything that was sent is acknowledged, including facts of a frame that is sent in part.
    var isSettled: Bool {
        firstCheckpoint == checkpoints.count && zip(acknowledged, sent).allSatisfy { $0.sequence >= $1 }
    }

    /// Facts that were sent and are not acknowledged.
    var inFlight: Int64 { zip(sent, acknowledged).reduce(0) { $0 + max(0, $1.0 - $1.1.sequence) } }

    /// Moves `committable` over every frame whose facts are acknowledged.
    mutating func settle() {
        while firstCheckpoint < checkpoints.count,
            zip(acknowledged, checkpoints[firstCheckpoint].sequences).allSatisfy({ $0.sequence >= $1 })
        {
            committable = checkpoints[firstCheckpoint].next
            firstCheckpoint += 1
        }
        if firstCheckpoint > 256 || firstCheckpoint == checkpoints.count {
            checkpoints.removeFirst(firstCheckpoint)
            firstCheckpoint = 0
        }
    }

    // MARK: Metadata

    private static let version = "1"

    /// `1;OFFSET:SEQUENCE;…`, one mark per fact topic.
    static func metadata(of marks: [Mark]) -> String {
        ([version] + marks.map { "\($0.offset):\($0.sequence)" }).joined(separator: ";")
    }

    var metadata: String { Self.metadata(of: acknowledged) }

    /// Nil for a text that is not of this version. The fact partitions are then read from their beginning.
    static func marks(in metadata: String) -> [Mark]? {
        let parts = metadata.split(separator: ";")
        guard parts.first == Substring(version), parts.count == FactTopic.allCases.count + 1 else { return nil }
        let marks = parts.dropFirst().compactMap { part -> Mark? in
            let numbers = part.split(separator: ":").compactMap { Int64($0) }
            return numbers.count == 2 ? Mark(offset: numbers[0], sequence: numbers[1]) : nil
        }
        return marks.count == FactTopic.allCases.count ? marks : nil
    }
}
