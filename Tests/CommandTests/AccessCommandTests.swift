import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

extension CommandTests {
    /// Who is let in: the file of users, tokens, and what ends the start.
    struct AccessCommandTests {
        /// Signs `token`, with HS256.
        private static let secret = #"{"kty":"oct","k":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"}"#
        /// Of `vera`, a viewer, from https://issuer.example for standing, until 2120.
        private static let token =
            "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwiYXVkIjoic3RhbmRpbmciLCJzdWIiOiJ2ZXJhIiwiZXhwIjo0"
            + "NzM1Njg5NjAwLCJyb2xlcyI6WyJ2aWV3ZXIiXX0.oQ6clpy7z6j19l_hyb6qj688O2gIjuqrZ2cedOoLQVk"

        private let folder: TemporaryFolder

        init() throws { folder = try TemporaryFolder() }

        /// `standing access users …` with a line on standard input.
        private func users(_ arguments: [String], password: String = "") async throws -> Finished {
            let input = try folder.write(password + "\n", to: "input")
            return try await Running(
                ["-c", "input=$1; shift; exec \"$0\" access users \"$@\" < \"$input\"", Package.binary().path, input]
                    + arguments, executable: URL(filePath: "/bin/sh")
            ).finished()
        }

        private func permissions(_ path: String) throws -> Int? {
            (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
        }

        @Test func usersAreAddedChangedListedAndRemoved() async throws {
            let file = folder.path("users")
            let added = try await users(
                ["add", file, "anna", "--roles", "reviewer,operator"], password: "correct horse battery")
            #expect(added.code == 0 && added.output == "" && added.messages == "", "\(added.messages)")
            #expect(try permissions(file) == 0o600)
            let second = ["add", file, "bert", "--roles", "subject", "--subject", "c 1"]
            #expect(try await users(second, password: "correct horse battery").code == 0)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains("anna reviewer,operator - $scrypt$ln=15,r=8,p=3$"))
            #expect(text.contains("bert subject c%201 $scrypt$") && !text.contains("horse"))
            let list = try await standing("access", "users", "list", file, "--output", "json")
            #expect(
                list.output == """
                    {"name":"anna","roles":["reviewer","operator"],"subject":null}
                    {"name":"bert","roles":["subject"],"subject":"c 1"}

                    """)
            // A group that may read it continues.
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file)
            #expect(try await users(["password", file, "anna"], password: "another long password").code == 0)
            let changed = try String(contentsOfFile: file, encoding: .utf8)
            #expect(changed != text && changed.contains("anna reviewer,operator - $scrypt$"))
            #expect(try permissions(file) == 0o640)
            #expect(try await users(["remove", file, "anna"]).code == 0)
            let table = try await standing("access", "users", "list", file)
            #expect(table.output.contains("bert") && !table.output.contains("anna"))
        }

        @Test func whatIsNoUserIsRefusedAndChangesNothing() async throws {
            let file = folder.path("users")
            #expect(
                try await users(["add", file, "anna", "--roles", "viewer"], password: "correct horse battery").code == 0
            )
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let cases: [(arguments: [String], password: String, code: Int32, message: String)] = [
                (
                    ["add", file, "bert", "--roles", "viewer"], "short", 1,
                    "error: the password has fewer than 12 bytes"
                ),
                (
                    ["add", file, "bert", "--roles", "king"], "correct horse battery", 2,
                    "--roles: they are subject, viewer"
                ),
                (
                    ["add", file, "bert", "--roles", "subject"], "correct horse battery", 2,
                    "--roles subject and --subject ID"
                ),
                (["add", file, "b t", "--roles", "viewer"], "correct horse battery", 2, "NAME has 1 to 64 letters"),
                (["password", file, "bert"], "correct horse battery", 1, "has no user of this name: bert"),
                (["remove", file, "bert"], "", 1, "has no user of this name: bert"),
                (["remove", folder.path("absent"), "bert"], "", 1, "cannot be read: there is no such file"),
            ]
            for (arguments, password, code, message) in cases {
                let run = try await users(arguments, password: password)
                #expect(run.code == code && run.messages.contains(message), "\(arguments): \(run.messages)")
            }
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }

        /// The broker is away, so nothing but the check can end it.
        @Test func halfOfASecurityEndsTheStartWithTheMend() async throws {
            let open = try folder.write("anna viewer - x\n", to: "open")
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
            let cases: [(flags: [String], message: String)] = [
                (
                    ["--access-issuer", "https://issuer.example"],
                    "error: --access-issuer without --access-audience and --access-keys"
                ),
                (["--access-keys", "keys.json"], "error: --access-keys without --access-issuer and --access-audience"),
                (
                    ["--access-users", folder.path("absent")],
                    "error: --access-users \(folder.path("absent")) cannot be read"
                ),
                (
                    ["--access-users", open],
                    "error: --access-users \(open) is open to every user of this machine; run `chmod"
                ),
                (["--session-key", open], "error: --session-key without --access-users"),
                (["--tls-certificate", open], "error: --tls-certificate without --tls-key"),
                (["--tls-key", open], "error: --tls-key without --tls-certificate"),
                (["--tls-key", open, "--tls-certificate", open], "error: --tls-key \(open) is open to every user"),
                (["--access-algorithms", "none"], "access-algorithms (flag): error: \"none\" is not a list of RS256"),
                (["--access-algorithms", "ES256"], "error: --access-algorithms has no effect: it is about tokens"),
                (["--rate-limit", "-1"], "rate-limit (flag): error: \"-1\" is not a number of requests a second"),
            ]
            for (flags, message) in cases {
                let arguments = flags[1] == "-1" ? ["--rate-limit=-1"] : flags
                let run = try await Running(
                    ["serve", "--brokers", "127.0.0.1:1", "--http-port", "0"] + arguments
                ).finished()
                #expect(run.code == 2, "\(flags)")
                #expect(run.messages.hasPrefix(message), "\(run.messages)")
                #expect(run.messages.split(separator: "\n").count == 1, "\(run.messages)")
            }
        }

        @Test func aMemberAnswersThoseWhoseTokenItAccepts() async throws {
            let keys = try folder.write(Self.secret, to: "keys.json")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keys)
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let server = try await Server(
                broker: broker.address, policy: policy,
                Server.longSession + [
                    "--access-issuer", "https://issuer.example", "--access-audience", "standing", "--access-keys", keys,
                    "--access-algorithms", "HS256", "--rate-limit", "0",
                ])
            try await server.waitUntilReady()
            #expect(server.process.messagesSoFar.contains("to callers with a token of https://issuer.example"))
            #expect(await server.get("/subjects/nobody")?.status == 401)
            let url = try #require(URL(string: server.address + "/subjects/nobody"))
            for (token, status) in [(Self.token, 404), (String(Self.token.dropLast()), 401), ("", 401)] {
                var request = URLRequest(url: url)
                request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
                let (_, response) = try await URLSession.shared.data(for: request)
                #expect((response as? HTTPURLResponse)?.statusCode == status, "\(token.count)")
            }
            for path in ["/livez", "/readyz", "/metrics"] { #expect(await server.get(path)?.status == 200, "\(path)") }
            let end = try await server.process.stop()
            #expect(end.code == 0 && !end.messages.contains(Self.token.prefix(20)))
        }
    }
}
