import Foundation
import Testing

extension CommandTests {
    /// `deploy/man-pages` and `deploy/install-standing`.
    struct ManualTests {
        private static let python = URL(filePath: "/usr/bin/python3")
        private static let mandoc = URL(filePath: "/usr/bin/mandoc")
        private static func isThere(_ tool: URL) -> Bool { FileManager.default.isExecutableFile(atPath: tool.path) }

        private static func script(_ name: String) -> String { Package.root.appending(path: "deploy/\(name)").path }

        @Test(.enabled(if: isThere(python), "python3 is not here"))
        func everyCommandHasAPageOfItsOwn() async throws {
            let folder = try TemporaryFolder()
            let run = try await Running(
                [Self.script("man-pages"), try Package.binary().path, folder.url.path],
                environment: ["SOURCE_DATE_EPOCH": "1767225600"], executable: Self.python
            ).finished()
            #expect(run.code == 0 && run.messages.isEmpty, "\(run.messages)")
            let commands = try await Help.ofAll().all()
            let names = commands.map { (["standing"] + $0.path).joined(separator: "-") + ".1" }
            let pages = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
            #expect(pages.sorted() == names.sorted())
            for (path, command) in commands {
                let page = try folder.read((["standing"] + path).joined(separator: "-") + ".1")
                #expect(page.hasPrefix(".Dd January 1, 2026\n"))
                for flag in command.flags { #expect(page.contains("Fl -\(flag.dropFirst(2))"), "\(path): \(flag)") }
                #expect(page.contains(".Sh EXAMPLES"), "\(path)")
            }
            guard Self.isThere(Self.mandoc) else { return }
            let lint = try await Running(
                ["-Tlint", "-W", "warning"] + pages.map { folder.path($0) }, executable: Self.mandoc
            ).finished()
            #expect(lint.code == 0 && lint.output.isEmpty, "\(lint.output)")
        }

        @Test(.enabled(if: isThere(python), "python3 is not here"))
        func whatIsInstalledUnderAPrefixIsTakenAwayAgain() async throws {
            let folder = try TemporaryFolder()
            let environment = ["DESTDIR": folder.url.path, "STANDING_BINARY": try Package.binary().path]
            func install(_ arguments: String...) async throws -> Finished {
                try await Running(
                    arguments, environment: environment, executable: URL(filePath: Self.script("install-standing"))
                ).finished(limit: Limit.run)
            }
            let made = try await install("/opt/standing")
            #expect(made.code == 0, "\(made.messages)")
            let prefix = folder.url.appending(path: "opt/standing")
            let unit = try String(
                contentsOf: prefix.appending(path: "lib/systemd/system/standing.service"), encoding: .utf8)
            #expect(unit.contains("\nExecStart=/opt/standing/bin/standing serve"))
            let version = try await Running(["--version"], executable: prefix.appending(path: "bin/standing"))
                .finished()
            #expect(version.code == 0)
            let topics = ["topics", "asyncapi", "--output", "json", "--topics", "\(prefix.path)/share/standing/topics"]
            #expect(try await Running(topics).finished().code == 0)

            let pages = prefix.appending(path: "share/doc/standing/deploy")
            var links = 0
            for name in try FileManager.default.contentsOfDirectory(atPath: pages.path) {
                let text = try String(contentsOf: pages.appending(path: name), encoding: .utf8)
                for link in text.matches(of: /\]\(([A-Z]+\.md)[#)]/).map({ String($0.1) }) {
                    #expect(
                        FileManager.default.fileExists(atPath: pages.appending(path: link).path), "\(name): \(link)")
                    links += 1
                }
            }
            #expect(links > 10)

            // A file of an older version, which this one does not have.
            let manifest = "opt/standing/share/standing/MANIFEST"
            try folder.write("old", to: "opt/standing/share/man/man1/standing-old.1.gz")
            try folder.write(
                "share/man/man1/standing-old.1.gz\n" + folder.read(manifest), to: manifest)
            #expect(try await install("/opt/standing").code == 0)
            #expect(!FileManager.default.fileExists(atPath: "\(prefix.path)/share/man/man1/standing-old.1.gz"))
            #expect(FileManager.default.fileExists(atPath: "\(prefix.path)/share/man/man1/standing.1.gz"))
            #expect(try !folder.read(manifest).contains("standing-old"))

            try folder.write("mine", to: "opt/standing/share/standing/mine")
            #expect(try await install("--remove", "/opt/standing").code == 0)
            let left = FileManager.default.enumerator(atPath: folder.url.path)?.compactMap { $0 as? String } ?? []
            let files = left.filter { path in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: folder.path(path), isDirectory: &isFolder)
                    && !isFolder.boolValue
            }
            #expect(files == ["opt/standing/share/standing/mine"])
            #expect(try await install("--remove", "/opt/standing").code == 1)
            #expect(try await install("relative").code == 2)
        }
    }
}
