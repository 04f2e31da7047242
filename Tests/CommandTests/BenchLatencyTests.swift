import Foundation
import Testing

extension CommandTests {
    /// What is counted and what the line has; no time is asserted.
    struct BenchLatencyTests {
        private struct Result: Decodable {
            let bench: String
            let events: Int
            let p50Milliseconds: Double
            let p90Milliseconds: Double
            let p99Milliseconds: Double
            let p999Milliseconds: Double
            let maxMilliseconds: Double
            let relayP50Milliseconds: Double
            let relayP99Milliseconds: Double
            let relayMaxMilliseconds: Double
            let p99Ratio: Double
            let rate: Double
            let subjects: Int
            let partitions: Int
        }

        private static let tiny = [
            "bench", "latency", "--rate", "200", "--seconds", "0.5", "--warm-up", "0.1", "--subjects", "7",
        ]

        /// 200 a second for half a second are 100, and each has its fact.
        @Test func everyEventComesThroughThePipelineAndTheRelay() async throws {
            let run = try await Running(Self.tiny + ["--partitions", "3", "--output", "json"])
                .finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            let line = try #require(run.lines.first, "\(run.messages.suffix(2000))")
            #expect(run.lines.count == 1)
            let result = try JSONDecoder().decode(Result.self, from: Data(line.utf8))
            #expect(result.bench == "latency" && result.events == 100)
            #expect(result.rate == 200 && result.subjects == 7 && result.partitions == 3)
            let percentiles = [
                result.p50Milliseconds, result.p90Milliseconds, result.p99Milliseconds, result.p999Milliseconds,
                result.maxMilliseconds,
            ]
            #expect(percentiles == percentiles.sorted() && result.p50Milliseconds > 0)
            #expect(0 < result.relayP50Milliseconds && result.relayP99Milliseconds <= result.relayMaxMilliseconds)
            #expect(result.p99Ratio > 0)
        }

        @Test func theTableHasBothAndTheirRatio() async throws {
            let run = try await Running(Self.tiny).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            try #require(run.lines.count == 5, "\(run.output)")
            let columns = run.lines[1...3].map { $0.split(separator: " ").map(String.init) }
            #expect(columns[0] == ["p50", "p90", "p99", "p99.9", "max", "us", "CPU"])
            #expect(columns[1].first == "pipeline" && columns[1].dropFirst().allSatisfy { Double($0) != nil })
            #expect(columns[2].first == "relay" && columns[2].count == 7)
            #expect(run.lines[4].hasPrefix("p99 of the pipeline: "))
        }

        @Test func wrongUseIsExitCode2() async throws {
            for (arguments, message) in [
                (["--rate", "0"], "--rate: must be from 1"),
                (["--seconds", "0"], "--seconds: must be from 0.1"),
                (["--warm-up", "3601"], "--warm-up: must be from 0"),
                (["--subjects", "0"], "--subjects: must be from 1"),
                (["--partitions", "0"], "--partitions: must be from 1"),
                (["--rate", "1000000", "--seconds", "1000"], "together they make more than"),
            ] {
                let run = try await Running(["bench", "latency"] + arguments).finished()
                #expect(run.code == 2, "\(arguments)")
                #expect(run.output == "")
                #expect(run.messages.contains(message), "\(arguments): \(run.messages)")
            }
        }
    }
}
