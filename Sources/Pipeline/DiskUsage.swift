internal import Glibc
internal import Ledger
internal import Synchronization

/// What the data folder takes, and the room that its file system has.
public struct DiskUsage: Sendable, Equatable {
    /// Bytes that this process may still write.
    public var free: Int64
    /// Bytes of the file system.
    public var size: Int64
    /// Of all archives in the folder.
    public var archiveBytes: Int64
    public var segments: Int64

    /// Nil if there is no such folder. Asks the file system about each segment.
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
                // It may be gone by now.
                guard stat("\(folder)/\(name)", &file) == 0 else { continue }
                archiveBytes += Int64(file.st_size)
                segments += 1
            }
        }
    }
}

/// Looks now and then, in the storage line, at what the data folder takes.
final class DiskWatch: Sendable {
    private static let lookEvery = Duration.seconds(10)

    private let data: LocalData
    private let host: any Runtime
    private let lastLook: Mutex<ContinuousClock.Instant?> = Mutex(nil)
    private let isLooking = Atomic(false)

    /// Nil where there is no folder, or none of this machine's.
    init?(_ data: LocalData?, host: any Runtime) {
        guard let data, data.files is PosixFileSystem, !host.stepsWork else { return nil }
        (self.data, self.host) = (data, host)
    }

    /// If it is time to look, `found` receives what there is, in the storage line.
    func look(_ found: @escaping @Sendable (DiskUsage?) -> Void) {
        let now = host.now
        let isDue = lastLook.withLock { last in
            if let last, now - last < Self.lookEvery { return false }
            last = now
            return true
        }
        guard isDue, !isLooking.exchange(true, ordering: .acquiringAndReleasing) else { return }
        host.background(.storage) { [self] in
            found(DiskUsage(of: data))
            isLooking.store(false, ordering: .releasing)
        }
    }
}
