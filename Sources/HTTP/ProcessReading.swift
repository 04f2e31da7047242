public import Events
internal import Foundation

/// Linux's numbers about a process, for `/metrics`. A number that Linux does not provide is nil.
struct ProcessReading: Sendable, Equatable {
    var cpuSeconds: Double?
    var residentBytes: Int64?
    var virtualBytes: Int64?
    var threads: Int64?
    /// The start of the process, as a Unix time.
    var start: Double?
    var openFiles: Int64?
    var maximumFiles: Int64?

    /// The units of `/proc`.
    struct Units: Sendable {
        var ticksPerSecond: Double
        var pageBytes: Int64
        /// The machine's boot, as a Unix time; nil if it is unknown.
        var boot: Double?

        static let ofThisMachine = Units(
            ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))), pageBytes: Int64(sysconf(Int32(_SC_PAGESIZE))),
            boot: try? String(contentsOfFile: "/proc/stat", encoding: .utf8).split(separator: "\n")
                .first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst("btime ".count)) })
    }

    init() {}

    /// `stat` is the text of `/proc/PID/stat` (proc_pid_stat(5)).
    init(stat: String, _ units: Units) {
        // The command's name may contain spaces and parentheses; no later field does. The first field after it is the
        // third.
        guard let name = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: name)...].split(whereSeparator: \.isWhitespace)
        func field(_ number: Int) -> Double? {
            fields.indices.contains(number - 3) ? Double(fields[number - 3]) : nil
        }
        if let user = field(14), let system = field(15) { cpuSeconds = (user + system) / units.ticksPerSecond }
        threads = field(20).map { Int64($0) }
        if let boot = units.boot, let ticks = field(22) { start = boot + ticks / units.ticksPerSecond }
        virtualBytes = field(23).map { Int64($0) }
        residentBytes = field(24).map { Int64($0) * units.pageBytes }
    }

    /// The numbers of this process.
    static var current: ProcessReading {
        let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        var reading = ProcessReading(stat: stat, .ofThisMachine)
        // The folder itself is open while it is read.
        reading.openFiles = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map {
            Int64(max(0, $0.count - 1))
        }
        let limit = HTTPServer.descriptorLimit
        if limit > 0 { reading.maximumFiles = Int64(limit) }
        return reading
    }
}

/// The program, as in `standing_build_info`.
public struct Build: Sendable, Equatable {
    public let version: String
    /// The commit of the sources; `unknown` if the build has none.
    public let commit: String
    /// The newest fold version that the program knows.
    public let foldVersion: UInt32
    public let librdkafka: String

    public init(version: String, commit: String, foldVersion: UInt32, librdkafka: String) {
        (self.version, self.commit) = (version, commit)
        (self.foldVersion, self.librdkafka) = (foldVersion, librdkafka)
    }
}

extension Exposition {
    /// Adds what every server exposes: its program and its process.
    public mutating func add(_ build: Build) {
        add(
            .buildInfo, 1,
            labels: [
                ("version", build.version), ("commit", build.commit), ("fold_version", String(build.foldVersion)),
                ("librdkafka", build.librdkafka),
            ])
        add(.current)
    }

    mutating func add(_ process: ProcessReading) {
        if let seconds = process.cpuSeconds { add(.processCPU, [Sample(seconds)]) }
        if let bytes = process.residentBytes { add(.processResident, bytes) }
        if let bytes = process.virtualBytes { add(.processVirtual, bytes) }
        if let threads = process.threads { add(.processThreads, threads) }
        if let start = process.start { add(.processStart, [Sample(start)]) }
        if let files = process.openFiles { add(.processOpenFiles, files) }
        if let files = process.maximumFiles { add(.processMaximumFiles, files) }
    }
}
