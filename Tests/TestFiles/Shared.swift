public import Foundation

/// Files that are shared with other programs. They are beside the package; a test that needs them is skipped where they are
/// absent.
public enum Shared {
    public static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "../shared").standardizedFileURL

    public static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

    public static func has(_ names: String...) -> Bool {
        names.allSatisfy { FileManager.default.fileExists(atPath: path($0)) }
    }
}
