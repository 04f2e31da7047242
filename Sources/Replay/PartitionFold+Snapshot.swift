public import Events
public import Ledger
internal import Policy
public import Scoring

// A partition's whole state as bytes. `SnapshotStore` verifies that the bytes are those that were written.
//
//     8  magic "STSN0003", 4 version of the state, 4 ledger partition, 8 next offset, 16 state digest (high, low)
//    32  chain head (`FrameChain`), 8 each sequence number
//     …  the ledger's name (empty: it has none), policy text, acceptance, the fold, whose first 4 bytes are the fold version
//     …  if sources are withdrawn: varint number, bytes each name
extension PartitionFold {
    public typealias SnapshotError = Fold.SnapshotError

    private static let magic: UInt64 = 0x3330_3030_4E53_5453
    static let chainHeadBytes = 32

    /// Writes the state between two frames, in pieces, with `chainHead`. Returns the state's digest. Throws
    /// `SnapshotError` if a frame is folded in part, or if nothing is folded yet.
    @discardableResult public borrowing func writeSnapshot(
        chainHead: [UInt8], to body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> StateDigest {
        precondition(chainHead.count == Self.chainHeadBytes, "a chain head is a SHA-256")
        guard !isWithinFrame else { throw SnapshotError("the frame at offset \(nextOffset) is folded in part") }
        guard policy != nil else { throw SnapshotError("the partition has not begun") }
        let digest = fold.digest()
        var writer = ByteWriter(capacity: 1 << 16)
        writer.append(littleEndian: Self.magic)
        writer.append(littleEndian: Fold.stateVersion)
        writer.append(littleEndian: partition)
        writer.append(littleEndian: nextOffset)
        writer.append(littleEndian: digest.high)
        writer.append(littleEndian: digest.low)
        writer.append(chainHead)
        for sequence in sequences { writer.append(littleEndian: sequence) }
        let name = identity.name ?? ""
        writer.append(varint: UInt64(name.utf8.count))
        writer.append(name)
        writer.append(varint: UInt64(policyText.utf8.count))
        writer.append(policyText)
        acceptance.write(to: &writer)
        try body(writer.bytes)
        try fold.writeSnapshot(to: body)
        // A state without any has no such field, and can be read by a program that does not know it.
        guard !withdrawnSources.isEmpty else { return digest }
        writer.removeAll()
        writer.append(varint: UInt64(withdrawnSources.count))
        for name in withdrawnSources {
            writer.append(varint: UInt64(name.count))
            writer.append(name)
        }
        try body(writer.bytes)
        return digest
    }

    /// Reads a state, to continue from `nextOffset`; `chainHead` was written with it. Throws `SnapshotError` if it is
    /// of another partition or another fold version, or differs from its digest.
    public init(
        partition: Int32, history: History? = nil, snapshot reader: inout ByteReader, chainHead: inout [UInt8],
        maximumSessions: Int = Acceptance.maximumSessions, known: KnownFoldVersions = KnownFoldVersions()
    ) throws {
        do {
            let head = try Head(&reader, partition: partition, maximumSessions: maximumSessions)
            guard let policy = try? ScoringPolicy(yaml: head.policyText, file: "") else {
                throw SnapshotError("its policy does not pass its checks")
            }
            let fold = try Fold(policy: policy, snapshot: &reader)
            guard fold.version <= known.newest else {
                throw SnapshotError("fold version \(fold.version.rawValue), which this program does not know")
            }
            guard let identity = LedgerIdentity(name: head.ledgerName, version: fold.version)?.salted(fold.salt) else {
                throw SnapshotError("a ledger's name that its fold version does not have")
            }
            let withdrawnSources = try Self.withdrawnSources(&reader)
            guard reader.isAtEnd, head.nextOffset > 0, try fold.digestOfSnapshot() == head.digest else {
                throw SnapshotError("the state is not what its digest says")
            }
            chainHead = head.chainHead
            self.init(
                partition: partition, history: history, fold: fold, identity: identity, policyText: head.policyText,
                acceptance: head.acceptance, withdrawnSources: known.remembersWithdrawals ? withdrawnSources : [],
                maximumSessions: maximumSessions, known: known, nextOffset: head.nextOffset, sequences: head.sequences)
        } catch let failure as ByteReader.Failure {
            throw SnapshotError("\(failure)")
        }
    }

    private static func withdrawnSources(_ reader: inout ByteReader) throws -> [[UInt8]] {
        guard !reader.isAtEnd else { return [] }
        var names: [[UInt8]] = []
        for _ in 0..<(try reader.count(bytesEach: 1)) {
            names.append(Array(try reader.take(try reader.count(bytesEach: 1))))
        }
        return names
    }

    /// The fields before the fold's state.
    private struct Head {
        let nextOffset: Int64
        let digest: StateDigest
        let chainHead: [UInt8]
        let sequences: [Int64]
        let ledgerName: String
        let policyText: String
        let acceptance: Acceptance

        init(_ reader: inout ByteReader, partition: Int32, maximumSessions: Int) throws {
            guard try reader.integer(UInt64.self) == magic else { throw SnapshotError("no snapshot of a partition") }
            let version = try reader.integer(UInt32.self)
            guard version == Fold.stateVersion else {
                throw SnapshotError("version \(version) of the state, not \(Fold.stateVersion)")
            }
            guard try reader.integer(Int32.self) == partition else {
                throw SnapshotError("a snapshot of another partition")
            }
            nextOffset = try reader.tally()
            digest = StateDigest(high: try reader.integer(), low: try reader.integer())
            chainHead = Array(try reader.take(chainHeadBytes))
            var sequences: [Int64] = []
            for _ in FactTopic.allCases { sequences.append(try reader.tally()) }
            self.sequences = sequences
            ledgerName = String(decoding: try reader.take(try reader.count(bytesEach: 1)), as: UTF8.self)
            policyText = String(decoding: try reader.take(try reader.count(bytesEach: 1)), as: UTF8.self)
            acceptance = try Acceptance(from: &reader, maximumSessions: maximumSessions)
        }
    }
}
