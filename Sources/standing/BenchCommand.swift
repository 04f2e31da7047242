import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: one JSON line a benchmark. Build with -c release.",
        subcommands: [
            BenchDecode.self, BenchEval.self, BenchFold.self, BenchPipeline.self, BenchLatency.self,
            BenchReplay.self, BenchSnapshot.self, BenchHistory.self, BenchQuery.self,
        ])
}
