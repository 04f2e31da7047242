import Foundation
import Testing

extension CommandTests {
    struct SourceCheckCommandTests {
        private static func example(_ name: String) -> String { "deploy/examples/sources/\(name)" }

        @Test(arguments: ["debezium", "connect", "compacted"])
        func everyRecordOfASampleIsShown(_ name: String) async throws {
            let arguments = [
                "source", "check", Self.example("\(name).yaml"), "--sample", Self.example("\(name).jsonl"),
            ]
            let expected = try String(
                contentsOf: Package.root.appending(path: Self.example("\(name).expected.jsonl")), encoding: .utf8)
            let json = try await Running(arguments + ["--output", "json"]).finished()
            #expect(json.code == 1 && json.output == expected, "\(json.output)\(json.messages)")
            let text = try await Running(arguments).finished()
            #expect(text.code == 1 && text.lines.count == json.lines.count)
            #expect(
                text.lines.first?.hasPrefix("\(Self.example("\(name).jsonl")):1: event {") == true, "\(text.output)")
            #expect(text.lines.last?.contains(": refused: ") == true, "\(text.output)")
            #expect(
                text.messages.hasSuffix("1 refused\n") || text.messages.hasSuffix("2 refused\n"), "\(text.messages)")
        }

        @Test func whatDoesNotCompileIsReportedWithItsLocation() async throws {
            let folder = try TemporaryFolder()
            let map = try folder.write(
                "map:\n  source: /s\n  type: a.b\n  subject: valu.who\n  time: timestamp(\n", to: "map.yaml")
            let run = try await standing("source", "check", map)
            #expect(run.code == 1 && run.output == "")
            let lines = run.messages.split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix(map) }, "\(run.messages)")
            #expect(lines.first?.hasPrefix("\(map):4:12: error: unknown name 'valu'; did you mean 'value'?") == true)
            #expect(lines.last?.hasPrefix("\(map):5:9: error: ") == true)
            #expect(try await standing("source", "check", folder.path("absent.yaml")).code == 2)
        }

        @Test func aTopicFilesDeclarationCountsToo() async throws {
            let folder = try TemporaryFolder()
            func topic(types: String) throws -> String {
                try folder.write(
                    """
                    name: town.permits
                    title: Permits
                    role: source
                    key: none
                    partitions: 1
                    retention: 7 days
                    schema: event.json
                    written-by: town
                    read-by: intake
                    owner: Town
                    sector: public
                    purpose: Permits
                    types: \(types)
                    sources: /permits
                    format: json
                    contact: a@town.example
                    map: {source: /permits, type: value.kind, subject: key, time: timestamp}

                    """, to: "permits.yaml")
            }
            let record = #"{"key":"p-1","value":{"kind":"permit.granted"}}"#
            let sample = try folder.write(record + "\n", to: "sample.jsonl")
            let within = try await standing("source", "check", topic(types: "permit.*"), "--sample", sample)
            #expect(within.code == 0 && within.output.contains("\"id\":\"town.permits/0/0\""), "\(within.messages)")
            let outside = try await standing(
                "source", "check", topic(types: "fine.*"), "--sample", sample, "--output", "json")
            #expect(
                outside.code == 1 && outside.output.contains("\"reason\":\"source/not-declared\""), "\(outside.output)")
            let plain = try await standing("source", "check", "topics/behaviour.payments.yaml")
            #expect(plain.code == 2 && plain.messages.contains("its records are CloudEvents"), "\(plain.messages)")
        }

        @Test func aSampleThatIsNoJSONIsToldWithItsLine() async throws {
            let folder = try TemporaryFolder()
            let sample = try folder.write("{\"value\":null}\n{\n{\"value\":null}\n", to: "sample.jsonl")
            let run = try await standing("source", "check", Self.example("compacted.yaml"), "--sample", sample)
            #expect(run.code == 1)
            #expect(run.messages.hasPrefix("\(sample):2: error: the line is not JSON"), "\(run.messages)")
            // The lines after it are shown too.
            #expect(run.lines.last?.hasPrefix("\(sample):3: ") == true, "\(run.output)")
        }
    }
}
