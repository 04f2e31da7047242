internal import Ledger

/// A ledger partition's frames from the nearest place that has them: the archive, and from where that ends or is damaged,
/// the topic. It waits where the topic does.
final class LedgerFrames<Topic: FrameFeed>: FrameFeed {
    private var archive: ArchiveFrames?
    private var topic: Topic?
    private let openTopic: (_ start: Int64) throws -> Topic
    private let end: Int64
    private var position: Int64

    init(
        archive directory: ArchiveDirectory?, from start: Int64, until end: Int64,
        topic: @escaping (_ start: Int64) throws -> Topic
    ) {
        archive = directory.map { ArchiveFrames($0, from: start, until: end) }
        openTopic = topic
        self.end = end
        position = start
    }

    func poll() throws -> NextFrame {
        if let archive {
            do {
                if let frame = try archive.next() {
                    position = frame.offset + 1
                    return .frame(frame)
                }
            } catch is ArchiveDamage {
                // The topic has what the archive lost; healing the archive is its owner's business.
            }
            self.archive = nil
        }
        guard position < end else { return .end }
        let topic = try topic ?? openTopic(position)
        self.topic = topic
        return try topic.poll()
    }
}

extension LedgerFrames: FrameSource where Topic: FrameSource {
    func next() throws -> LedgerFrame? {
        if case .frame(let frame) = try poll() { frame } else { nil }
    }
}
