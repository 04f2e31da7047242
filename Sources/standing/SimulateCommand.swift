import ArgumentParser
import Foundation
import Logging
import Disasters
import Terminal

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run members, broker, disks and clocks in memory, let disasters befall them, and check what is left.",
        discussion: """
            Everything follows from the seed: the same seed and steps are the same run. Each run starts three members with a \
            ledger of one to four partitions (in some they are static members, stand by for each other, or sign \
            checkpoints), sends them events, and lets happen what the seed says: crashes (also within a call), power losses \
            that tear what was not synced, pauses beyond the session's time-out, network partitions, broker failures, \
            brokers that take seconds to answer, refused and delayed and lost messages, transactions that are aborted and \
            leave offsets without a record, disk faults, disks that take seconds to sync, clock steps of a day, restarts, \
            records that expire, partitions that are added, changes of policy, policies in the shadow, voids, appeals; in some, \
            the members' programs are of two releases, and the ledger moves from an older fold version to the newest. Computing \
            takes time, and a group expels a member that does not poll in time: one that could have is an error. Then everything heals, and \
            ledger, dead letters, facts, checkpoints, states, shadows, archives and snapshots are held against a plain fold of what \
            was acknowledged, and so is what members have answered about subjects, on the way and at the end.

            --plant puts a bug in, to see that it is found: frames are lost, reordered or torn (lost, reordered, torn), a \
            fact is kept twice (twice), source positions are committed too early (early-commit), ticks are lost \
            (missed-timer), a member that has lost its partition still publishes (zombie-wins), an appender forgets that \
            sessions are forgotten (forgotten), a member computes for longer than the poll interval (stalls), a slice \
            takes a partition's order apart (disordered), positions and snapshots run ahead of the facts (ahead), a \
            member that has lost a partition goes on answering as its owner (misdirected), a policy in the shadow leaks a \
            fact (leak), a member folds under a newer fold version before the ledger's entry (hasty).

            A run that fails is made as short as it goes, and the command that repeats it is printed; exit 1.

            Examples:
              standing simulate --seed 7
              standing simulate --seed 1 --seeds 100
              standing simulate --plant lost
            """)

    @Option(help: "The first run's seed.")
    var seed: UInt64 = 1
    @Option(help: "Steps of a run, before everything heals.")
    var steps = 400
    @Option(help: "Number of runs, each with the next seed.")
    var seeds = 1
    @Option(
        help:
            "Plant a bug of this kind, to see that it is found: \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")).",
        completion: .list(PlantedBug.allCases.map(\.rawValue)))
    var plant: String?
    @Flag(help: "Print what members log and what befalls them.")
    var verbose = false

    func validate() throws {
        guard steps > 0, seeds > 0 else { throw ValidationError("--steps and --seeds must be positive") }
    }

    func run() throws {
        let bug = try plant.map { name in
            guard let bug = PlantedBug(rawValue: name) else {
                throw fail("error: --plant \(name): no such bug", Exit.usage)
            }
            return bug
        }
        let logger =
            verbose
            ? Logger(
                label: "simulation",
                factory: { _ in LineLogHandler(label: "simulation", format: .text, logLevel: .debug) }) : nil
        let work = WorkCounter(total: Int64(seeds))
        let line = ProgressLine("runs", work)
        defer { line.finish() }
        for seed in seed..<(seed + UInt64(seeds)) {
            let run = DisasterRun(seed: seed, steps: steps, bug: bug)
            do {
                let summary = try run.run(logger: logger)
                work.add(1, count: 1)
                if seeds == 1 || verbose { print("seed \(seed): \(summary)") }
            } catch {
                line.finish()
                printMessage("\(error)")
                printMessage("as short as it goes: \(run.shrunk(from: error))")
                throw Exit.failed
            }
        }
        line.finish()
        print("\(seeds) runs of \(steps) steps: everything is as it must be")
    }
}
