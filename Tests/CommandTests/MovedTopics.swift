import Foundation

/// Topic files in which some topics have other names and as many partitions as they are given: of a ledger that moves. The embedded
/// broker makes topics at its start only, so it is given files that have the new topics beside the old ones.
struct MovedTopics {
    /// For `standing broker`.
    let broker: String
    /// For the programs that work on the moved ledger.
    let members: String

    /// `names`: those that move. `prefix`: what their names begin with instead of `standing`; a fact topic is known by how its name
    /// ends.
    init(_ names: [String], prefix: String, partitions: Int? = nil, in folder: TemporaryFolder) throws {
        let files = FileManager.default
        (broker, members) = (folder.path("broker-topics"), folder.path("topics"))
        let shipped = Package.root.appending(path: "topics").path
        for path in [broker, members] { try files.copyItem(atPath: shipped, toPath: path) }
        for name in names {
            let moved = name.replacing("standing.", with: "\(prefix).")
            var lines = try String(contentsOfFile: "\(shipped)/\(name).yaml", encoding: .utf8).split(
                separator: "\n", omittingEmptySubsequences: false
            ).map(String.init)
            for index in lines.indices {
                if lines[index].hasPrefix("name: ") { lines[index] = "name: \(moved)" }
                if let partitions, lines[index].hasPrefix("partitions: ") { lines[index] = "partitions: \(partitions)" }
            }
            try files.removeItem(atPath: "\(members)/\(name).yaml")
            try lines.joined(separator: "\n").write(
                toFile: "\(members)/\(moved).yaml", atomically: true, encoding: .utf8)
            // There is one ledger to a folder of files; a broker does not ask what a topic is for.
            for index in lines.indices where lines[index].hasPrefix("role: ") { lines[index] = "role: source" }
            try lines.joined(separator: "\n").write(
                toFile: "\(broker)/\(moved).yaml", atomically: true, encoding: .utf8)
        }
    }
}
