public import ArgumentParser

public struct BenchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: one JSON line a benchmark. Build with -c release.",
        discussion: """
            Examples:
              standing bench fold
              standing bench latency --rate 1000
            """,
        subcommands: [
            BenchDecode.self, BenchEval.self, BenchFold.self, BenchIntake.self, BenchPipeline.self, BenchLatency.self,
            BenchReplay.self, BenchSnapshot.self, BenchHistory.self, BenchQuery.self, BenchSearch.self,
        ])

    public init() {}
}
