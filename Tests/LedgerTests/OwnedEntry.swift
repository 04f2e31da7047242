import Events
import Ledger

/// An entry that owns its bytes.
struct OwnedEntry: Equatable {
    var kind = EntryKind.event
    var time: Int64 = 0
    var topic: [UInt8] = []
    var partition: Int32 = 0
    var offset: Int64 = -1
    var source: [UInt8] = []
    var type: [UInt8] = []
    var subject: [UInt8] = []
    var id: [UInt8] = []
    var data: [UInt8] = []

    static func tick(_ time: Int64) -> OwnedEntry { OwnedEntry(kind: .tick, time: time) }

    static func event(
        _ time: Int64, topic: String = "t", partition: Int32 = 0, offset: Int64, source: String = "s",
        type: String = "y", subject: String = "u", id: String = "i", data: String = "{}"
    ) -> OwnedEntry {
        OwnedEntry(
            kind: .event, time: time, topic: Array(topic.utf8), partition: partition, offset: offset,
            source: Array(source.utf8), type: Array(type.utf8), subject: Array(subject.utf8), id: Array(id.utf8),
            data: Array(data.utf8))
    }

    func append(to builder: inout FrameBuilder) {
        let texts = [topic, source, type, subject, id, data]
        texts.flatMap { $0 }.withUnsafeBytes { bytes in
            var start = 0
            let views = texts.map { text in
                defer { start += text.count }
                return UnsafeRawBufferPointer(rebasing: bytes[start..<start + text.count])
            }
            let event = EventView(
                id: views[4], source: views[1], type: views[2], subject: views[3], time: Timestamp(microseconds: time),
                data: views[5])
            switch kind {
            case .event: builder.append(event, topic: views[0], partition: partition, offset: offset)
            case .tick: builder.append(tick: Timestamp(microseconds: time))
            case .system: builder.append(system: event)
            }
        }
    }
}

/// What a frame holds.
struct OwnedFrame: Equatable {
    var session: UInt64
    var number: UInt64
    var entries: [OwnedEntry]

    init(session: UInt64, number: UInt64, entries: [OwnedEntry]) {
        self.session = session
        self.number = number
        self.entries = entries
    }

    /// Reads a frame to its end.
    init(_ bytes: [UInt8], with reader: inout FrameReader) throws {
        var entries: [OwnedEntry] = []
        var entry = FrameReader.blank
        try bytes.withUnsafeBytes { frame in
            try reader.open(frame)
            while try reader.next(&entry) {
                var owned = OwnedEntry(kind: entry.kind, time: entry.event.time.microseconds)
                if entry.kind == .event {
                    owned.topic = Array(entry.origin.topic)
                    owned.partition = entry.origin.partition
                    owned.offset = entry.origin.offset
                }
                if entry.kind != .tick {
                    owned.source = Array(entry.event.source)
                    owned.type = Array(entry.event.type)
                    owned.subject = Array(entry.event.subject)
                    owned.id = Array(entry.event.id)
                    owned.data = Array(entry.event.data)
                }
                entries.append(owned)
            }
        }
        self.init(session: reader.session, number: reader.number, entries: entries)
    }

    init(_ bytes: [UInt8]) throws {
        var reader = FrameReader()
        try self.init(bytes, with: &reader)
    }

    var bytes: [UInt8] {
        var builder = FrameBuilder()
        return bytes(from: &builder)
    }

    func bytes(from builder: inout FrameBuilder) -> [UInt8] {
        for entry in entries { entry.append(to: &builder) }
        return builder.finish(session: session, number: number) { Array($0) }
    }
}

/// CRC-32C bit by bit (RFC 3720).
func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
    return ~crc
}

extension [UInt8] {
    /// With the checksum of what the frame now holds.
    func resealed() -> [UInt8] {
        let checksum = crc32c(self[..<28] + self[Frame.headerBytes...])
        return self[..<28] + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> ($0 * 8)) } + self[32...]
    }
}
