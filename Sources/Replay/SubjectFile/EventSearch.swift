internal import Events
public import Ledger

/// Searches a ledger partition's frames for an event of any subject by its source and id.
public struct EventSearch {
    /// The position of an entry with this source and id.
    public struct Found: Sendable, Hashable {
        public let partition: Int32
        public let offset: Int64
        /// Its index in its frame.
        public let entry: Int
        /// Empty for an event that concerns all subjects.
        public let subject: [UInt8]

        public init(partition: Int32, offset: Int64, entry: Int, subject: [UInt8]) {
            (self.partition, self.offset) = (partition, offset)
            (self.entry, self.subject) = (entry, subject)
        }
    }

    /// The limit of entries that are reported. There are more only if a producer uses the same id for many events.
    public static let maximumFound = 64

    private let source, id: [UInt8]
    private var reader = FrameReader()
    private var entry = FrameReader.blank
    public private(set) var found: [Found] = []

    public init(source: [UInt8], id: [UInt8]) { (self.source, self.id) = (source, id) }

    /// Searches further frames. A frame that cannot be read is ignored, as the fold passes over it.
    public mutating func search(
        _ frames: any FrameSource, of partition: Int32, progress: ReplayProgress = ReplayProgress()
    ) throws {
        while found.count < Self.maximumFound, let frame = try frames.next() {
            progress.add(offsets: 1, entries: 0)
            do throws(FrameError) {
                try search(frame, of: partition)
            } catch {
                continue
            }
        }
    }

    private mutating func search(_ frame: LedgerFrame, of partition: Int32) throws(FrameError) {
        try reader.open(frame.bytes)
        var number = -1
        while try reader.next(&entry) {
            number += 1
            guard entry.kind == .event, entry.event.id.elementsEqual(id), entry.event.source.elementsEqual(source),
                found.count < Self.maximumFound
            else { continue }
            found.append(
                Found(
                    partition: partition, offset: frame.offset, entry: number, subject: Array(entry.event.subject)))
        }
    }
}
