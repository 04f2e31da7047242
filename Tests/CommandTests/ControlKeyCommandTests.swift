import Foundation
import Testing

extension CommandTests {
    /// Control events count if a known key has signed them, whichever client writes the topic.
    struct ControlKeyCommandTests {
        private func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Finished {
            try await Running(arguments, environment: environment).finished(limit: Limit.run)
        }

        private func mode(_ path: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
        }

        @Test func aKeyIsReadByItsOwnerAlone() async throws {
            let folder = try TemporaryFolder()
            let file = folder.path("desk.key")
            let made = try await run("keys", "new", file, "--name", "desk", "--acts", "enrol,withdraw")
            #expect(made.code == 0 && made.lines == ["desk"], "\(made.messages)")
            #expect(try mode(file) == 0o600)
            #expect(try mode(file + ".pub") == 0o644)
            let line = try String(contentsOfFile: file + ".pub", encoding: .utf8)
            #expect(line.hasPrefix("standing-control-key desk ") && line.hasSuffix(" enrol,withdraw\n"))
            // What is there is not overwritten.
            #expect(try await run("keys", "new", file, "--name", "desk", "--acts", "all").code == 1)
            for arguments in [["--name", "de sk", "--acts", "all"], ["--name", "desk", "--acts", "judge"]] {
                let refused = try await Running(["keys", "new", folder.path("other.key")] + arguments).finished()
                #expect(refused.code == 2)
                #expect(!FileManager.default.fileExists(atPath: folder.path("other.key")))
            }
        }

        @Test func serveRefusesKeysThatCannotBeBelieved() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let (desk, other) = (folder.path("desk.key"), folder.path("other.key"))
            _ = try await run("keys", "new", desk, "--name", "desk", "--acts", "all")
            _ = try await run("keys", "new", other, "--name", "other", "--acts", "all")
            func start(_ arguments: String...) async throws -> Finished { try await start(arguments) }
            func start(_ arguments: [String]) async throws -> Finished {
                try await Running(
                    ["serve", "--brokers", "embedded", "--policy", policy, "--http-port", "0"] + arguments
                ).finished(limit: Limit.run)
            }
            let absent = try await start("--control-keys", folder.path("absent.pub"))
            #expect(absent.code == 2 && absent.messages.contains("no such file"), "\(absent.messages)")
            let unknown = try await start("--control-keys", desk + ".pub", "--control-key", other)
            #expect(unknown.code == 2 && unknown.messages.contains("has no key other"), "\(unknown.messages)")
            // Proposals of two people need a signature where control events need one.
            let keys = ["--control-keys", desk + ".pub", "--four-eyes", "activate"]
            let unsigned = try await start(keys)
            #expect(unsigned.code == 2 && unsigned.messages.contains("--signing-key"), "\(unsigned.messages)")
            let signing = try await start("--control-key", desk, "--four-eyes", "activate")
            #expect(signing.code == 2 && signing.messages.contains("--signing-key"), "\(signing.messages)")
            _ = try await run("key", folder.path("member"))
            let mute = try await start(keys + ["--trusted-keys", folder.path("member.pub")])
            #expect(mute.code == 2 && mute.messages.contains("has none of its own"), "\(mute.messages)")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.path("member"))
            let shown = try await start(["--signing-key", folder.path("member")])
            #expect(shown.code == 2 && shown.messages.contains("run `chmod o= "), "\(shown.messages)")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: desk)
            let open = try await start("--control-keys", desk + ".pub", "--control-key", desk)
            #expect(open.code == 2 && open.messages.contains("chmod 600"), "\(open.messages)")
        }

        @Test func whoHasNoKeyEnrolsNobody() async throws {
            let folder = try TemporaryFolder()
            let desk = folder.path("desk.key")
            _ = try await run("keys", "new", desk, "--name", "desk", "--acts", "enrol")
            let broker = try await Broker()
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Trial.policy, to: "policy.yaml"),
                ["--control-keys", desk + ".pub"])
            try await server.waitUntilReady()
            #expect(!server.process.messagesSoFar.contains("are not signed"))
            let environment = ["STANDING_BROKERS": broker.address]
            func enrol(_ subject: String, _ more: String...) async throws -> Finished {
                try await Running(
                    [
                        "subject", "enrol", "--subject", subject, "--kind", "individual", "--terms", "1", "--time",
                        "2020-01-01T00:00:00Z",
                    ] + more, environment: environment
                ).finished(limit: Limit.run)
            }
            #expect(try await enrol("mallory").code == 0)
            #expect(try await enrol("anna", "--control-key", desk).code == 0)
            try await wait(for: "anna's standing") { try await server.standing(of: "anna") }
            // The withdrawal is not what the key may sign.
            let withdrawn = try await run(
                "subject", "withdraw", "--subject", "anna", "--time", "2020-01-02T00:00:00Z", "--control-key", desk,
                environment: environment)
            #expect(withdrawn.code == 0)
            try await wait(for: "the dead letters") {
                let letters = try await run("dead-letter", "list", environment: environment)
                let reasons = ["control/not-signed", "control/not-allowed"]
                return reasons.allSatisfy { letters.output.contains($0) } ? true : nil
            }
            #expect(try await server.standing(of: "mallory") == nil)
            #expect(try await server.standing(of: "anna") != nil)
        }
    }
}
