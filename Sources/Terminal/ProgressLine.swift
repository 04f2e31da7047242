internal import Foundation
public import Ledger
public import Replay
internal import Synchronization

/// Shows the progress of a command on standard error: a line that is repainted if that is a terminal, otherwise lines
/// at intervals. A quick command ends before the first.
public final class ProgressLine: @unchecked Sendable {
    /// One reading of the progress.
    public struct Reading: Sendable {
        public var done: Int64
        /// 0 if it is unknown.
        public var total: Int64
        /// The work in the unit of the rate.
        public var count: Int64
    }

    /// The characters that erase the line, so that a message has a line of its own; empty if none is shown.
    static var clearing: String { isShown.load(ordering: .relaxed) ? erasing : "" }

    private static let erasing = "\r\u{1B}[K"
    private static let isShown = Atomic(false)
    private static let secondsBetweenDrawings = 0.2
    private static let secondsBetweenLines = 5.0

    private let isTerminal: Bool
    private let read: @Sendable () -> Reading
    private let timer: any DispatchSourceTimer
    private let queue = DispatchQueue(label: "progress")
    // Used on the queue only.
    private var text: ProgressText
    private var isFinished = false

    /// `unit`: of the rate. `read`: is called on a thread of its own.
    public init(_ unit: String, _ read: @escaping @Sendable () -> Reading) {
        self.read = read
        let kind = ProcessInfo.processInfo.environment["TERM"] ?? ""
        isTerminal = isatty(STDERR_FILENO) == 1 && !kind.isEmpty && kind != "dumb"
        text = ProgressText(unit: unit)
        // The first line already has a rate.
        let before = read()
        _ = text.line(done: before.done, total: before.total, count: before.count, at: 0)
        timer = DispatchSource.makeTimerSource(queue: queue)
        let start = ContinuousClock.now
        let pause = isTerminal ? Self.secondsBetweenDrawings : Self.secondsBetweenLines
        timer.schedule(deadline: .now() + pause, repeating: pause)
        timer.setEventHandler { [weak self] in self?.draw((ContinuousClock.now - start) / .seconds(1)) }
        timer.resume()
    }

    /// `unit`: what is counted as entries.
    public convenience init(_ progress: ReplayProgress, unit: String = "entries") {
        self.init(unit) { Reading(done: progress.offsets, total: progress.total, count: progress.entries) }
    }

    public convenience init(_ progress: FileProgress) {
        self.init("lines") { Reading(done: progress.bytes, total: progress.total, count: progress.lines) }
    }

    public convenience init(_ unit: String, _ work: WorkCounter) {
        self.init(unit) { Reading(done: work.done, total: work.total, count: work.count) }
    }

    private func draw(_ seconds: Double) {
        guard !isFinished else { return }
        let reading = read()
        let line = text.line(done: reading.done, total: reading.total, count: reading.count, at: seconds)
        StandardError.write(Array((isTerminal ? "\r\(line)\u{1B}[K" : line + "\n").utf8))
        if isTerminal { Self.isShown.store(true, ordering: .relaxed) }
    }

    /// Erases the line. The command's output follows.
    public func finish() {
        timer.cancel()
        queue.sync {
            StandardError.write(Array(Self.clearing.utf8))
            Self.isShown.store(false, ordering: .relaxed)
            isFinished = true
        }
    }
}

/// A counter of work that is shown by another thread.
public final class WorkCounter: Sendable {
    /// 0 if it is unknown.
    public let total: Int64
    private let doneSoFar = Atomic<Int64>(0)
    private let countSoFar = Atomic<Int64>(0)

    public init(total: Int64 = 0) { self.total = total }

    public var done: Int64 { doneSoFar.load(ordering: .relaxed) }
    public var count: Int64 { countSoFar.load(ordering: .relaxed) }

    /// `count`: the same work in the unit of the rate.
    public func add(_ done: Int64, count: Int64) {
        doneSoFar.add(done, ordering: .relaxed)
        countSoFar.add(count, ordering: .relaxed)
    }
}

/// Counts the frames that are read: offsets as work, frames as the unit.
public final class CountedFrames: FrameSource {
    private let frames: any FrameSource
    private let work: WorkCounter
    private var nextOffset: Int64

    public init(_ frames: any FrameSource, from start: Int64 = 0, _ work: WorkCounter) {
        (self.frames, self.work, nextOffset) = (frames, work, start)
    }

    public func next() throws -> LedgerFrame? {
        let frame = try frames.next()
        if let frame {
            work.add(max(0, frame.offset + 1 - nextOffset), count: 1)
            nextOffset = max(nextOffset, frame.offset + 1)
        }
        return frame
    }
}
