import Foundation
import HTTP
import Kafka
import Lag
import Ledger
import Logging
import Pipeline
import Terminal

/// The requirements of a service on its machine, checked before it joins a group. Each check ends the command with one
/// sentence that has the path or address and the remedy.
enum StartCheck {
    /// The machines that can connect to a server that listens there.
    static func http(_ address: HTTPAddress) throws -> HTTPAddress.Reach {
        do throws(HTTPAddress.Unusable) {
            return try address.checkFree()
        } catch {
            throw fail("error: \(error)")
        }
    }

    static func warnOfOpenAccess(_ address: HTTPAddress, _ logger: Logger) {
        logger.warning(
            "HTTP has no access control: whoever reaches this address reads what it knows about everybody",
            metadata: ["http": "\(address)"])
    }

    /// Idle workers are allowed.
    static func warnOfIdleWorkers(_ configuration: PipelineConfiguration, _ logger: Logger) {
        let cores = PipelineConfiguration.cores
        guard configuration.roles.contains(.fold), configuration.workers > cores else { return }
        logger.warning(
            "there are more workers than cores, which folds nothing faster: give fewer with --workers",
            metadata: ["workers": "\(configuration.workers)", "cores": "\(cores)"])
    }

    /// Descriptors beside files, brokers and HTTP: standard streams, event loops, forwarded requests.
    private static let otherDescriptors = 48
    private static let descriptorsOfCore = 4
    private static let metadataMilliseconds = 5000

    /// Warns if the process may open fewer files than a member of this many ledger partitions can need, because it
    /// would fail under its greatest load. Asks the broker for the number of partitions.
    static func descriptors(_ configuration: PipelineConfiguration, ledgerPartitions: Int, _ logger: Logger) {
        let metadata = try? configuration.kafka.metadata(timeoutMilliseconds: metadataMilliseconds)
        let needed = neededDescriptors(
            configuration, ledgerPartitions: ledgerPartitions, brokers: metadata?.brokers ?? 1)
        let limit = descriptorLimit
        guard limit > 0, limit < needed else { return }
        logger.warning(
            "this process may open fewer files than it can need: raise the limit (`ulimit -n`, or LimitNOFILE= of a systemd unit)",
            metadata: ["limit": "\(limit)", "needed": "\(needed)", "ledgerPartitions": "\(ledgerPartitions)"])
    }

    /// The limit of open descriptors of this process; 0 if it is unknown.
    static var descriptorLimit: Int { HTTPServer.descriptorLimit }

    /// The least limit that is enough for a member of this many ledger partitions.
    static func neededDescriptors(
        _ configuration: PipelineConfiguration, ledgerPartitions: Int, brokers: Int
    ) -> Int {
        let pipeline =
            configuration.descriptors(ledgerPartitions: ledgerPartitions, brokers: brokers)
            + PipelineConfiguration.descriptors(
                clients: LagMonitor.clients + ControlServices.clients + Consumer.maximumClosing, brokers: brokers)
        return descriptors(
            pipeline + otherDescriptors + descriptorsOfCore * ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The least limit that is enough for `others` and a server, which takes a share of the limit.
    private static func descriptors(_ others: Int) -> Int {
        var limit = others
        while true {
            let needed = others + HTTPServer.descriptors(limit: limit)
            if needed <= limit { return limit }
            limit = needed
        }
    }

    /// Makes the data folder. The folder and the files that the service writes in it must be writable for this user.
    static func data(_ data: LocalData) throws {
        let remedy = "give --data a folder that this user can write, or this user the folder"
        try folder(data.path, of: "--data \(data.path)", remedy)
        let files = PosixFileSystem()
        do {
            for partition in try ArchiveDirectory.partitions(under: data.archiveRoot) {
                let archive = data.archive(partition).path
                let entries = try files.entries(of: archive)
                if let lock = entries.first(where: { $0.name == "lock" }), !lock.mayBeFile {
                    throw fail("error: --data \(archive)/lock is no file; move it away")
                }
                let segments = entries.filter { $0.mayBeFile && $0.name.hasSuffix(".segment") }.map(\.name)
                for segment in segments where access(archive + "/" + segment, R_OK) != 0 && errno != ENOENT {
                    throw fail(
                        "error: --data \(archive)/\(segment) cannot be read (\(String(cString: strerror(errno)))); \(remedy)"
                    )
                }
                // Of the segments only the newest is written again.
                let written = entries.map(\.name).filter { $0 == "lock" } + segments.suffix(1)
                for path in [archive, data.snapshots(partition).path] + written.map({ archive + "/" + $0 }) {
                    try writable(path, of: "--data \(path)", remedy)
                }
            }
        } catch let error as FileError {
            throw fail("error: --data \(error); \(remedy)")
        }
    }

    /// Makes the folder of a SQLite database. The folder, for SQLite's files beside the database, and the database must
    /// be writable for this user.
    static func database(_ path: String) throws {
        let remedy = "give --database a file that this user can write, or this user the file and its folder"
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        try self.folder(folder, of: "--database \(path)", remedy)
        for suffix in ["", "-wal", "-shm"] { try writable(path + suffix, of: "--database \(path)", remedy) }
    }

    /// Makes a folder if it is missing, and a file in it. A full disk is no error, because there can be room later.
    private static func folder(_ path: String, of setting: String, _ remedy: String) throws {
        let files = PosixFileSystem()
        let name = "\(path)/\(LocalData.trialPrefix)\(getpid())"
        do throws(FileError) {
            try files.makeDirectories(path)
            try File(name, create: true, on: files).close()
            try files.removeIfThere(name)
        } catch {
            guard !error.isDiskFull else { return }
            throw cannotBeWritten(setting, error.code, remedy)
        }
    }

    /// A missing file can be made later, because its folder is writable.
    private static func writable(_ path: String, of setting: String, _ remedy: String) throws {
        guard access(path, R_OK | W_OK) != 0 else { return }
        let code = errno
        guard code != ENOENT else { return }
        throw cannotBeWritten(setting, code, remedy)
    }

    private static func cannotBeWritten(_ setting: String, _ code: Int32, _ remedy: String) -> any Error {
        fail("error: \(setting) cannot be written (\(String(cString: strerror(code)))); \(remedy)")
    }
}
