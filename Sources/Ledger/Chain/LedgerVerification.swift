/// Proves that several sources of a ledger partition have the same frames and that the members' checkpoints agree
/// with them, or reports the offset from which this is not proved.
public struct LedgerVerification: Sendable {
    /// A ledger partition that is not proved to its end, and the reason.
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        public let partition: Int32
        /// Nothing is proved from this offset on.
        public let offset: Int64
        public let reason: String
        public var description: String { "ledger partition \(partition), from offset \(offset): \(reason)" }
    }

    /// The result for one ledger partition.
    public struct Report: Sendable {
        public let partition: Int32
        public var frames: Int64 = 0
        /// The offset after the last frame that was compared.
        public var nextOffset: Int64 = 0
        /// The head before `nextOffset` (`FrameChain.head`).
        public var chainHead: [UInt8]
        /// The number of checkpoints that were reached and agree with the frames.
        public var checkpoints = 0
        /// The number of checkpoints after the end of the sources.
        public var beyond = 0
        /// Empty if everything is proved.
        public var findings: [Finding] = []
    }

    /// A source of the partition's frames.
    public struct Source {
        /// For messages: `archive`, `topic`.
        public let name: String
        /// True if the source may end before the others, like an archive that lags.
        public let mayEndEarly: Bool
        /// Opens the frames from an offset on, up to the source's end at that time.
        public let open: (_ start: Int64) throws -> any FrameSource

        public init(
            _ name: String, mayEndEarly: Bool = false, open: @escaping (_ start: Int64) throws -> any FrameSource
        ) {
            (self.name, self.mayEndEarly, self.open) = (name, mayEndEarly, open)
        }
    }

    private struct Reader {
        let source: Source
        var frames: any FrameSource
    }

    private enum Step {
        case same(LedgerFrame)
        /// `isAtEnd`: one source has ended, and others continue.
        case different(offset: Int64, reason: String, isAtEnd: Bool)
        case end
    }

    private let rereading: Rereading

    /// `rereading`: how often sources that differ are opened again before the difference is a finding.
    public init(rereading: Rereading = .none) { self.rereading = rereading }

    /// Reads the sources in lockstep. A source may end before the others if its `mayEndEarly` is true. Every other
    /// difference ends the comparison with a finding.
    ///
    /// While members run, the sources end at different times and so at different offsets. If a source's end has moved
    /// when it is opened again, the comparison ends without a finding, and later frames are not compared.
    public func run(
        partition: Int32, sources: [Source], checkpoints: [SignedCheckpoint], keyring: Keyring,
        progress: (Int64) -> Void = { _ in }
    ) throws -> Report {
        var chain = FrameChain(partition: partition)
        var report = Report(partition: partition, chainHead: chain.head)
        var waiting = good(checkpoints, partition, keyring, &report)
        settle(&waiting, chain, &report)
        var readers = try sources.map { Reader(source: $0, frames: try $0.open(0)) }
        var rereadings = 0
        var hasMetEnd = false
        comparison: while true {
            switch try step(&readers) {
            case .end: break comparison
            case .same(let frame):
                if hasMetEnd { break comparison }
                rereadings = 0
                chain.append(frame.bytes, at: frame.offset)
                report.frames += 1
                report.nextOffset = frame.offset + 1
                report.chainHead = chain.head
                settle(&waiting, chain, &report)
                progress(report.frames)
            case .different(let offset, let reason, let isAtEnd):
                if isAtEnd { hasMetEnd = true }
                guard rereadings < rereading.times else {
                    find(offset, reason, &report)
                    break comparison
                }
                rereadings += 1
                rereading.wait()
                for index in readers.indices {
                    readers[index].frames = try readers[index].source.open(report.nextOffset)
                }
            }
        }
        report.beyond = waiting.count
        return report
    }

    /// The next frame of each source. A source that may end early and has ended is left out from then on.
    private func step(_ readers: inout [Reader]) throws -> Step {
        var frames: [(name: String, frame: LedgerFrame)] = []
        var ended: [String] = []
        for reader in readers {
            if let frame = try reader.frames.next() {
                frames.append((reader.source.name, frame))
            } else if !reader.source.mayEndEarly {
                ended.append(reader.source.name)
            }
        }
        readers.removeAll { reader in
            reader.source.mayEndEarly && !frames.contains { $0.name == reader.source.name }
        }
        guard let first = frames.first else { return .end }
        let offset = frames.map(\.frame.offset).min() ?? 0
        func different(_ reason: String, isAtEnd: Bool = false) -> Step {
            .different(offset: offset, reason: reason, isAtEnd: isAtEnd)
        }
        if let missing = ended.first { return different("\(first.name) goes on where \(missing) ends", isAtEnd: true) }
        if let other = frames.first(where: { $0.frame.offset != offset }) {
            let one = frames.first { $0.frame.offset == offset }
            return different("\(one?.name ?? "") has a frame that \(other.name) has not")
        }
        if let other = frames.first(where: { !same($0.frame.bytes, first.frame.bytes) }) {
            return different("\(first.name) and \(other.name) have different frames")
        }
        return .same(first.frame)
    }

    private func same(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        a.count == b.count && a.elementsEqual(b)
    }

    private func find(_ offset: Int64, _ reason: String, _ report: inout Report) {
        report.findings.append(Finding(partition: report.partition, offset: offset, reason: reason))
    }

    /// The checkpoints that a trusted key has signed, in the order of their offsets. Reports the others, and members
    /// that contradict each other.
    private func good(
        _ checkpoints: [SignedCheckpoint], _ partition: Int32, _ keyring: Keyring, _ report: inout Report
    ) -> [Checkpoint] {
        var good: [Checkpoint] = []
        for signed in checkpoints where signed.checkpoint.partition == partition {
            if let objection = keyring.objection(to: signed) {
                find(
                    signed.checkpoint.nextOffset,
                    "a checkpoint of \(signed.checkpoint.member) proves nothing: \(objection)",
                    &report)
            } else {
                good.append(signed.checkpoint)
            }
        }
        good.sort { ($0.nextOffset, $0.member) < ($1.nextOffset, $1.member) }
        for (a, b) in zip(good, good.dropFirst()) {
            if let divergence = Divergence(a, b), divergence.kind == .state {
                find(a.nextOffset, divergence.description, &report)
            }
        }
        return good
    }

    /// Compares the checkpoints up to this offset with the chain.
    private func settle(_ waiting: inout [Checkpoint], _ chain: FrameChain, _ report: inout Report) {
        while let next = waiting.first, next.nextOffset <= report.nextOffset {
            waiting.removeFirst()
            if next.nextOffset == report.nextOffset, next.chainHead == chain.head {
                report.checkpoints += 1
            } else {
                find(
                    next.nextOffset,
                    "the checkpoint of \(next.member) has another chain head: what lies before is not what "
                        + "it vouched for", &report)
            }
        }
    }
}
