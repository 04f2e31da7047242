internal import Foundation
internal import Terminal

/// `standing broker` as a child.
final class BrokerProcess {
    /// The program that runs, which starts parts of a benchmark as processes of their own.
    static var program: URL { URL(filePath: "/proc/self/exe").resolvingSymlinksInPath() }

    private let process = Process()
    let address: String

    /// `topics`: a folder of topic files; nil for those of the program. `partitions`: as for `standing broker`.
    init(topics: String?, partitions: Int? = nil) throws {
        process.executableURL = Self.program
        process.arguments =
            ["broker"] + (topics.map { ["--topics", $0] } ?? [])
            + (partitions.map { ["--partitions", String($0)] } ?? [])
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var line = Data()
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1), byte != Data([0x0A]), !byte.isEmpty {
            line += byte
        }
        address = String(decoding: line, as: UTF8.self)
        guard !address.isEmpty else { throw fail("error: the broker process did not start") }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
