import Foundation
import Testing

/// No way leads from a replay or a backtest to a producer: shown on the package's own description and on what the sources import.
@Suite struct ModuleGraphTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    private static let forbidden: Set = ["Kafka", "CRDKafka", "Pipeline", "Downstream", "Query", "Lag", "Topics"]

    /// By target of `Package.swift`, its dependencies among the targets.
    private func dependencies() throws -> [String: [String]] {
        let text = try String(contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
        var graph: [String: [String]] = [:]
        for match in text.matches(of: /room\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?/) {
            graph[String(match.1)] =
                match.2.map { list in
                    list.matches(of: /"(\w+)"/).map { String($0.1) }
                } ?? []
        }
        return graph
    }

    @Test func replaysAndBacktestsDependOnNothingThatCanPublish() throws {
        let graph = try dependencies()
        #expect(graph["Pipeline"]?.contains("Kafka") == true, "the description is read as it is meant")
        var waiting = ["Replay", "Backtests"]
        var reached = Set(waiting)
        while let room = waiting.popLast() {
            for next in graph[room] ?? [] where reached.insert(next).inserted { waiting.append(next) }
        }
        #expect(reached.isSuperset(of: ["Ledger", "Scoring", "Policy", "Events"]))
        #expect(reached.isDisjoint(with: Self.forbidden))
        var imports = 0
        for room in reached {
            let folder = Self.root.appending(path: "Sources/\(room)")
            let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                let text = try String(contentsOf: file, encoding: .utf8)
                for match in text.matches(of: /(?m)^(?:\w+ )?import (?:struct |class |enum |func )?(\w+)/) {
                    #expect(!Self.forbidden.contains(String(match.1)), "\(file.lastPathComponent) imports \(match.1)")
                    imports += 1
                }
            }
        }
        #expect(imports > 200, "the files are read as they are meant")
    }

    /// The command reads the topic with a consumer, and names nothing that writes.
    @Test func theCommandNamesNoProducer() throws {
        for file in ["ReplayCommand", "LedgerSource"] {
            let text = try String(
                contentsOf: Self.root.appending(path: "Sources/standing/\(file).swift"), encoding: .utf8)
            for word in ["Producer", "LedgerTopicWriter", "LedgerAppender", "ControlTopic", "PipelineService"] {
                #expect(!text.contains(word), "\(file).swift names \(word)")
            }
        }
    }
}
