/// The doctor's findings about the machine that it runs on. Pure.
public enum MachineCheck {
    /// The kernel's data about its clock.
    public struct KernelClock: Sendable, Equatable {
        /// Whether the clock has been synchronized with a reference.
        public var isSynchronized: Bool
        /// The greatest error in microseconds.
        public var maximumError: Int64

        public init(isSynchronized: Bool, maximumError: Int64) {
            (self.isSynchronized, self.maximumError) = (isSynchronized, maximumError)
        }
    }

    /// In microseconds. A clock with a greater error makes ticks and dead letters at the wrong time.
    static let clockWarns: Int64 = 1_000_000

    /// `kernel` is nil if it reports nothing. `newest` is the time in microseconds by which the newest record of the
    /// ledger is ahead of this clock, negative if it is older; nil if it is not known. `allowed` is the greatest time
    /// in microseconds by which an event may be ahead.
    public static func clock(_ kernel: KernelClock?, newest: Int64?, allowed: Int64) -> [Finding] {
        var findings: [Finding] = []
        let remedy = "start a time service (systemd-timesyncd or chrony), and look at `timedatectl`"
        switch kernel {
        case nil:
            findings.append(
                .unchecked(
                    "clock", why: "the kernel does not say whether a time service sets its clock", remedy: remedy))
        case let kernel? where !kernel.isSynchronized:
            findings.append(
                Finding(
                    "clock", .warning, "clock-free", "the kernel says that no time service sets this clock",
                    remedy: remedy)
            )
        case let kernel? where kernel.maximumError > clockWarns:
            findings.append(
                Finding(
                    "clock", .warning, "clock-unsure",
                    "this clock may be wrong by \(kernel.maximumError / 1000) ms, says the kernel", remedy: remedy))
        case .some: break
        }
        if let newest, newest > allowed {
            findings.append(
                Finding(
                    "clock", .error, "clock-behind",
                    "the newest record of the ledger is \(newest / 1_000_000) s ahead of this clock: events of now would be dead "
                        + "letters here, or its writer's clock is wrong",
                    remedy: "compare the clocks of the members and of this machine with a time service"))
        }
        guard findings.isEmpty else { return findings }
        let compared = newest == nil ? "" : ", and no record of the ledger is ahead of it"
        return [.ok("clock", "a time service sets this clock\(compared)")]
    }

    // MARK: Disk

    public struct Disk: Sendable, Equatable {
        /// Bytes.
        public var free: Int64
        public var total: Int64
        /// Nil if the file system has no fixed number.
        public var freeInodes: Int64?
        /// Microseconds of each write and sync of a small file, in any order.
        public var syncs: [Int64]

        public init(free: Int64, total: Int64, freeInodes: Int64?, syncs: [Int64]) {
            (self.free, self.total, self.freeInodes, self.syncs) = (free, total, freeInodes, syncs)
        }
    }

    static let gibibyte: Int64 = 1 << 30
    static let leastFree = gibibyte
    static let freeShareWarns = 0.1
    static let leastInodes: Int64 = 10_000
    /// In microseconds. A longer sync makes the archive the slowest part.
    static let syncWarns: Int64 = 100_000

    private static let room =
        "make room, or give --data a folder on a greater disk: archive and snapshots can be deleted while no member runs"

    public static func fullDisk(_ message: String) -> Finding {
        Finding("disk", .error, "disk-full", message, remedy: room)
    }

