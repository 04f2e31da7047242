import Foundation
import Testing

extension CommandTests {
    /// What is counted and what the line has; no time is asserted.
    struct BenchQueryTests {
        private struct Result: Decodable {
            let bench: String
            let requests: Int
            let requestsPerSecond: Int
            let ceilingPerSecond: Int
            let ratio: Double
            let cpuMicrosecondsPerRequest: Double
            let p50Milliseconds: Double
            let p99Milliseconds: Double
            let p999Milliseconds: Double
            let maxMilliseconds: Double
            let ceilingP50Milliseconds: Double
            let ceilingP99Milliseconds: Double
            let ceilingP999Milliseconds: Double
            let ceilingMaxMilliseconds: Double
            let cpuSeconds: Double
            let clientCpuSeconds: Double
            let notFound: Int
            let bodyBytes: Int
            let subjects: Int
            let connections: Int
            let rate: Double?
            let unsent: Int?
            let loadEvents: Int?
            let snapshots: Int?
            let policySwitches: Int?
            let policySwitchSeconds: Double?
        }

        /// A tiny run with four connections.
        private func result(_ arguments: String...) async throws -> Result {
            let tiny = ["--subjects", "1000", "--seconds", "0.5", "--warm-up", "0.1", "--connections", "4"]
            let run = try await Running(["bench", "query"] + tiny + arguments).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            let line = try #require(run.lines.first, "\(run.messages.suffix(2000))")
            #expect(run.lines.count == 1)
            let result = try JSONDecoder().decode(Result.self, from: Data(line.utf8))
            #expect(result.bench == "query" && result.subjects == 1000 && result.connections == 4)
            #expect(result.requests > 0 && (0...result.requests).contains(result.notFound))
            #expect(result.p50Milliseconds <= result.p99Milliseconds)
            #expect(result.p99Milliseconds <= result.p999Milliseconds)
            #expect(result.p999Milliseconds <= result.maxMilliseconds)
            #expect(result.ceilingP50Milliseconds <= result.ceilingMaxMilliseconds)
            return result
        }

        @Test func everyAnswerIsRightAndTheCeilingIsOfTheSameRun() async throws {
            let result = try await result()
            #expect(result.bodyBytes > 0 && result.notFound < result.requests)
            #expect(result.rate == nil && result.unsent == nil)
            #expect(result.loadEvents == nil && result.snapshots == nil && result.policySwitches == nil)
        }

        /// 100 a second for half a second are 50, of which none gets lost.
        @Test func withARateEveryRequestWhoseTimeCameIsCounted() async throws {
            let result = try await result("--rate", "100")
            let unsent = try #require(result.unsent)
            #expect(result.rate == 100)
            #expect(result.requests + unsent == 50)
        }

        @Test func underLoadAPolicyIsActivatedInEveryPartition() async throws {
            let result = try await result("--load", "500", "--disturb")
            #expect(result.loadEvents != nil)
            #expect(result.snapshots != nil)
            #expect(result.policySwitches == 12)
            #expect(result.policySwitchSeconds != nil)
        }

        @Test func loadAloneActivatesNothing() async throws {
            let result = try await result("--load", "500")
            #expect(result.loadEvents != nil)
            #expect(result.snapshots == nil && result.policySwitches == nil)
        }

        @Test func wrongUseIsExitCode2() async throws {
            for (arguments, message) in [
                (["--disturb"], "--disturb has no effect without --load"),
                (["--subjects", "0"], "--subjects: must be from 1"),
                (["--events-per-subject", "1001"], "--events-per-subject: must be from 0"),
                (["--connections", "0"], "--connections: must be from 1"),
                (["--connections", "100000"], "`ulimit -n` raises it"),
                (["--seconds", "0"], "--seconds: must be from 0.1"),
                (["--warm-up", "3601"], "--warm-up: must be from 0"),
                (["--rate", "0"], "--rate: must be from 0.1"),
                (["--rate", "0.2", "--connections", "4"], "give at most 2 --connections"),
                (["--load", "0"], "--load: must be from 1"),
            ] {
                let run = try await Running(["bench", "query"] + arguments).finished()
                #expect(run.code == 2, "\(arguments)")
                #expect(run.output == "")
                #expect(run.messages.contains(message), "\(arguments): \(run.messages)")
                #expect(run.messages.contains("Usage: standing bench query"))
            }
        }
    }
}
