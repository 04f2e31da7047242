import Events
import Foundation
import Mapping
import Testing

/// deploy/examples/sources: each map, the records of a topic, and what becomes of them.
struct SourceExamplesTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "deploy/examples/sources")

    private static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test(arguments: ["debezium", "connect", "plain", "compacted"])
    func everyRecordBecomesWhatIsWritten(_ name: String) throws {
        let map = try RecordMap(yaml: Self.text("\(name).yaml"), file: "\(name).yaml")
        let mapper = CheckedMapper(map)
        let lines = try Self.text("\(name).jsonl").split(separator: "\n")
        let expected = try Self.text("\(name).expected.jsonl").split(separator: "\n").map(String.init)
        #expect(lines.count == expected.count)
        for (index, (line, expected)) in zip(lines, expected).enumerated() {
            let sample = try Array(line.utf8).withUnsafeBytes { try SampleRecord(line: $0) }
            let outcome = mapper.map(sample, topic: name, offset: Int64(index), timestamp: 0, latest: .max)
            let shown = mapper.line(outcome, number: index + 1)
            #expect(shown == expected)
        }
    }

    @Test(arguments: ["german-credit", "card"]) func everyMapOfATableCompiles(_ name: String) throws {
        _ = try RecordMap(yaml: Self.text("\(name).yaml"), file: "\(name).yaml")
    }
}
