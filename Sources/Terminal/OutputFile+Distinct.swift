internal import Foundation

extension OutputFile {
    /// A file, and the option that names it. The path is nil if the option is not given.
    public typealias Named = (option: String, path: String?)

    /// Ends the command if one of the files that it writes is a file that it reads, or if it would write one for two options: the
    /// file that is closed last would replace the other. Standard output and special files may be shared.
    public static func requireDistinct(_ written: [Named], from read: [Named]) throws {
        // A file is replaced under its name, so a link that is written replaces the link.
        var known: [String: String] = [:]
        for case let (option, path?) in read {
            known[location(path)] = option
            known[URL(filePath: path).resolvingSymlinksInPath().path] = option
        }
        for case let (option, path?) in written where path != "-" && !isNoFile(path) {
            if let other = known.updateValue(option, forKey: location(path)) {
                throw fail("error: \(option) names the same file as \(other): \(path)", Exit.usage)
            }
        }
    }

    /// The name in its folder without links.
    private static func location(_ path: String) -> String {
        let file = URL(filePath: path).standardizedFileURL
        return file.deletingLastPathComponent().resolvingSymlinksInPath().path + "/" + file.lastPathComponent
    }
}