    /// `path` is the data folder.
    public static func disk(_ disk: Disk, path: String) -> [Finding] {
        var findings: [Finding] = []
        let share = disk.total > 0 ? Double(disk.free) / Double(disk.total) : 1
        let free = "\(path) has \(gibibytes(disk.free)) GiB free of \(gibibytes(disk.total))"
        if disk.free < leastFree {
            findings.append(fullDisk(free))
        } else if share < freeShareWarns {
            findings.append(Finding("disk", .warning, "disk-short", free, remedy: room))
        }
        if let inodes = disk.freeInodes, inodes < leastInodes {
            findings.append(
                Finding("disk", .warning, "inodes-short", "\(path) has room for \(inodes) more files", remedy: room))
        }
        let median = disk.syncs.isEmpty ? nil : disk.syncs.sorted()[disk.syncs.count / 2]
        if let median, median > syncWarns {
            findings.append(
                Finding(
                    "disk", .warning, "sync-slow", "a sync in \(path) takes \(median / 1000) ms",
                    remedy: "give --data a folder on a local SSD"))
        }
        let speed = median.map { ", a sync takes \(Double($0 / 100) / 10) ms" } ?? ""
        return findings.isEmpty ? [.ok("disk", free + speed)] : findings
    }

    private static func gibibytes(_ bytes: Int64) -> String {
        let tenths = bytes / (gibibyte / 10)
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// `needed` is the greatest number that a member can need; nil if it is not known.
    public static func descriptors(limit: Int, needed: Int?) -> [Finding] {
        guard let needed, limit > 0 else {
            return [
                .unchecked(
                    "descriptors", why: "how many ledger partitions there are, or the limit, is unknown",
                    remedy: "mend what is found about the broker and the topics, and look again")
            ]
        }
        guard limit < needed else {
            return [.ok("descriptors", "this process may open \(limit) files, a member needs at most \(needed)")]
        }
        return [
            Finding(
                "descriptors", .warning, "descriptors-few",
                "a process started from here may open \(limit) files, and a member can need \(needed)",
                remedy: "raise the limit: `ulimit -n \(needed)`, or LimitNOFILE= of a systemd unit")
        ]
    }

    // MARK: Files with secrets

    public struct SecretFile: Sendable, Equatable {
        public var path: String
        /// Its content, such as `the signing key`.
        public var what: String
        /// The permission bits of its mode; nil if there is no such file, or if its mode cannot be read.
        public var mode: UInt32?
        public var isOwn: Bool
        /// Whether it has no secret: then only write access matters.
        public var isPublic: Bool

        public init(path: String, what: String, mode: UInt32?, isOwn: Bool, isPublic: Bool = false) {
            (self.path, self.what, self.mode, self.isOwn, self.isPublic) = (path, what, mode, isOwn, isPublic)
        }
    }

    private static let others: UInt32 = 0o007
    private static let group: UInt32 = 0o070
    private static let otherWriters: UInt32 = 0o022

    /// 1. It does not exist: error. 2. Others can write a public file: error. 3. Everybody can read or write a secret:
    ///    error. 4. Its group can: warning. 5. A secret is another user's: note.
    public static func secrets(_ files: [SecretFile]) -> [Finding] {
        let findings = files.compactMap { file -> Finding? in
            guard let mode = file.mode else {
                return Finding(
                    "keys", .error, "file-missing", "\(file.path), \(file.what), cannot be looked at",
                    remedy: "give the path of a file that this user can read")
            }
            let bits = String(mode, radix: 8)
            if file.isPublic {
                guard mode & otherWriters != 0 else { return nil }
                return Finding(
                    "keys", .error, "writable-by-others", "\(file.path), \(file.what), has the mode \(bits)",
                    remedy: "chmod go-w \(file.path)")
            }
            let remedy = "chmod 600 \(file.path)"
            if mode & others != 0 {
                return Finding(
                    "keys", .error, "readable-by-all", "\(file.path), \(file.what), has the mode \(bits)",
                    remedy: remedy)
            }
            if mode & group != 0 {
                return Finding(
                    "keys", .warning, "readable-by-group", "\(file.path), \(file.what), has the mode \(bits)",
                    remedy: remedy)
            }
            guard file.isOwn else {
                return Finding("keys", .note, "another-owner", "\(file.path), \(file.what), is another user's")
            }
            return nil
        }
        guard findings.isEmpty else { return findings }
        let secrets = files.count { !$0.isPublic }
        let what =
            secrets == 0
            ? "no file with a secret is named"
            : "nobody else reads \(secrets) file\(secrets == 1 ? "" : "s") with secrets"
        return [.ok("keys", what)]
    }
}
