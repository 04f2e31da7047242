public import Events
internal import Ledger
internal import Policy
public import Scoring

// A partition's whole state as bytes, and back. `SnapshotStore` sees to it that they are the bytes that were written.
//
//     8  magic "STSN0002", 4 fold version, 4 ledger partition, 8 next offset, 16 state digest (high, low)
//    32  chain head (`FrameChain`), 8 each sequence number
//     …  policy text, acceptance, the fold
extension PartitionFold {
    public typealias SnapshotError = Fold.SnapshotError

    private static let magic: UInt64 = 0x3230_3030_4E53_5453
    static let chainHeadBytes = 32

    /// Writes the state between two frames, in pieces; `chainHead` goes with it. Returns the state's digest.
    @discardableResult public borrowing func writeSnapshot(
        chainHead: [UInt8], to body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> StateDigest {
        precondition(chainHead.count == Self.chainHeadBytes, "a chain head is a SHA-256")
        guard policy != nil else { throw SnapshotError("the partition has not begun") }
        let digest = fold.digest()
        var writer = ByteWriter(capacity: 1 << 16)
        writer.append(littleEndian: Self.magic)
        writer.append(littleEndian: Fold.version)
        writer.append(littleEndian: partition)
        writer.append(littleEndian: nextOffset)
        writer.append(littleEndian: digest.high)
        writer.append(littleEndian: digest.low)
        writer.append(chainHead)
        for sequence in sequences { writer.append(littleEndian: sequence) }
        writer.append(varint: UInt64(policyText.utf8.count))
        writer.append(policyText)
        acceptance.write(to: &writer)
        try body(writer.bytes)
        try fold.writeSnapshot(to: body)
        return digest
    }

    /// The state that was written, to go on from `nextOffset`; `chainHead` is what went with it. Throws `SnapshotError`: of
    /// another partition, of another fold version, or not what its digest says.
    public init(
        partition: Int32, history: History? = nil, snapshot reader: inout ByteReader, chainHead: inout [UInt8]
    ) throws {
        do {
            let head = try Head(&reader, partition: partition)
            guard let policy = try? ScoringPolicy(yaml: head.policyText, file: "") else {
                throw SnapshotError("its policy does not pass its checks")
            }
            let fold = try Fold(policy: policy, snapshot: &reader)
            guard reader.isAtEnd, head.nextOffset > 0, try fold.digestOfSnapshot() == head.digest else {
                throw SnapshotError("the state is not what its digest says")
            }
            chainHead = head.chainHead
            self.init(
                partition: partition, history: history, fold: fold, policyText: head.policyText,
                acceptance: head.acceptance, nextOffset: head.nextOffset, sequences: head.sequences)
        } catch let failure as ByteReader.Failure {
            throw SnapshotError("\(failure)")
        }
    }

    /// What lies before the fold's state.
    private struct Head {
        let nextOffset: Int64
        let digest: StateDigest
        let chainHead: [UInt8]
        let sequences: [Int64]
        let policyText: String
        let acceptance: Acceptance

        init(_ reader: inout ByteReader, partition: Int32) throws {
            guard try reader.integer(UInt64.self) == magic else { throw SnapshotError("no snapshot of a partition") }
            let version = try reader.integer(UInt32.self)
            guard version == Fold.version else { throw SnapshotError("fold version \(version), not \(Fold.version)") }
            guard try reader.integer(Int32.self) == partition else {
                throw SnapshotError("a snapshot of another partition")
            }
            nextOffset = try reader.tally()
            digest = StateDigest(high: try reader.integer(), low: try reader.integer())
            chainHead = Array(try reader.take(chainHeadBytes))
            var sequences: [Int64] = []
            for _ in FactTopic.allCases { sequences.append(try reader.tally()) }
            self.sequences = sequences
            policyText = String(decoding: try reader.take(try reader.count(bytesEach: 1)), as: UTF8.self)
            acceptance = try Acceptance(from: &reader)
        }
    }
}
