import Events
import Foundation
import Ledger
import Logging
@testable import Pipeline
import Replay
import Scoring
import Simulation

/// A ledger partition without a broker, and frames for it. Every frame is the only one of its appender session.
enum LedgerPartitionFrames {
    private static let number: Int32 = 3

    // MARK: Partitions

    /// A standby of which nothing is folded. `history`: the ledger's frames, for a policy that is activated.
    static func partition(
        on runtime: StillRuntime, _ disk: FaultyFileSystem? = nil, history: [[UInt8]] = []
    ) throws -> LedgerPartition {
        let store = try PartitionStore(
            number, data: disk.map { LocalData("/data", on: $0) }, runtime: runtime,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { _ in MemoryFrames([]) }
        let fold = PartitionFold(partition: number) { end in
            MemoryFrames(history.prefix(Int(end)).enumerated().map { (Int64($0), $1) })
        }
        return LedgerPartition(
            fold, chain: FrameChain(partition: number), store: store)
    }

    /// One that is assigned, and catches up to the ledger's end.
    static func owned(on runtime: StillRuntime, end: Int64, _ disk: FaultyFileSystem? = nil) throws -> LedgerPartition {
        let partition = try partition(on: runtime, disk)
        own(partition, committed: 0, end: end)
        return partition
    }

    static func own(_ partition: LedgerPartition, committed: Int64, end: Int64) {
        let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
        partition.assign()
        partition.recover(blank, committed: committed)
        _ = partition.resumePublication()
        partition.catchUp(to: end)
    }

    static func archive(_ frames: [[UInt8]], of partition: LedgerPartition) throws {
        for (offset, frame) in frames.enumerated() {
            try frame.withUnsafeBytes { try partition.store.appendToArchive($0, at: Int64(offset)) }
        }
    }

    static func admits(_ frame: [UInt8], at offset: Int64, in partition: LedgerPartition) -> Bool {
        frame.withUnsafeBytes { partition.admits(LedgerFrame(offset: offset, bytes: $0)) }
    }

    struct SentFact {
        let topic: FactTopic
        let sequence: Int64
    }

    /// What became of the frame, and the facts that are to be sent.
    static func fold(
        _ frame: [UInt8], at offset: Int64, in partition: LedgerPartition, within slice: PartitionFold.Slice = .standard
    ) throws -> (outcome: LedgerPartition.Outcome, facts: [SentFact]) {
        var batch = EncodedFacts()
        let outcome = try frame.withUnsafeBytes {
            try partition.fold(LedgerFrame(offset: offset, bytes: $0), into: &batch, within: slice)
        }
        return (outcome, batch.items.map { SentFact(topic: $0.topic, sequence: $0.sequence) })
    }

    /// Folds and sends, as the owner does. The facts that are not acknowledged yet.
    @discardableResult static func own(
        _ frame: [UInt8], at offset: Int64, in partition: LedgerPartition
    ) throws -> [SentFact] {
        let facts = try fold(frame, at: offset, in: partition).facts
        for fact in facts { partition.send(fact.topic, fact.sequence) }
        partition.folded(next: offset + 1)
        partition.settle()
        return facts
    }

    // MARK: Frames

    /// The ledger's first, which brings the policy.
    static var beginning: [UInt8] {
        get throws {
            let data = try JSONSerialization.data(withJSONObject: ["policy": PipelineFixture.policyText])
            return system("standing.policy.activated", String(decoding: data, as: UTF8.self), at: 0)
        }
    }

    static let stray = Array("hello".utf8)

    /// `microseconds`: the clock's time.
    static func tick(_ microseconds: Int64, at offset: Int64) -> [UInt8] {
        var builder = FrameBuilder()
        builder.append(tick: Timestamp(microseconds: microseconds))
        return builder.finish(session: UInt64(offset) + 1, number: 0) { Array($0) }
    }

    /// Passes over the record at an offset.
    static func skip(_ record: Int64, at offset: Int64) -> [UInt8] {
        system("standing.ledger.skipped", #"{"offset":\#(record),"reason":"a test"}"#, at: offset)
    }

    static func enrolment(at offset: Int64) -> [UInt8] {
        var builder = FrameBuilder()
        lend("standing.subject.enrolled", "anna", #"{"kind":"individual","terms":"1"}"#, at: offset) { event, topic in
            builder.append(event, topic: topic, partition: 0, offset: offset)
        }
        return builder.finish(session: UInt64(offset) + 1, number: 0) { Array($0) }
    }

    /// Activates another policy.
    static func activation(of policy: String, at offset: Int64) throws -> [UInt8] {
        let data = try JSONSerialization.data(withJSONObject: ["policy": policy])
        var builder = FrameBuilder()
        lend("standing.policy.activated", "", String(decoding: data, as: UTF8.self), at: offset) { event, topic in
            builder.append(event, topic: topic, partition: 0, offset: offset)
        }
        return builder.finish(session: UInt64(offset) + 1, number: 0) { Array($0) }
    }

    /// Of bills that anna has paid; `id`: of the first one.
    static func bills(_ count: Int = 1, from id: Int64, at offset: Int64) -> [UInt8] {
        var builder = FrameBuilder()
        for id in id..<id + Int64(count) {
            lend("bill.paid", "anna", "{}", at: id) { event, topic in
                builder.append(event, topic: topic, partition: 0, offset: id)
            }
        }
        return builder.finish(session: UInt64(offset) + 1, number: 0) { Array($0) }
    }

    /// A ledger's first frames: the policy, an enrolment, and bills that change the score, at most 30.
    static func ledger(bills count: Int) throws -> [[UInt8]] {
        [try beginning, enrolment(at: 1)]
            + (0..<Int64(count)).map { bills(from: $0 + 2, at: $0 + 2) }
    }

    /// The first entry can be folded and the second one cannot be read.
    static var halfFolded: [UInt8] {
        var builder = FrameBuilder()
        let long = String(repeating: "x", count: EventDecoder.maximumAttributeBytes + 1)
        for (offset, subject) in ["anna", long].enumerated() {
            lend("bill.paid", subject, "{}", at: Int64(offset)) { event, topic in
                builder.append(event, topic: topic, partition: 0, offset: Int64(offset))
            }
        }
        return builder.finish(session: 99, number: 0) { Array($0) }
    }

    private static func system(_ type: String, _ data: String, at offset: Int64) -> [UInt8] {
        var builder = FrameBuilder()
        lend(type, "", data, at: offset) { event, _ in
            var event = event
            event.time = .distantPast
            builder.append(system: event)
        }
        return builder.finish(session: UInt64(offset) + 1, number: 0) { Array($0) }
    }

    /// An event and the name of its topic; both die with `body`.
    private static func lend(
        _ type: String, _ subject: String, _ data: String, at offset: Int64,
        _ body: (EventView, UnsafeRawBufferPointer) -> Void
    ) {
        let texts = ["id-\(offset)", "/hamlet", type, subject, data, PipelineFixture.control]
        Array(texts.joined().utf8).withUnsafeBytes { bytes in
            var start = 0
            let views = texts.map { text in
                defer { start += text.utf8.count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.utf8.count])
            }
            let time = Timestamp(microseconds: 1_577_836_800_000_000)
            body(
                EventView(
                    id: views[0], source: views[1], type: views[2], subject: views[3], time: time, data: views[4]),
                views[5])
        }
    }
}
