internal import Foundation
internal import Synchronization

/// How far the reading of files is; may be asked from any thread. Counted are the bytes as they lie on the disk, packed or not.
public final class FileProgress: Sendable {
    /// Bytes that there are to be read; 0: not known, because one of the files is a pipe or a device, or not there.
    public let total: Int64
    private let bytesRead = Atomic<Int64>(0)
    private let linesRead = Atomic<Int64>(0)

    /// `readings`: how often each file is read.
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
