import Foundation
import Testing

extension CommandTests {
    /// What every command says of itself: help, completion and manual are made from it.
    struct HelpTests {
        @Test func everyCommandHasExamplesThatItTakes() async throws {
            let commands = try await Help.ofAll().all()
            let flags = Dictionary(uniqueKeysWithValues: commands.map { ($0.path, $0.command.flags) })
            for (path, command) in commands {
                let name = "standing \(path.joined(separator: " "))"
                let examples = command.examples
                #expect(examples.contains { $0 == name || $0.hasPrefix(name) }, "\(name) has no example of itself")
                for example in examples {
                    let words = ShellLine.words(example)
                    guard words.first == "standing" else { continue }
                    let called = Self.path(words.dropFirst().map { $0 }, flags)
                    guard called != ["help"] else { continue }
                    let known = try #require(flags[called], "\(example): no such command")
                    let given = words.filter { $0.hasPrefix("--") }
                    #expect(given.allSatisfy(known.contains), "\(name): \(example)")
                }
            }
        }

        @Test func whatPrintsATableHasAJSONForm() async throws {
            let help = try await Help.ofAll()
            // By the word in their help; those whose only form is JSON, or text, have no such option.
            for (path, command) in help.leaves() {
                let output = command.arguments?.first { $0.flags.contains("--output") }
                guard let what = output?.abstract, what.contains("text") || what.contains("table") else { continue }
                #expect(what.contains("json"), "standing \(path.joined(separator: " ")): \(what)")
            }
            for name in [
                "archive status", "archive verify", "archive repair", "archive drop", "dead-letter list", "lag",
                "policy backtest", "policy diff", "policy log", "policy shadow status", "policy show", "policy test",
                "settings", "topics plan", "topics apply", "topics check", "ledger upgrade", "ledger skip",
                "bench latency",
            ] {
                let words = name.split(separator: " ").map(String.init)
                let found = help.all().first { $0.path == words }
                #expect(found?.command.flags.contains("--output") == true, "\(name)")
            }
        }

        /// The longest beginning of the words that is a command; `help` is one.
        private static func path(_ words: [String], _ flags: [[String]: Set<String>]) -> [String] {
            if words.first == "help" { return ["help"] }
            var path: [String] = []
            for word in words {
                guard flags[path + [word]] != nil else { break }
                path.append(word)
            }
            return path
        }
    }
}
