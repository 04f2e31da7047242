import Foundation

/// Topic files in which some topics have other names and as many partitions as they are given: of a ledger that moves. The embedded
/// broker makes topics at its start only, so it is given files that have the new topics beside the old ones.
struct MovedTopics {
    /// For `standing broker`.
    let broker: String
    /// For whoever works on the moved ledger.
    let members: String

    /// `names`: those that move. `suffix`: what their names get.
    init(_ names: [String], suffix: String, partitions: Int? = nil, in folder: TemporaryFolder) throws {
        let files = FileManager.default
        (broker, members) = (folder.path("broker-topics"), folder.path("topics"))
        let shipped = Package.root.appending(path: "topics").path
        for path in [broker, members] { try files.copyItem(atPath: shipped, toPath: path) }
        for name in names {
            var lines = try String(contentsOfFile: "\(shipped)/\(name).yaml", encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false
            ).map(String.init)
            for index in lines.indices {
                if lines[index].hasPrefix("name: ") { lines[index] = "name: \(name)\(suffix)" }
                if let partitions, lines[index].hasPrefix("partitions: ") { lines[index] = "partitions: \(partitions)" }
            }
            try files.removeItem(atPath: "\(members)/\(name).yaml")
            try lines.joined(separator: "\n").write(
                toFile: "\(members)/\(name)\(suffix).yaml", atomically: true, encoding: .utf8)
            // One file of each role is enough for a broker, which does not ask what a topic is for.
            for index in lines.indices where lines[index].hasPrefix("role: ") { lines[index] = "role: source" }
            try lines.joined(separator: "\n").write(
                toFile: "\(broker)/\(name)\(suffix).yaml", atomically: true, encoding: .utf8)
        }
    }
}
