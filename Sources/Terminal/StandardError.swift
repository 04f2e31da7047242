internal import Foundation
internal import Synchronization

/// Standard error, without blocking or failing. If a disk or a pipe is full, or a pipe is closed, lines are lost and
/// counted.
enum StandardError {
    /// The longest wait of a line for a full pipe.
    private static let patienceMilliseconds: Int32 = 100
    private static let lost = Mutex(0)

    /// `lostLines`: makes a line with the number of lines that were lost before this one, which is written when there
    /// is room.
    static func write(_ line: [UInt8], lostLines: (Int) -> [UInt8] = { Array("\($0) lines were lost\n".utf8) }) {
        lost.withLock { lost in
            if lost > 0, put(lostLines(lost)) { lost = 0 }
            if lost > 0 || !put(line) { lost += 1 }
        }
    }

    /// Returns false if the line is not completely written.
    private static func put(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(STDERR_FILENO, bytes.baseAddress! + written, bytes.count - written)
                if count > 0 {
                    written += count
                } else if count < 0, errno == EAGAIN {
                    var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                    guard poll(&descriptor, 1, patienceMilliseconds) > 0 else { return false }
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
