internal import Foundation

extension OutputFile {
    /// A file, and the option that names it. The path is nil if the option is not given.
    public typealias Named = (option: String, path: String?)

    /// Ends the command if one of the files that it writes is a file that it reads, or if it would write one for two options: the
    /// file that is closed last would replace the other. Standard output and special files may be shared.
    public static func requireDistinct(_ written: [Named], from read: [Named]) throws {
        var known: [String: String] = [:]
        for case let (option, path?) in read {
            for location in locations(path) { known[location] = option }
        }
        for case let (option, path?) in written where path != "-" && !isNoFile(path) {
            for location in locations(path) {
                if let other = known[location] {
                    throw fail("error: \(option) names the same file as \(other): \(path)", Exit.usage)
                }
            }
            for location in locations(path) { known[location] = option }
        }
    }

    /// The name in its folder without links, and the file that it leads to: writing through a link replaces that file.
    private static func locations(_ path: String) -> [String] {
        let file = URL(filePath: path).standardizedFileURL
        return [
            file.deletingLastPathComponent().resolvingSymlinksInPath().appending(path: file.lastPathComponent).path,
            file.resolvingSymlinksInPath().path,
        ]
    }
}
