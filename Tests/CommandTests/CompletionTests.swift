import Foundation
import Testing

extension CommandTests {
    struct CompletionTests {
        private static func shell(_ name: String) -> URL? {
            ["/bin/", "/usr/bin/"].map { URL(filePath: $0 + name) }
                .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        }

        /// zsh and fish where they are installed.
        @Test(arguments: ["bash", "zsh", "fish"]) func theScriptIsGoodForTheShell(_ name: String) async throws {
            let run = try await standing("--generate-completion-script", name)
            #expect(run.code == 0 && run.output.contains("quickstart"), "\(run.messages)")
            guard let shell = Self.shell(name) else { return }
            let folder = try TemporaryFolder()
            let script = try folder.write(run.output, to: "completion")
            let check = try await Running(["-n", script], executable: shell).finished()
            #expect(check.code == 0 && check.messages.isEmpty, "\(check.messages)")
        }

        @Test(arguments: [
            ("standing settings http-p", ["http-port"]), ("standing lag --outp", ["--output"]),
            ("standing subject enrol --kind ", ["individual", "business", "official"]),
            (
                "standing event send --topic behaviour.",
                ["behaviour.commerce", "behaviour.community", "behaviour.payments", "behaviour.transport"]
            ),
            ("standing serve --roles int", ["intake,fold", "intake"]), ("standing serve --log-level warn", ["warning"]),
        ])
        func bashOffers(_ line: String, _ expected: [String]) async throws {
            let folder = try TemporaryFolder()
            try folder.write(try await standing("--generate-completion-script", "bash").output, to: "completion")
            let script = try folder.write(
                """
                . "$1/completion"
                COMP_LINE=$2
                COMP_POINT=${#COMP_LINE}
                read -ra COMP_WORDS <<< "$COMP_LINE"
                case $COMP_LINE in *' ') COMP_WORDS+=('') ;; esac
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                function=$(complete -p standing | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
                $function standing "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
                printf '%s\\n' "${COMPREPLY[@]}"
                """, to: "ask")
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let binaries = try Package.binary().deletingLastPathComponent().path
            let run = try await Running(
                [script, folder.url.path, line], environment: ["PATH": "\(binaries):\(path)"],
                executable: Self.shell("bash")
            ).finished()
            let offered = run.lines.map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(Set(offered).isSuperset(of: expected), "\(run.output)\(run.messages)")
        }
    }
}
