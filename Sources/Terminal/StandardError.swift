internal import Foundation
internal import Synchronization

/// Standard error, as far as it takes what is written. A full disk, a pipe that nobody reads, or one that is closed, ends
/// nothing and stops nothing: lines are lost then, and counted.
enum StandardError {
    /// For so long a line waits for a pipe that is full.
    private static let patienceMilliseconds: Int32 = 100
    private static let lost = Mutex(0)

    /// `lostLines`: the line that says how many were lost before this one, once there is room for it.
    static func write(_ line: [UInt8], lostLines: (Int) -> [UInt8] = { Array("\($0) lines were lost\n".utf8) }) {
        lost.withLock { lost in
            if lost > 0, put(lostLines(lost)) { lost = 0 }
            if lost > 0 || !put(line) { lost += 1 }
        }
    }

    /// False: not all of it is written.
    private static func put(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(STDERR_FILENO, bytes.baseAddress! + written, bytes.count - written)
                if count > 0 {
                    written += count
                } else if count < 0, errno == EAGAIN {
                    var place = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                    guard poll(&place, 1, patienceMilliseconds) > 0 else { return false }
                } else if count == 0 || errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
