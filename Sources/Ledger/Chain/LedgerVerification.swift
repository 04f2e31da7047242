/// Proves that what several hold of a ledger partition, and what members have vouched for, is one and the same; or says
/// from which offset it is not.
public struct LedgerVerification: Sendable {
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        public let partition: Int32
        /// From here on it is not proved.
        public let offset: Int64
        public let reason: String
        public var description: String { "ledger partition \(partition), from offset \(offset): \(reason)" }
    }

    public struct Report: Sendable {
        public let partition: Int32
        public var frames: Int64 = 0
        /// The offset behind the last frame that every source has.
        public var nextOffset: Int64 = 0
        public var chainHead: [UInt8]
        /// Checkpoints that were reached and are borne out.
        public var checkpoints = 0
        /// Checkpoints beyond what the sources have.
        public var beyond = 0
        public var findings: [Finding] = []
    }

    public init() {}

    /// Goes through the sources in lockstep. A source may end before the others where `mayEndEarly` says so (an archive that
    /// is behind); every other difference ends the comparison with a finding.
    public func run(
        partition: Int32, sources: [(name: String, frames: any FrameSource, mayEndEarly: Bool)],
        checkpoints: [SignedCheckpoint], keyring: Keyring, progress: (Int64) -> Void = { _ in }
    ) throws -> Report {
        var chain = FrameChain(partition: partition)
        var report = Report(partition: partition, chainHead: chain.head)
        var waiting = good(checkpoints, partition, keyring, &report)
        settle(&waiting, chain, &report)
        var sources = sources
        while true {
            var frames: [(name: String, frame: LedgerFrame)] = []
            var ended: [String] = []
            for source in sources {
                if let frame = try source.frames.next() {
                    frames.append((source.name, frame))
                } else if !source.mayEndEarly {
                    ended.append(source.name)
                }
            }
            sources.removeAll { source in source.mayEndEarly && !frames.contains { $0.name == source.name } }
            guard let first = frames.first else { break }
            let offset = frames.map(\.frame.offset).min() ?? 0
            if let missing = ended.first {
                find(offset, "\(first.name) goes on where \(missing) ends", &report)
                break
            }
            if let other = frames.first(where: { $0.frame.offset != offset }) {
                let one = frames.first { $0.frame.offset == offset }
                find(offset, "\(one?.name ?? "") has a frame that \(other.name) has not", &report)
                break
            }
            if let other = frames.first(where: { !same($0.frame.bytes, first.frame.bytes) }) {
                find(offset, "\(first.name) and \(other.name) have different frames", &report)
                break
            }
            chain.append(first.frame.bytes, at: offset)
            report.frames += 1
            report.nextOffset = offset + 1
            report.chainHead = chain.head
            settle(&waiting, chain, &report)
            progress(report.frames)
        }
        report.beyond = waiting.count
        return report
    }

    private func same(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
        a.count == b.count && a.elementsEqual(b)
    }

    private func find(_ offset: Int64, _ reason: String, _ report: inout Report) {
        report.findings.append(Finding(partition: report.partition, offset: offset, reason: reason))
    }

    /// Those that a trusted key has signed, by place; members that contradict each other are told.
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

    /// Holds the checkpoints of this place against the chain.
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
