import Foundation
import Randomness
import Disasters
import Synchronization
import Testing

/// Members, broker, disks and clocks in memory, and everything that can befall them.
@Suite struct DisasterTests {
    private static let steps = 400
    private static let manyRuns = 1000
    private static let threads = 2

    /// Runs seeds on both cores; in order of the seeds.
    private func run(_ seeds: Range<Int>, bug: PlantedBug? = nil) -> [Result<DisasterRun.Summary, DisasterRun.Failure>]
    {
        let results = Mutex<[Int: Result<DisasterRun.Summary, DisasterRun.Failure>]>([:])
        DispatchQueue.concurrentPerform(iterations: Self.threads) { thread in
            for seed in seeds where seed % Self.threads == thread {
                let run = DisasterRun(seed: UInt64(seed), steps: Self.steps, bug: bug)
                let result = Result { () throws(DisasterRun.Failure) in try run.run() }
                results.withLock { $0[seed] = result }
            }
        }
        let all = results.withLock { $0 }
        return seeds.compactMap { all[$0] }
    }

    @Test func whateverBefallsEverythingIsAsItMustBe() throws {
        let fuzz = Fuzz("disaster", count: Self.manyRuns, long: 20_000)
        var summaries: [DisasterRun.Summary] = []
        for result in run(Int(fuzz.seed)..<Int(fuzz.seed) + fuzz.count) {
            switch result {
            case .success(let summary): summaries.append(summary)
            case .failure(let failure): Issue.record("\(failure)")
            }
        }
        if summaries.count >= Self.manyRuns { checkCoverage(summaries) }
    }

    /// A disaster that never comes proves nothing.
    private func checkCoverage(_ summaries: [DisasterRun.Summary]) {
        var disasters: [String: Int] = [:]
        for summary in summaries { disasters.merge(summary.disasters) { $0 + $1 } }
        #expect(disasters.count == 17 && disasters.values.allSatisfy { $0 >= 1000 }, "\(disasters)")
        func sum(_ value: KeyPath<DisasterRun.Summary, Int>) -> Int {
            summaries.reduce(0) { $0 + $1[keyPath: value] }
        }
        #expect(sum(\.facts) > 50_000 && sum(\.checkpoints) > 1000 && sum(\.shadows) > 300)
        #expect(sum(\.lookUps) > 1000)
        #expect(sum(\.upgrades.programs) > 600 && sum(\.upgrades.ledgers) > 200 && sum(\.upgrades.refusals) > 20)
        #expect(sum(\.repeats.origins) > 5000 && sum(\.repeats.facts) > 20)
        #expect(sum(\.answers.ofOwners) > 10_000 && sum(\.answers.forwarded) > 5000)
        #expect(sum(\.answers.ofStandbys) > 20 && sum(\.answers.notNow) > 100)
    }

    @Test func theSameSeedIsTheSameRun() throws {
        for seed in 0..<20 as Range<UInt64> {
            let run = DisasterRun(seed: seed, steps: Self.steps)
            #expect(try run.run() == run.run())
        }
    }

    /// One bug of each sort is planted. The oracle finds it, and the failure has the command that finds it again.
    @Test(arguments: PlantedBug.allCases) func aPlantedBugIsFound(_ bug: PlantedBug) throws {
        var failures: [DisasterRun.Failure] = []
        // One whose harm is done at the run's end may not be there in a shorter run: then another one is shortened.
        var shrunk: DisasterRun.Failure?
        var seed = 0
        while shrunk == nil, seed < 1000 {
            let next = seed + 2 * Self.threads
            for case .failure(let failure) in run(seed..<next, bug: bug) where shrunk == nil {
                failures.append(failure)
                let shorter = DisasterRun(seed: failure.seed, steps: failure.steps, bug: bug).shrunk(from: failure)
                // A zombie that is met with fewer steps need not win.
                if shorter.steps < failure.steps || bug == .zombieWins { shrunk = shorter }
            }
            seed = next
        }
        let failure = try #require(failures.first, "\(bug) is not found within 1000 seeds")
        let shortened = try #require(shrunk, "no failure of \(bug) within 1000 seeds can be shortened")
        #expect(failure.command == "standing simulate --seed \(failure.seed) --steps 400 --plant \(bug.rawValue)")
        if bug == .stalls { #expect(failure.reason.contains("computed while it should poll")) }
        if bug == .misdirected {
            let reasons = ["which the group has taken from it", "has not the owner's answer of now"]
            #expect(reasons.contains { failure.reason.contains($0) }, "\(failure.reason)")
        }
        // Without the bug the same disasters do no harm.
        #expect(throws: Never.self) { try DisasterRun(seed: failure.seed, steps: Self.steps).run() }

        #expect(throws: DisasterRun.Failure.self) {
            try DisasterRun(seed: shortened.seed, steps: shortened.steps, bug: bug).run()
        }
    }
}
