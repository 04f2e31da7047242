import Foundation
import Testing

extension CommandTests {
    /// Each room's page, and the map of the rooms in Sources/README.md.
    struct RoomPagesTests {
        private static let sources = Package.root.appending(path: "Sources")

        /// The folders of Sources, of modules in C too.
        private static func rooms() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { name in
                var isFolder: ObjCBool = false
                let path = sources.appending(path: name).path
                return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
            }.sorted()
        }

        private static func page(_ path: String) throws -> String {
            try String(contentsOf: sources.appending(path: path), encoding: .utf8)
        }

        /// All Swift text of a room.
        private static func code(of room: String) throws -> String {
            let folder = sources.appending(path: room)
            let files = try #require(FileManager.default.enumerator(atPath: folder.path))
            var code = ""
            while let path = files.nextObject() as? String {
                guard path.hasSuffix(".swift") else { continue }
                code += try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            }
            return code
        }

        /// The names between backticks, as `Name` or `name`.
        private static func names(in text: Substring) -> [String] {
            text.matches(of: /`(\w+)`/).map { String($0.1) }
        }

        private static func expect(_ names: [String], in room: String, by page: String) throws {
            let code = try Self.code(of: room)
            for name in names {
                let declaration = "(struct|class|enum|protocol|actor|func) \(name)\\b"
                if code.range(of: declaration, options: .regularExpression) == nil {
                    Issue.record("\(page) begins with \(name), which \(room) does not declare")
                }
            }
        }

        @Test func everyRoomHasAPageThatBeginsWithItsOwnTypes() throws {
            let rooms = try Self.rooms()
            #expect(rooms.count > 30)
            for room in rooms {
                let text = try Self.page("\(room)/README.md")
                #expect(text.hasPrefix("# \(room)\n"))
                guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("- Begin with: ") }) else {
                    // CEL's page is for those who use it elsewhere; a module in C has no types.
                    let mayHaveNone = try room == "CEL" || Self.code(of: room).isEmpty
                    #expect(mayHaveNone, "the page of \(room) does not say where to begin")
                    continue
                }
                try Self.expect(Self.names(in: line), in: room, by: "\(room)/README.md")
            }
        }

        @Test func theMapHasEveryRoomOnce() throws {
            let rows = try Self.page("README.md").matches(of: /(?m)^\| `(\w+)` \| .+ \| (.+) \|$/)
            let native = try Self.rooms().filter { try Self.code(of: $0).isEmpty }
            #expect(rows.map { String($0.1) }.sorted() == (try Self.rooms().filter { !native.contains($0) }))
            for row in rows { try Self.expect(Self.names(in: row.2), in: String(row.1), by: "README.md") }
        }
    }
}
