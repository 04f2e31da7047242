import Foundation
import Ledger
import Scoring
import Testing

extension CommandTests {
    struct VersionTests {
        /// What a program is, and what it reads and writes.
        @Test func theVersionNamesCommitAndFormats() async throws {
            let run = try await standing("--version")
            #expect(run.code == 0 && run.lines.count == 1)
            let pattern = /([0-9.]+) \(commit ([0-9a-f]{7,40}(-changed)?|unknown), (.*), librdkafka .*, mimalloc .*\)/
            let match = try #require(run.lines[0].wholeMatch(of: pattern), "\(run.output)")
            #expect(
                match.4 == "fold version \(FoldVersion.newest.rawValue), frame \(Frame.version), archive 1, "
                    + "snapshot \(Fold.stateVersion), export \(LedgerExport.format)")
            // Later builds read what this release leaves behind.
            let record = Package.root.appending(path: "Tests/Releases/\(match.1).tar.gz")
            #expect(FileManager.default.fileExists(atPath: record.path), "Tests/Releases/record \(match.1)")
        }

        /// deploy/install says the commit to the build, and nothing where git knows none.
        @Test func theBuildIsToldTheCommit() async throws {
            let folder = try TemporaryFolder()
            let script = "root=$1; . \"$2\"; commit"
            func commit(_ root: String) async throws -> String {
                let install = Package.root.appending(path: "deploy/install").path
                let run = try await Running(
                    ["-c", script, "commit", root, install], executable: URL(filePath: "/bin/bash")
                ).finished()
                #expect(run.code == 0, "\(run.messages)")
                return run.output
            }
            #expect(try await commit(folder.url.path) == "")
            guard FileManager.default.fileExists(atPath: Package.root.appending(path: ".git").path) else { return }
            #expect(try await commit(Package.root.path).wholeMatch(of: /[0-9a-f]{7,40}(-changed)?\n/) != nil)
        }
    }
}
