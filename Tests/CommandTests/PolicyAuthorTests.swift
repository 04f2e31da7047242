import Foundation
import Testing

extension CommandTests {
    /// What the author of a policy does, from the first policy on.
    struct PolicyAuthorTests {
        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        private func new() async throws -> String {
            let run = try await standing("policy", "new", "my-club", "--directory", folder.url.path)
            #expect(run.code == 0, "\(run.messages)")
            return folder.path("my-club/my-club.yaml")
        }

        @Test func theFirstPolicyIsGoodAndItsCasesTouchEverything() async throws {
            let policy = try await new()
            let check = try await standing("policy", "check", "--strict", policy)
            #expect(check.code == 0 && check.messages == "")
            let format = try await standing("policy", "fmt", "--check", policy)
            #expect(format.code == 0 && format.output == "")
            let test = try await standing("policy", "test", "--coverage", folder.path("my-club"))
            #expect(test.code == 0)
            #expect(!test.output.contains("no case touches"), "\(test.output)")
            #expect(test.output.hasSuffix("4 passed, 0 failed\n"), "\(test.output)")
            // Nothing is overwritten.
            let again = try await standing("policy", "new", "my-club", "--directory", folder.url.path)
            #expect(again.code == 1 && again.messages.contains("is already there"))
            let bad = try await standing("policy", "new", "My Club", "--directory", folder.url.path)
            #expect(bad.code == 2)
        }

        @Test func warningsAreErrorsWhereTheAuthorSaysSo() async throws {
            let text = try String(contentsOfFile: try await new(), encoding: .utf8)
            let policy = try folder.write(text.replacing("from: 600", with: "from: 900"), to: "high.yaml")
            let check = try await standing("policy", "check", policy)
            #expect(check.code == 0 && check.output == "")
            #expect(
                check.messages.contains("high.yaml:27:5: warning: nobody can reach the band \"good\""),
                "\(check.messages)")
            let strict = try await standing("policy", "check", "--strict", policy)
            #expect(strict.code == 1)
            #expect(strict.messages.contains("high.yaml:27:5: error: nobody can reach the band \"good\""))
        }

        @Test func aSampleShowsWhatMatchesNothing() async throws {
            let policy = try await new()
            let event =
                #"{"specversion":"1.0","id":"1","source":"/s","type":"bill.late","subject":"a","time":"2026-01-01T00:00:00Z","#
                + #""data":{"days":"ten"}}"#
            let sample = try folder.write(event + "\n", to: "sample.jsonl")
            let check = try await standing("policy", "check", policy, "--sample", sample)
            #expect(check.code == 0)
            #expect(check.messages.contains("warning: no event of the sample matches (1 read)"), "\(check.messages)")
            #expect(
                check.messages.contains("no value for 1 of the sample's events (1 read), first \"1\" of \"/s\""),
                "\(check.messages)")
        }

        @Test func aSampleWithoutEventsIsAnError() async throws {
            let policy = try await new()
            let check = try await standing("policy", "check", policy, "--sample", folder.write("", to: "none.jsonl"))
            #expect(check.code == 1 && check.messages.contains("none.jsonl: error: there is no event in the sample"))
            #expect(!check.messages.contains("no event of the sample matches"), "\(check.messages)")
        }

        @Test func aPolicyIsNoFileOfCases() async throws {
            let policy = try await new()
            let test = try await standing("policy", "test", policy)
            #expect(test.code == 1)
            #expect(
                test.messages == "\(policy): error: it has no cases: name a file or a folder of a policy's cases\n",
                "\(test.messages)")
        }

        @Test func aMisspeltKeyOfAFileOfCasesIsNamed() async throws {
            _ = try await new()
            let file = try folder.write("policy: my-club.yaml\ncasse: []\n", to: "my-club/typo.yaml")
            let test = try await standing("policy", "test", file)
            #expect(test.code == 1)
            #expect(test.messages.contains("2:1: error: unknown key \"casse\" in the file; did you mean \"cases\"?"))
        }

        @Test func aLinkToAPolicyRemainsALink() async throws {
            let file = try folder.write("version: 1\npolicy: town\n", to: "town.yaml")
            let link = folder.path("link.yaml")
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "town.yaml")
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
            #expect(try await standing("policy", "fmt", link).code == 0)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "town.yaml")
            #expect(try folder.read("town.yaml") == "policy: town\nversion: 1\n")
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o640)
        }

        @Test func noFileThatIsReadOrWrittenIsReplaced() async throws {
            let policy = try await new()
            let (text, link, other) = (
                try String(contentsOfFile: policy, encoding: .utf8), folder.path("link"), folder.path("other")
            )
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: policy)
            let propose = ["policy", "propose", policy, "--archive", folder.path("data")]
            let backtest = ["policy", "backtest", "--policy", policy, "--events", other]
            for (arguments, both) in [
                (propose + ["--output", policy], "--output names the same file as the policy"),
                (propose + ["--output", link], "--output names the same file as the policy"),
                (propose + ["--people", policy], "--people names the same file as the policy"),
                (propose + ["--people", other, "--output", other], "--people names the same file as --output"),
                (backtest + ["--html", policy], "--html names the same file as --policy"),
                (backtest + ["--html", other], "--html names the same file as --events"),
            ] {
                let run = try await Running(arguments).finished(limit: Limit.run)
                #expect(run.code == 2 && run.messages.contains(both), "\(arguments): \(run.messages)")
            }
            #expect(try String(contentsOfFile: policy, encoding: .utf8) == text)
        }

        @Test func whatACaseGaveCanBeWritten() async throws {
            _ = try await new()
            let cases = "my-club/cases/my-club.yaml"
            let text = try folder.read(cases)
            try folder.write(text.replacing("score: 600, was: 590", with: "score: 601, was: 590"), to: cases)
            #expect(try await standing("policy", "test", folder.path("my-club")).code == 1)
            let update = try await standing("policy", "test", "--update", folder.path("my-club"))
            #expect(update.code == 0)
            #expect(update.output.hasSuffix("3 passed, 0 failed, 1 updated\n"), "\(update.output)")
            #expect(try folder.read(cases) == text)
        }

        @Test func aPolicyIsPutInOrder() async throws {
            let file = try folder.write(
                "version: 1\npolicy: town\nrules:\n  - {points: data.x > 1 ? 2 : 1, id: a}\n", to: "town.yaml")
            let check = try await standing("policy", "fmt", "--check", file)
            #expect(check.code == 1 && check.output == "\(file)\n")
            let format = try await standing("policy", "fmt", file)
            #expect(format.code == 0 && format.output == "\(file)\n")
            #expect(
                try folder.read("town.yaml")
                    == "policy: town\nversion: 1\nrules:\n  - {id: a, points: 'data.x > 1 ? 2 : 1'}\n")
            #expect(try await standing("policy", "fmt", "--check", file).code == 0)
        }
    }
}
