internal import Foundation
internal import Synchronization

/// The progress of reading files, for any thread. It counts the bytes on disk, compressed or not.
public final class FileProgress: Sendable {
    /// Bytes to be read; 0 if it is not known, because a file is a pipe or a device, or is missing.
    public let total: Int64
    private let bytesRead = Atomic<Int64>(0)
    private let linesRead = Atomic<Int64>(0)

    /// `readings` is the number of times that each file is read.
    public init(of files: [String], readings: Int = 1) {
        var sum: Int64 = 0
        for file in files {
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: URL(filePath: file).resolvingSymlinksInPath().path)
            guard attributes?[.type] as? FileAttributeType == .typeRegular, let size = attributes?[.size] as? Int64
            else {
                sum = 0
                break
            }
            sum += size
        }
        total = sum * Int64(readings)
    }

    public var bytes: Int64 { bytesRead.load(ordering: .relaxed) }
    public var lines: Int64 { linesRead.load(ordering: .relaxed) }

    func add(bytes: Int64, lines: Int64) {
        bytesRead.add(bytes, ordering: .relaxed)
        linesRead.add(lines, ordering: .relaxed)
    }
}
