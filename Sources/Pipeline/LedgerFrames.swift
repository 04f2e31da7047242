internal import Ledger

/// A ledger partition's frames from the nearest place that has them: the archive, and from where that ends or is damaged,
/// the topic.
final class LedgerFrames: FrameSource {
    private var archive: ArchiveFrames?
    private var topic: (any FrameSource)?
    private let openTopic: (_ start: Int64) throws -> any FrameSource
    private let end: Int64
    private var position: Int64

    init(
        archive directory: ArchiveDirectory?, from start: Int64, until end: Int64,
        topic: @escaping (_ start: Int64) throws -> any FrameSource
    ) {
        archive = directory.map { ArchiveFrames($0, from: start, until: end) }
        openTopic = topic
        self.end = end
        position = start
    }

    func next() throws -> LedgerFrame? {
        if let archive {
            do {
                if let frame = try archive.next() {
                    position = frame.offset + 1
                    return frame
                }
            } catch is ArchiveDamage {
                // The topic has what the archive lost; healing the archive is its owner's business.
            }
            self.archive = nil
        }
        guard position < end else { return nil }
        if topic == nil { topic = try openTopic(position) }
        return try topic?.next()
    }
}
