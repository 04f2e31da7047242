import Foundation
import Testing

extension CommandTests {
    struct ReplayCommandTests {
        private let folder: TemporaryFolder
        private let policy: String
        private let events = [
            Trial.Event.enrolment(0, "anna"), .enrolment(1, "ben"), Trial.Event(2, "bill.paid", "anna"),
            Trial.Event(3, "bill.late", "ben"), Trial.Event(3, "bill.late", "ben"), Trial.Event(4, "bill.paid", "carl"),
        ]
        private let standings = """
            {"subject":"anna","kind":"individual","score":615,"band":"B","dimensions":{"payment":15},"sanctions":[],"perks":[]}
            {"subject":"ben","kind":"individual","score":560,"band":"B","dimensions":{"payment":-40},"sanctions":[],"perks":[]}

            """

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        @Test func standingsGoToStandardOutput() async throws {
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let run = try await standing("replay", "--policy", policy, "--events", file)
            #expect(run.code == 0)
            #expect(run.output == standings)
            #expect(run.messages == "")
        }

        @Test func filesAreFoldedInTheOrderGiven() async throws {
            let first = try folder.write(Trial.text(Array(events[..<2])), to: "first.jsonl")
            let second = try folder.write(Trial.text(Array(events[2...])), to: "second.jsonl")
            let run = try await standing(
                "replay", "--policy", policy, "--events", first, second, "--output", folder.path("out"))
            #expect(run.code == 0)
            #expect(run.output == "")
            #expect(try folder.read("out") == standings)
            // Bills that are read before the enrolments wait for them, unless the policy says otherwise.
            let reversed = try await standing("replay", "--policy", policy, "--events", second, first)
            #expect(reversed.output == standings)
            let impatient = try folder.write("early: 0 hours\n" + Trial.policy, to: "impatient.yaml")
            let dropped = try await standing("replay", "--policy", impatient, "--events", second, first)
            #expect(try Standing.table(dropped.output).mapValues(\.score) == ["anna": 600, "ben": 600])
        }

        /// A device or a pipe under the name stays what it is.
        @Test func whatIsNoFileIsWrittenAsItIs() async throws {
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let pipe = folder.path("pipe")
            try #require(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            defer { close(reader) }
            let run = try await standing("replay", "--policy", policy, "--events", file, "--output", pipe)
            #expect(run.code == 0)
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = read(reader, &bytes, bytes.count)
            #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == standings)
        }

        @Test func everyFactIsALine() async throws {
            let file = try folder.write(Trial.text(Array(events[..<3])), to: "events.jsonl")
            let run = try await standing(
                "replay", "--policy", policy, "--events", file, "--facts", folder.path("facts"))
            #expect(run.code == 0)
            let lines = try folder.read("facts").split(separator: "\n")
            #expect(lines.count == 3)
            #expect(
                lines.last == """
                    {"specversion":"1.0","id":"0-2-0-0","source":"/standing/default/trial","type":"standing.score.changed",\
                    "subject":"anna","time":"2026-01-01T00:00:02Z","sequence":"3","data":{"policy":{"id":"trial",\
                    "version":1},"cause":{"source":"/trial","id":"2","type":"bill.paid"},"reasons":[{"rule":"paid",\
                    "dimension":"payment","points":15}],"before":{"score":600,"band":"B"},\
                    "after":{"score":615,"band":"B"}}}
                    """)
        }

        @Test func anEarlierAsOfChangesNothingAndALaterOneNoScoreWithoutTerms() async throws {
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            for time in ["2020-01-01T00:00:00Z", "2040-01-01T01:00:00+01:00"] {
                let run = try await standing("replay", "--policy", policy, "--events", file, "--as-of", time)
                #expect(run.code == 0)
                #expect(run.output == standings)
            }
        }

        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/gzip")))
        func gzipIsReadLikePlainText() async throws {
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let gzip = try await Running([file], executable: URL(filePath: "/bin/gzip")).finished()
            #expect(gzip.code == 0)
            let run = try await standing("replay", "--policy", policy, "--events", file + ".gz")
            #expect(run.code == 0)
            #expect(run.output == standings)
        }

