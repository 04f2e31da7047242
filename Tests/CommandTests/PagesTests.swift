import Foundation
import Testing

extension CommandTests {
    /// The pages of the repository: their links, commands, policies and names of files.
    struct PagesTests {
        private static let longestReadme = 90

        /// Every page, by its path in the repository.
        private static func pages() throws -> [(path: String, text: String)] {
            let root = Package.root
            let files = try #require(FileManager.default.enumerator(atPath: root.path))
            var pages: [(path: String, text: String)] = []
            while let path = files.nextObject() as? String {
                // What is built is not ours.
                if path.hasPrefix(".") {
                    files.skipDescendants()
                } else if path.hasSuffix(".md") {
                    let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
                    pages.append((path, text))
                }
            }
            return pages
        }

        /// The text between fences of this language, with the rest of the page left out.
        private static func blocks(_ language: String, in text: String) -> [String] {
            let parts = text.components(separatedBy: "\n```")
            return parts.indices.dropFirst().filter { $0 % 2 == 1 && parts[$0].hasPrefix(language + "\n") }
                .map { String(parts[$0].dropFirst(language.count + 1)) }
        }

        private static func withoutBlocks(_ text: String) -> String {
            let parts = text.components(separatedBy: "\n```")
            return parts.indices.filter { $0 % 2 == 0 }.map { parts[$0] }.joined(separator: "\n")
        }

        /// As GitHub makes it of a heading.
        private static func anchor(_ heading: Substring) -> String {
            String(
                heading.lowercased().compactMap { character -> Character? in
                    character == " "
                        ? "-" : character.isLetter || character.isNumber || "-_".contains(character) ? character : nil
                })
        }

        @Test func theFirstPageIsShort() throws {
            let readme = try String(contentsOf: Package.root.appending(path: "README.md"), encoding: .utf8)
            let lines = readme.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= Self.longestReadme)
        }

        @Test func everyLinkLeadsSomewhere() throws {
            let pages = try Self.pages()
            #expect(pages.count > 10)
            for (path, text) in pages {
                for match in Self.withoutBlocks(text).matches(of: /\]\(([^)\s]+)\)/) {
                    let target = String(match.1)
                    guard !target.hasPrefix("https://"), !target.hasPrefix("http://") else { continue }
                    let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                    let folder = Package.root.appending(path: path).deletingLastPathComponent()
                    let file =
                        parts[0].isEmpty ? Package.root.appending(path: path) : folder.appending(path: String(parts[0]))
                    #expect(FileManager.default.fileExists(atPath: file.standardized.path), "\(path): \(target)")
                    guard parts.count == 2 else { continue }
                    let linked = try String(contentsOf: file.standardized, encoding: .utf8)
                    let anchors = Self.withoutBlocks(linked).matches(of: /(?m)^#+ (.+)$/).map { Self.anchor($0.1) }
                    #expect(anchors.contains(String(parts[1])), "\(path): \(target)")
                }
            }
        }

        @Test func everyCommandIsOneThatTheProgramHas() async throws {
            let help = try await Help.ofAll()
            var commands = 0
            for (path, text) in try Self.pages() {
                let blocks = Self.blocks("", in: text).joined(separator: "\n").replacing(/\\\n */, with: "")
                for line in blocks.split(separator: "\n") {
                    let words = ShellLine.words(line.trimmingCharacters(in: .whitespaces))
                    guard words.first == "standing" else { continue }
                    commands += 1
                    if let mistake = help.mistake(in: Array(words.dropFirst())) {
                        Issue.record("\(path): \(line): \(mistake)")
                    }
                }
            }
            #expect(commands > 30)
        }

        /// `Name.swift` in a page is a file of the sources or the tests.
        @Test func everyFileThatIsNamedIsThere() throws {
            var files: Set = ["Package.swift"]
            for folder in ["Sources", "Tests"] {
                let inside = FileManager.default.enumerator(atPath: Package.root.appending(path: folder).path)
                while let path = inside?.nextObject() as? String {
                    files.insert(String(path.split(separator: "/").last ?? ""))
                }
            }
            for (path, text) in try Self.pages() {
                for match in text.matches(of: /([A-Za-z0-9+]+\.swift)/) {
                    if !files.contains(String(match.1)) { Issue.record("\(path) names \(match.1)") }
                }
            }
        }

        /// The policy of README.md, and what README.md says that it does to one person.
        @Test func theFirstPolicyDoesWhatThePageSays() async throws {
            let readme = try String(contentsOf: Package.root.appending(path: "README.md"), encoding: .utf8)
            let text = try #require(Self.blocks("yaml", in: readme).first { $0.contains("policy: club") })
            let folder = try TemporaryFolder()
            let policy = try folder.write(text, to: "club.yaml")
            let check = try await standing("policy", "check", "--strict", policy)
            #expect(check.code == 0, "\(check.messages)")
            func event(_ type: String, _ id: Int, _ time: String, _ data: String = "{}") -> String {
                #"{"specversion":"1.0","id":"\#(id)","source":"/a","type":"\#(type)","subject":"ada","time":"\#(time)","data":\#(data)}"#
            }
            let enrolment = event(
                "standing.subject.enrolled", 1, "2026-01-01T00:00:00Z", #"{"kind":"individual","terms":"1"}"#)
            let missed = event("bill.missed", 2, "2026-03-10T00:00:00Z")
            let events = try folder.write(enrolment + "\n" + missed + "\n", to: "events.jsonl")
            func ada(at time: String) async throws -> Standing {
                let run = try await Running(["replay", "--policy", policy, "--events", events, "--as-of", time])
                    .finished(limit: Limit.run)
                return try #require(try Standing.table(run.output)["ada"], "\(run.messages)")
            }
            let after = try await ada(at: "2026-03-11T00:00:00Z")
            #expect(after.score == 980 && after.band == "friend" && after.perks == ["no-deposit"])
            #expect(try await ada(at: "2026-03-25T00:00:00Z").perks == [])
            #expect(try await ada(at: "2026-09-30T23:59:59Z").score == 980)
            let end = try await ada(at: "2026-10-01T00:00:00Z")
            #expect(end.score == 1000 && end.perks == ["no-deposit"])
        }

        /// The consumers' rule as topics/README.md has it.
        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "python3 is not here"))
        func theConsumersRuleAcceptsTheNextNumberAlone() async throws {
            let page = try String(contentsOf: Package.root.appending(path: "topics/README.md"), encoding: .utf8)
            let code = try #require(Self.blocks("python", in: page).first)
            let use = "\nprint([accepts(0, 1), accepts(1, 1), accepts(1, 2), accepts(1, 3), accepts(5, 4)])\n"
            let run = try await Running(["-c", code + use], executable: URL(filePath: "/usr/bin/python3")).finished()
            #expect(run.output == "[True, False, True, False, False]\n", "\(run.messages)")
        }
    }
}
