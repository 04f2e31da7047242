import Foundation
import Testing

/// Every test that starts processes, one after another: they share two things that are scarce, cores and ports.
@Suite(.serialized) enum CommandTests {}

/// How long anything may take before a test gives up. None is a measure of speed.
enum Limit {
    static let run = Duration.seconds(180)
    static let start = Duration.seconds(60)
    static let settle = Duration.seconds(180)
    static let end = Duration.seconds(60)
    static let request = 20.0
    static let pollEvery = Duration.milliseconds(20)
}

struct Trouble: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Asks until the answer is not nil; throws when `limit` is over.
@discardableResult
func wait<Answer>(
    for what: @autoclosure () -> String, limit: Duration = Limit.settle, every pause: Duration = Limit.pollEvery,
    _ ask: () async throws -> Answer?
) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
        if let answer = try await ask() { return answer }
        guard ContinuousClock.now < deadline else { throw Trouble("waited \(limit) in vain for \(what())") }
        try await Task.sleep(for: pause)
    }
}

/// The package and the binary under test.
enum Package {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// What every implementation is held against; not part of the package.
    static let golden = root.deletingLastPathComponent().appending(path: "shared/golden")
    static let goldenData = root.deletingLastPathComponent().appending(path: "shared/data")

    /// `STANDING_BINARY`, else the newest build.
    static func binary() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["STANDING_BINARY"] { return URL(filePath: path) }
        let built = ["release", "debug"].compactMap { build -> (url: URL, date: Date)? in
            let url = root.appending(path: ".build/\(build)/standing").resolvingSymlinksInPath()
            let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
            return (attributes?[.modificationDate] as? Date).map { (url, $0) }
        }
        guard let newest = built.max(by: { $0.date < $1.date }) else {
            throw Trouble("no standing under .build: build it, or say where it is with STANDING_BINARY")
        }
        return newest.url
    }
}

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "standing-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name))
        return path(name)
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appending(path: name)), as: UTF8.self)
    }
}

/// What is left of a process that has ended.
struct Finished {
    /// The exit code; nil if a signal ended it.
    let code: Int32?
    let output: String
    let messages: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// A process of ours. It ends, by its own id, at the latest when its owner lets it go.
final class Running {
    private let process = Process()
    private let folder: TemporaryFolder
    private let output: URL
    private let errors: URL

    /// Runs `executable`, by default `standing`, in the package's root; nothing of the surrounding `STANDING_…`
    /// variables reaches it.
    init(_ arguments: [String], environment: [String: String] = [:], executable: URL? = nil) throws {
        folder = try TemporaryFolder()
        output = folder.url.appending(path: "output")
        errors = folder.url.appending(path: "errors")
        for file in [output, errors] { try Data().write(to: file) }
        process.executableURL = try executable ?? Package.binary()
        process.arguments = arguments
        process.currentDirectoryURL = Package.root
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("STANDING_") }.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
    }

    deinit { signal(SIGKILL) }

    var outputSoFar: String { (try? Data(contentsOf: output)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
    var messagesSoFar: String { (try? Data(contentsOf: errors)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
    var isRunning: Bool { process.isRunning }

    /// The most memory that it has had in use, in bytes.
    var peakResidentBytes: Int64? {
        guard let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        else { return nil }
        return status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            .flatMap { Int64($0.split(whereSeparator: { !$0.isNumber }).first ?? "") }.map { $0 * 1024 }
    }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Waits for the end.
    func finished(limit: Duration = Limit.end) async throws -> Finished {
        try await wait(for: "the end of \(process.arguments ?? []): \(messagesSoFar.suffix(2000))", limit: limit) {
            process.isRunning ? nil : true
        }
        return Finished(
            code: process.terminationReason == .exit ? process.terminationStatus : nil, output: outputSoFar,
            messages: messagesSoFar)
    }

    /// Sends SIGTERM and waits for the end.
    func stop() async throws -> Finished {
        signal(SIGTERM)
        return try await finished()
    }

    /// Sends SIGKILL and waits for the end.
    func killed() async throws {
        signal(SIGKILL)
        _ = try await finished()
    }

    /// The text after `marker` in the first line among the messages that has it.
    func message(after marker: String) async throws -> String {
        try await wait(for: "\"\(marker)\" in \(messagesSoFar.suffix(2000))", limit: Limit.start) {
            let whole = messagesSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = whole.first(where: { $0.contains(marker) }), let range = line.range(of: marker) {
                return String(line[range.upperBound...])
            }
            guard process.isRunning else { throw Trouble("ended before \"\(marker)\": \(messagesSoFar.suffix(2000))") }
            return nil
        }
    }
}

/// Runs `standing` to its end.
func standing(_ arguments: String..., environment: [String: String] = [:]) async throws -> Finished {
    try await Running(arguments, environment: environment).finished(limit: Limit.run)
}

/// `standing broker` in a process of its own.
final class Broker {
    let process: Running
    /// HOST:PORT.
    let address: String

    /// `port`: the one that clients bootstrap from. `topicPrefix`: of its topics. `arguments`: others of the command.
    init(port: UInt16? = nil, topicPrefix: String = "", _ arguments: [String] = []) async throws {
        let process = try Running(
            ["broker", "--topic-prefix", topicPrefix] + (port.map { ["--port", "\($0)"] } ?? []) + arguments)
        address = try await wait(for: "the broker's address", limit: Limit.start) {
            guard process.isRunning else { throw Trouble("the broker ended: \(process.messagesSoFar)") }
            return process.outputSoFar.contains("\n")
                ? process.outputSoFar.split(separator: "\n").first.map(String.init) : nil
        }
        self.process = process
    }
}

/// A port that nothing listens on at the moment.
func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Trouble("no socket") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    for _ in 0..<100 {
        // Below the range from which the system deals ports to others, who come before this one is used.
        address.sin_port = UInt16.random(in: 20_000..<32_000).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isBound { return UInt16(bigEndian: address.sin_port) }
    }
    throw Trouble("no free port")
}
