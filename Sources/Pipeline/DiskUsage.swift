internal import Glibc
internal import Ledger
internal import Synchronization

/// The size of the data folder, and the free room of its file system.
public struct DiskUsage: Sendable, Equatable {
    /// Bytes that this process may still write.
    public var free: Int64
    /// Bytes of the file system.
    public var size: Int64
    /// Of all archives in the folder.
    public var archiveBytes: Int64
    public var segments: Int64

    /// Nil if there is no such folder. It asks the file system about each segment.
    init?(of data: LocalData) {
        var room = statvfs()
        guard statvfs(data.path, &room) == 0 else { return nil }
        func bytes(_ blocks: UInt) -> Int64 { Int64(clamping: blocks.multipliedReportingOverflow(by: room.f_frsize).0) }
        (free, size) = (bytes(room.f_bavail), bytes(room.f_blocks))
        (archiveBytes, segments) = (0, 0)
        for partition in (try? data.files.list(data.archiveRoot)) ?? [] {
            let folder = "\(data.archiveRoot)/\(partition)"
            for name in (try? data.files.list(folder)) ?? [] where name.hasSuffix(".segment") {
                var file = stat()
                // The segment may have been removed meanwhile.
                guard stat("\(folder)/\(name)", &file) == 0 else { continue }
                archiveBytes += Int64(file.st_size)
                segments += 1
            }
        }
    }
}

/// Measures the data folder at intervals, in the storage line.
final class DiskWatch: Sendable {
    private static let lookEvery = Duration.seconds(10)

    private let data: LocalData
    private let runtime: any Runtime
    private let lastLook: Mutex<ContinuousClock.Instant?> = Mutex(nil)
    private let isLooking = Atomic(false)

    /// Nil if there is no folder, or the disk is simulated.
    init?(_ data: LocalData?, runtime: any Runtime) {
        guard let data, data.files is PosixFileSystem, !runtime.stepsWork else { return nil }
        (self.data, self.runtime) = (data, runtime)
    }

    /// If a measurement is due, calls `found` with it in the storage line.
    func look(_ found: @escaping @Sendable (DiskUsage?) -> Void) {
        let now = runtime.now
        let isDue = lastLook.withLock { last in
            if let last, now - last < Self.lookEvery { return false }
            last = now
            return true
        }
        guard isDue, !isLooking.exchange(true, ordering: .acquiringAndReleasing) else { return }
        runtime.background(.storage) { [self] in
            found(DiskUsage(of: data))
            isLooking.store(false, ordering: .releasing)
        }
    }
}
