import Foundation
import Testing

/// What Standing prints and serves has camelCase keys: shown on the sources.
@Suite struct JSONKeyTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    /// Of formats that others have stored already: checkpoints, exports, the ledger's own entries.
    private static let stored: Set = ["next-offset", "chain-head", "fold-version"]

    @Test func keysAreCamelCase() throws {
        var seen = 0
        let folder = Self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            // The schema of policies, the document of the API and Burrow's answers, whose keys are not ours to choose here.
            if ["PolicySchema.swift", "OpenAPIDocument.swift", "BurrowAnswers.swift"].contains(file.lastPathComponent) {
                continue
            }
            let text = try String(contentsOf: file, encoding: .utf8)
            let written = text.matches(of: /\\"([A-Za-z0-9_-]+)\\":/).map { String($0.1) }
            let members = text.matches(of: /\.(?:member|add)\("([A-Za-z0-9_-]+)"/).map { String($0.1) }
            for key in written + (file.path.contains("/Query/") ? [] : members) {
                seen += 1
                #expect(
                    Self.stored.contains(key) || key.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil,
                    "\(file.lastPathComponent): \(key)")
            }
        }
        #expect(seen > 100)
    }
}
