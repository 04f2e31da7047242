import Events
import Ledger
import Replay
import Scoring

/// An entry of a ledger partition under test.
enum LedgerEntry {
    case policy(String)
    case system(type: String, data: String)
    case tick(Int64)
    /// `id` is nil for its topic, partition and offset, and `second`, its time, nil for its offset.
    case event(
        type: String, subject: String, id: String? = nil, offset: Int64, topic: String = "town", partition: Int32 = 0,
        second: Int64? = nil,
        data: String)

    static func enrolled(_ subject: String, offset: Int64, topic: String = "town", partition: Int32 = 0) -> Self {
        .event(
            type: "standing.subject.enrolled", subject: subject, offset: offset, topic: topic, partition: partition,
            data: #"{"kind":"individual","terms":"t1"}"#)
    }

    static func happened(
        _ type: String, _ subject: String, offset: Int64, topic: String = "town", partition: Int32 = 0
    ) -> Self {
        .event(type: type, subject: subject, offset: offset, topic: topic, partition: partition, data: "")
    }

    fileprivate func append(to builder: inout FrameBuilder) {
        switch self {
        case .policy(let text):
            Self.system(type: "standing.policy.activated", data: Self.policyData(text)).append(to: &builder)
        case .system(let type, let data):
            Self.lend([type, "", "policy", "/standing", data], at: .distantPast) { event, _ in
                builder.append(system: event)
            }
        case .tick(let second): builder.append(tick: Timestamp(microseconds: second * 1_000_000))
        case .event(let type, let subject, let id, let offset, let topic, let partition, let second, let data):
            let time = Timestamp(microseconds: (second ?? offset) * 1_000_000)
            let id = id ?? "\(topic)-\(partition)-\(offset)"
            Self.lend([type, subject, id, "/town", data, topic], at: time) {
                event, more in
                builder.append(event, topic: more, partition: partition, offset: offset)
            }
        }
    }

    static func policyData(_ text: String, version: Int = 6) -> String {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: text)
        data.append(",\"ledger\":\"city\",\"fold-version\":\(version)}")
        return String(decoding: data.bytes, as: UTF8.self)
    }

    /// `replaces` is JSON; nil if it does not say which policy it was approved against.
    static func activation(_ text: String, offset: Int64, replaces: String?) -> Self {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: text)
        if let replaces { data.append(",\"replaces\":\(replaces)") }
        data.append("}")
        return .event(
            type: "standing.policy.activated", subject: "", offset: offset,
            data: String(decoding: data.bytes, as: UTF8.self))
    }

    /// Lends type, subject, id, source and data as an event, and the text that follows them.
    private static func lend(
        _ texts: [String], at time: Timestamp, _ body: (EventView, UnsafeRawBufferPointer) -> Void
    ) {
        Array(texts.joined().utf8).withUnsafeBytes { bytes in
            var start = 0
            let views = texts.map { text in
                defer { start += text.utf8.count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.utf8.count])
            }
            let event = EventView(
                id: views[2], source: views[3], type: views[0], subject: views[1], time: time, data: views[4])
            body(event, views[views.count - 1])
        }
    }

    static func frame(session: UInt64 = 1, number: UInt64 = 0, _ entries: [LedgerEntry]) -> [UInt8] {
        var builder = FrameBuilder()
        for entry in entries { entry.append(to: &builder) }
        return builder.finish(session: session, number: number) { Array($0) }
    }
}

/// A partition's fold that expectations may ask and change.
final class LedgerPartition {
    private(set) var fold: PartitionFold
    private var batch = EncodedFacts()

    init(_ partition: Int32 = 4) { fold = PartitionFold(partition: partition) }

    /// Folds a frame; tells its facts above `published` as `TOPIC SEQUENCE SUBJECT`.
    @discardableResult func apply(
        _ frame: [UInt8], at offset: Int64, above published: [Int64] = [0, 0, 0]
    ) throws -> [String] {
        try values(frame, at: offset, above: published).map(\.name)
    }

    /// The facts' JSON besides.
    func values(
        _ frame: [UInt8], at offset: Int64, above published: [Int64] = [0, 0, 0]
    ) throws -> [(name: String, json: String)] {
        try frame.withUnsafeBytes { frame in
            batch.removeAll()
            try fold.apply(frame: frame, at: offset, above: published, into: &batch)
        }
        return batch.items.map { item in
            (
                "\(item.topic) \(item.sequence) \(String(decoding: batch.key(item), as: UTF8.self))",
                String(decoding: batch.value(item), as: UTF8.self)
            )
        }
    }

    func problem(_ frame: [UInt8], at offset: Int64) -> String {
        do {
            try apply(frame, at: offset)
            return ""
        } catch {
            return "\(error)"
        }
    }

    func skip(_ offset: Int64) { fold.skip(offset) }

    var isSpoiled: Bool { fold.isSpoiled }
    var nextOffset: Int64 { fold.nextOffset }
    var sequences: [Int64] { fold.sequences }
    var repeatedOrigins: Int64 { fold.acceptance.repeatedOrigins }
    var repeatedFrames: Int64 { fold.acceptance.repeatedFrames }
    var brokenFrames: Int64 { fold.acceptance.brokenFrames }
    var counters: FoldCounters { fold.fold.counters }

    var standings: [String: Standing] {
        var all: [String: Standing] = [:]
        fold.fold.forEachStanding { all[String(decoding: $0.subject, as: UTF8.self)] = $0 }
        return all
    }
}

enum TestPolicy {
    static let text = """
        policy: town
        version: 2
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: missed, dimension: payment, event: bill.missed, points: -60}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks:
          - {id: bikes, when: 'band in ["A", "B"]'}
          - {id: counter, when: 'band in ["A", "B"]', grace: 1 day}

        """
}
