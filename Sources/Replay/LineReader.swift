internal import CZlib

/// Reads a file's lines, plain or gzip, without copying each: a line is valid until the next call. A byte order mark of
/// UTF-8 at the start is skipped.
public final class LineReader {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let file: String
        public let message: String
        /// Whether only the line is too long, and the reader is after it.
        public var isOneLine = false
        public var description: String { "\(file): error: \(message)" }
    }

    private static let chunkBytes = 256 * 1024

    public let file: String
    /// The number of the last line from `next`, from 1.
    public private(set) var line = 0
    private let handle: gzFile
    private let maximumBytes: Int
    private let progress: FileProgress?
    /// The progress that was reported.
    private var reported: (bytes: Int64, lines: Int) = (0, 0)
    private var buffer: UnsafeMutableRawBufferPointer
    private var start = 0
    private var end = 0
    private var atEnd = false
    private var hasBegun = false

    /// A line longer than `maximumBytes` is an error, and reading can continue after it. `progress` gets the progress
    /// after each chunk.
    public init(_ file: String, maximumBytes: Int, progress: FileProgress? = nil) throws {
        guard let handle = gzopen(file, "rb") else { throw Failure(file: file, message: "cannot be opened") }
        self.file = file
        self.handle = handle
        self.maximumBytes = maximumBytes
        self.progress = progress
        gzbuffer(handle, UInt32(Self.chunkBytes))
        buffer = .allocate(byteCount: 2 * Self.chunkBytes, alignment: 1)
    }

    deinit {
        gzclose(handle)
        buffer.deallocate()
    }

    /// The next line without its line break; nil at the end of the file.
    public func next() throws -> UnsafeRawBufferPointer? {
        var searched = start
        while true {
            if let length = newline(from: searched) {
                defer { start += length + 1 }
                line += 1
                guard length <= maximumBytes else { throw tooLong(line) }
                return UnsafeRawBufferPointer(rebasing: buffer[start..<start + length])
            }
            searched = end
            if atEnd {
                guard start < end else { return nil }
                defer { start = end }
                line += 1
                guard end - start <= maximumBytes else { throw tooLong(line) }
                return UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            }
            guard end - start <= maximumBytes else {
                line += 1
                try skipLine()
                throw tooLong(line)
            }
            searched -= start
            try fill()
            searched += start
        }
    }

    private func tooLong(_ line: Int) -> Failure {
        Failure(file: "\(file):\(line)", message: "a line is longer than \(maximumBytes) bytes", isOneLine: true)
    }

    /// Moves after the line's end without storing the line.
    private func skipLine() throws {
        while true {
            if let length = newline(from: start) {
                start += length + 1
                return
            }
            start = end
            if atEnd { return }
            try fill()
        }
    }

    /// Length of the line that starts at `start`, if its end is in the buffer.
    private func newline(from position: Int) -> Int? {
        guard position < end else { return nil }
        guard let found = memchr(buffer.baseAddress! + position, 0x0A, end - position) else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(buffer.baseAddress! + start)
    }

    /// Called after the first bytes are read.
    private func begin() throws {
        hasBegun = true
        let head = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
        if head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0xFF, 0xFE]) {
            throw Failure(file: file, message: "the file is UTF-16 or UTF-32: save it as UTF-8")
        }
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { start += 3 }
    }

    private func fill() throws {
        if start > 0 {
            buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + start, byteCount: end - start)
            end -= start
            start = 0
        }
        if buffer.count - end < Self.chunkBytes {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 1)
            larger.baseAddress!.copyMemory(from: buffer.baseAddress!, byteCount: end)
            buffer.deallocate()
            buffer = larger
        }
        let count = gzread(handle, buffer.baseAddress! + end, UInt32(Self.chunkBytes))
        if count <= 0 {
            var code: Int32 = 0
            let message = gzerror(handle, &code).map { String(cString: $0) } ?? ""
            guard count == 0, code == Z_OK || code == Z_STREAM_END else {
                throw Failure(file: file, message: "cannot be read to its end: \(message)")
            }
            atEnd = true
        } else {
            end += Int(count)
            if !hasBegun { try begin() }
        }
        guard let progress else { return }
        let bytes = max(reported.bytes, Int64(gzoffset(handle)))
        progress.add(bytes: bytes - reported.bytes, lines: Int64(line - reported.lines))
        reported = (bytes, line)
    }
}
