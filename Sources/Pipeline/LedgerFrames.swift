internal import Ledger

/// A ledger partition's frames from the archive, and from the topic after the archive's end or a damage in it. Only
/// reading the topic waits.
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
                // The topic has the frames that the archive lost. The archive's owner repairs it.
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
