public import Events
internal import Policy

/// A line that is not an event that can be folded.
public struct RejectedLine: Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let defect: EventDefect
    public var description: String { "\(file):\(line): error: \(defect)" }
}

/// The events of a file, JSON lines, plain or .gz, in their order. A line that is not an event is reported and counted,
/// never fatal.
public final class EventFile {
    /// Lines that are not blank.
    public private(set) var read: Int64 = 0
    public private(set) var rejected: Int64 = 0

    private let lines: LineReader
    private let decoder = EventDecoder()
    private let memberDecoder = EventDecoder()
    private var event = EventView.empty

    public init(_ file: String, progress: FileProgress? = nil) throws {
        lines = try LineReader(file, maximumBytes: EventDecoder.maximumEventBytes, progress: progress)
    }

    /// The next event, valid until the next call; nil at the end. Throws `LineReader.Failure` if the file cannot be
    /// read further.
    public func next(reject: (RejectedLine) -> Void) throws -> EventView? {
        while true {
            var defect: EventDefect?
            do {
                guard let line = try lines.next() else { return nil }
                guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { continue }
                defect = decoder.decode(structured: line, into: &event)
            } catch let failure as LineReader.Failure where failure.isOneLine {
                defect = EventDefect(.event, .tooLarge)
            }
            read += 1
            if defect == nil {
                defect =
                    event.controlDefect(memberDecoder, fromControlTopic: true) ?? event.policyDefect(memberDecoder)
            }
            guard let defect else { return event }
            rejected += 1
            reject(RejectedLine(file: lines.file, line: lines.line, defect: defect))
        }
    }
}
