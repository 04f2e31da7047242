import ArgumentParser

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: one JSON line a benchmark. Build with -c release.",
        subcommands: [BenchDecode.self, BenchFold.self])
}