        @Test func aBadLineIsToldAndTheRestIsFolded() async throws {
            var lines = events.map(\.text)
            lines.insert("no event", at: 1)
            lines.append(#"{"specversion":"1.0","id":"9","source":"/trial","type":"bill.paid","subject":"anna"}"#)
            let file = try folder.write(lines.joined(separator: "\n"), to: "events.jsonl")
            let run = try await standing("replay", "--policy", policy, "--events", file)
            #expect(run.code == 0)
            #expect(run.output == standings)
            let messages = run.messages.split(separator: "\n")
            #expect(messages.count == 3)
            #expect(messages.first?.hasPrefix("\(file):2: error: ") == true)
            #expect(messages.dropFirst().first?.hasPrefix("\(file):8: error: ") == true)
            #expect(messages.last?.hasPrefix("2 of 8 lines ") == true)
        }

        @Test func aBadPolicyIsRefusedWithItsLocation() async throws {
            let bad = try folder.write(
                Trial.policy.replacingOccurrences(of: "points: 15", with: "points: fifteen"), to: "bad.yaml")
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let run = try await standing("replay", "--policy", bad, "--events", file)
            #expect(run.code == 1)
            #expect(run.output == "")
            #expect(run.messages.hasPrefix("\(bad):8:62: error: "), "\(run.messages)")
        }

        @Test func aMissingFileIsNamed() async throws {
            let absent = folder.path("absent")
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            for arguments in [[policy, absent], [absent, file]] {
                let run = try await standing("replay", "--policy", arguments[0], "--events", arguments[1])
                #expect(run.code == 1)
                #expect(run.output == "")
                #expect(run.messages.hasPrefix("\(absent): error: "))
            }
        }

        @Test func noFileThatIsReadOrWrittenIsReplaced() async throws {
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let other = folder.path("other.jsonl")
            for (arguments, both) in [
                (["--output", file], "--output names the same file as --events"),
                (["--facts", policy], "--facts names the same file as --policy"),
                (["--facts", other, "--output", other], "--output names the same file as --facts"),
            ] {
                let run = try await Running(["replay", "--policy", policy, "--events", file] + arguments)
                    .finished(limit: Limit.run)
                #expect(run.code == 2 && run.messages.contains(both), "\(run.messages)")
                #expect(try folder.read("events.jsonl") == Trial.text(events))
            }
            let both = try await standing(
                "replay", "--policy", policy, "--events", file, "--facts", "/dev/null", "--output", "/dev/null")
            #expect(both.code == 0, "\(both.messages)")
        }

        @Test func wrongUseIsExitCode2() async throws {
            let wrong = [
                ["replay"], ["replay", "--policy", policy], ["replay", "--policy", policy, "--events"],
                ["replay", "--policy", policy, "--events", "x", "--as-of", "yesterday"],
                ["replay", "--policy", policy, "--events", "x", "--unknown"], ["no-such-command"],
            ]
            for arguments in wrong {
                let run = try await Running(arguments).finished()
                #expect(run.code == 2, "\(arguments)")
                #expect(run.output == "")
                #expect(run.messages.contains("Usage: standing"))
            }
        }

        @Test(.enabled(if: FileManager.default.fileExists(atPath: Package.golden.path)))
        func theFirstGoldenPolicyAgreesByteForByte() async throws {
            let run = try await standing(
                "replay", "--policy", Package.golden.appending(path: "first.yaml").path,
                "--events", Package.goldenData.appending(path: "card.jsonl.gz").path,
                "--output", folder.path("first-standings.jsonl"))
            #expect(run.code == 0)
            let golden = try await Running(
                ["-dc", Package.golden.appending(path: "first-standings.jsonl.gz").path],
                executable: URL(filePath: "/bin/gzip")
            ).finished()
            // Not #expect on the texts: a difference would print megabytes.
            let agrees = try folder.read("first-standings.jsonl") == golden.output
            #expect(agrees)
        }
    }
}
