internal import Events
internal import Ledger

extension FramedTopics {
    private static let defaultLedger = "standing.ledger"

    /// These ledgers, and those under other prefixes by their default name.
    public static func ledgers(_ own: Set<String>) -> FramedTopics {
        FramedTopics(
            includes: { own.contains($0) || $0.hasSuffix(defaultLedger) }, events: { eventCount(inFrame: $0) },
            subjects: { frame, body in
                forEachEvent(inFrame: frame) { entry in
                    if !entry.event.subject.isEmpty { body(entry.event.subject) }
                }
            })
    }

    /// The number of entries without ticks; nil if the bytes are not a frame.
    private static func eventCount(inFrame bytes: UnsafeRawBufferPointer) -> Int? {
        var count = 0
        return forEachEvent(inFrame: bytes) { _ in count += 1 } ? count : nil
    }

    /// Calls `body` with all entries except ticks. Returns false if the bytes are not a whole frame.
    @discardableResult
    private static func forEachEvent(inFrame bytes: UnsafeRawBufferPointer, _ body: (Entry) -> Void) -> Bool {
        var reader = FrameReader()
        var entry = FrameReader.blank
        do {
            try reader.open(bytes)
            while try reader.next(&entry) { if entry.kind != .tick { body(entry) } }
        } catch {
            return false
        }
        return true
    }
}
