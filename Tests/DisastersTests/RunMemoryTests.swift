import Logging
import Testing

@testable import Disasters

/// Thousands of runs follow each other in one process.
@Suite struct RunMemoryTests {
    private static let seeds: Range<UInt64> = 0..<20
    private static let steps = 400

    /// Every pipeline refers to its machine, and the machine to the cluster, so a pipeline that is left shows too.
    private func clusterIsFreed(after run: DisasterRun) throws -> (isFreed: Bool, hasFailed: Bool) {
        weak var cluster: SimulatedCluster?
        var hasFailed = false
        do {
            let disaster = try Disaster(run, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            cluster = disaster.cluster
            hasFailed = (try? disaster.run()) == nil
        }
        return (cluster == nil, hasFailed)
    }

    @Test func nothingOfARunIsLeftInMemory() throws {
        for seed in Self.seeds {
            let (isFreed, _) = try clusterIsFreed(after: DisasterRun(seed: seed, steps: Self.steps))
            #expect(isFreed, "seed \(seed)")
        }
    }

    @Test func nothingOfAFailedRunIsLeftInMemory() throws {
        var failed = 0
        for seed in Self.seeds {
            let run = DisasterRun(seed: seed, steps: Self.steps, bug: .lost)
            let (isFreed, hasFailed) = try clusterIsFreed(after: run)
            #expect(isFreed, "seed \(seed)")
            if hasFailed { failed += 1 }
        }
        #expect(failed > 0)
    }
}
