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
            // Later builds read the files of this release.
            let record = Package.root.appending(path: "Tests/Releases/\(match.1).tar.gz")
            #expect(FileManager.default.fileExists(atPath: record.path), "Tests/Releases/record \(match.1)")
        }

        /// deploy/install passes the commit to the build, and nothing where git has none.
        @Test func theBuildGetsTheCommit() async throws {
            let folder = try TemporaryFolder()
            func run(_ script: String) async throws -> String {
                let install = Package.root.appending(path: "deploy/install").path
                // Another user may own this repository, and git may then refuse it: the test has one of its own.
                let run = try await Running(
                    ["-c", script, "commit", folder.url.path, install],
                    environment: ["GIT_CEILING_DIRECTORIES": folder.url.deletingLastPathComponent().path],
                    executable: URL(filePath: "/bin/bash")
                ).finished()
                #expect(run.code == 0, "\(run.messages)")
                return run.output
            }
            let commit = "root=$1; . \"$2\"; commit"
            #expect(try await run(commit) == "")
            let committer = "-c user.name=a -c user.email=a@example.org"
            _ = try await run("cd $1; git init -q; git \(committer) commit -q --allow-empty -m a")
            #expect(try await run(commit).wholeMatch(of: /[0-9a-f]{12}\n/) != nil)
            try folder.write("changed", to: "file")
            #expect(try await run(commit).wholeMatch(of: /[0-9a-f]{12}-changed\n/) != nil)
        }
    }
}
