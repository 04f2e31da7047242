import CIntrinsics
import CoreFoundation
import Foundation
import Kafka
import Operations
import Options
import Pipeline
import Policy

/// Examines this machine for the doctor.
struct DoctorMachine: Sendable {
    private static let syncs = 9
    private static let syncBytes = 64 * 1024
    /// Properties of librdkafka that name files with secrets.
    private static let secretFiles = ["ssl.key.location", "ssl.keystore.location", "sasl.kerberos.keytab"]

    /// The data folder; nil if none is given.
    let data: String?
    /// A policy file; nil if none is given.
    let policy: String?
    let cluster: Cluster
    let signingKey: String?
    let trustedKeys: String?
    let config: String?

    /// Nil if the kernel does not report it.
    static var kernelClock: MachineCheck.KernelClock? {
        var isSynchronized: Int32 = 0
        var maximumError: Int64 = 0
        guard standing_kernel_clock(&isSynchronized, &maximumError) == 0 else { return nil }
        return MachineCheck.KernelClock(isSynchronized: isSynchronized != 0, maximumError: maximumError)
    }

    // MARK: Disk

    func disk() -> [Finding] {
        guard let data else {
            return [Finding("disk", .note, "not-asked", "no data folder is given (--data)")]
        }
        var space = statvfs()
        guard statvfs(data, &space) == 0 else {
            return [
                Finding(
                    "disk", .error, "no-folder", "\(data): \(String(cString: strerror(errno)))",
                    remedy: "make the folder, and give it to the user that runs `standing serve`")
            ]
        }
        let name = "\(data)/\(LocalData.trialPrefix)\(getpid())-doctor"
        let syncs: [Int64]
        switch Self.times(name) {
        case .success(let times): syncs = times
        // The free room can be reserved for other users, or not usable in this file system.
        case .failure(let error) where [ENOSPC, EDQUOT].contains(error.code):
            return [MachineCheck.fullDisk("\(data) takes no more: \(String(cString: strerror(error.code)))")]
        case .failure(let error):
            return [
                Finding(
                    "disk", .error, "not-writable",
                    "\(data) cannot be written: \(String(cString: strerror(error.code)))",
                    remedy: "run the doctor as the user that runs `standing serve`, or give that user the folder")
            ]
        }
        let block = UInt64(space.f_frsize)
        return MachineCheck.disk(
            MachineCheck.Disk(
                free: Self.bytes(space.f_bavail, block), total: Self.bytes(space.f_blocks, block),
                freeInodes: space.f_files == 0 ? nil : Int64(clamping: space.f_favail), syncs: syncs), path: data)
    }

    /// A file system may report any number.
    private static func bytes(_ blocks: some BinaryInteger, _ size: UInt64) -> Int64 {
        let (bytes, overflows) = UInt64(clamping: blocks).multipliedReportingOverflow(by: size)
        return overflows ? .max : Int64(clamping: bytes)
    }

    private struct SystemError: Error { let code: Int32 }

    /// The duration of each write and sync of a temporary file, in microseconds.
    private static func times(_ path: String) -> Result<[Int64], SystemError> {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return .failure(SystemError(code: errno)) }
        defer {
            close(descriptor)
            unlink(path)
        }
        let bytes = [UInt8](repeating: 0, count: syncBytes)
        var times: [Int64] = []
        for _ in 0..<syncs {
            let start = ContinuousClock.now
            let written = write(descriptor, bytes, bytes.count)
            guard written >= 0 else { return .failure(SystemError(code: errno)) }
            // A partial write means that the disk is full, although the call reports no error.
            guard written == bytes.count else { return .failure(SystemError(code: ENOSPC)) }
            guard fdatasync(descriptor) == 0 else { return .failure(SystemError(code: errno)) }
            times.append(Int64((ContinuousClock.now - start) / .microseconds(1)))
        }
        return .success(times)
    }

    // MARK: Descriptors

    func descriptors(ledgerPartitions: Int?, brokers: Int?) -> [Finding] {
        guard let ledgerPartitions, var configuration = try? cluster.pipeline(policy: nil) else {
            return MachineCheck.descriptors(limit: StartCheck.descriptorLimit, needed: nil)
        }
        configuration.data = data.map { LocalData($0) }
        let needed = StartCheck.neededDescriptors(
            configuration, ledgerPartitions: ledgerPartitions, brokers: brokers ?? 1)
        return MachineCheck.descriptors(limit: StartCheck.descriptorLimit, needed: needed)
    }

    // MARK: Policy

    /// `isReached`: whether the cluster answers.
    func policies(isReached: Bool) throws -> [Finding] {
        guard let policy else {
            return [Finding("policy", .note, "not-asked", "no policy is given (--policy)")]
        }
        let own: ScoringPolicy
        do {
            own = try loadPolicy(policy)
        } catch {
            return [
                Finding(
                    "policy", .error, "does-not-compile", "\(policy) is no policy: its mistakes are on standard error",
                    remedy: "mend them; `standing policy check \(policy)` lists them")
            ]
        }
        let name = "\(own.id) version \(own.version)"
        guard isReached else {
            return [
                .ok("policy", "\(name) compiles"),
                .unchecked("policy", why: DoctorCluster.noAnswer, remedy: DoctorCluster.brokersFirst),
            ]
        }
        let ledger = try LedgerSource(topicOf: cluster)
        guard ledger.ends.values.contains(where: { $0 > 0 }) else {
            return [.ok("policy", "\(name) compiles, and the ledger is empty: it can begin with it")]
        }
        guard let active = try ActivePolicies(cluster).texts.last else {
            return [
                .ok("policy", "\(name) compiles"),
                .unchecked(
                    "policy", why: "the ledger names no policy", remedy: "look at what it is with `standing policy log`"
                ),
            ]
        }
        guard active != own.text else {
            return [.ok("policy", "\(name) compiles, and is the active one")]
        }
        return [
            Finding(
                "policy", .warning, "not-active", "\(policy) (\(name)) is not the text that is active in the ledger",
                remedy:
                    "look at `standing policy show`; `standing policy propose` and `activate` make it the active one")
        ]
    }

    // MARK: Secrets

    func secrets() -> [Finding] {
        var files: [MachineCheck.SecretFile] = []
        if let signingKey { files.append(Self.file(signingKey, "the signing key")) }
        if let trustedKeys { files.append(Self.file(trustedKeys, "the trusted keys", isPublic: true)) }
        let properties = cluster.kafka.properties
        for name in Self.secretFiles {
            if let path = properties[name] { files.append(Self.file(path, name)) }
        }
        if let config,
            properties.contains(where: { KafkaConfiguration.isSecret($0.key) && !$0.key.hasSuffix("location") })
        {
            files.append(Self.file(config, "the configuration with passwords"))
        }
        return MachineCheck.secrets(files)
    }

    private static func file(_ path: String, _ what: String, isPublic: Bool = false) -> MachineCheck.SecretFile {
        var found = stat()
        guard stat(path, &found) == 0, access(path, R_OK) == 0 else {
            return MachineCheck.SecretFile(path: path, what: what, mode: nil, isOwn: false, isPublic: isPublic)
        }
        return MachineCheck.SecretFile(
            path: path, what: what, mode: found.st_mode & 0o777, isOwn: found.st_uid == geteuid(), isPublic: isPublic)
    }
}
