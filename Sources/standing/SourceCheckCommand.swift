import ArgumentParser
import Events
import Foundation
import Mapping
import Options
import Replay
import Terminal
import Topics

struct SourceCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "What a map makes of a topic's records, without a broker.",
        discussion: """
            The file has a `map`: a topic file, or a file of a map alone. It is compiled, and each sample is mapped and checked as \
            intake would, also by what a topic file declares. A line of the sample is a record, {"key", "value", "headers", "timestamp", "topic", "partition", \
            "offset"}, or a bare value. What a line does not say is partition 0, the line's number from 0 as offset, and the \
            present time as timestamp.

            Examples:
              standing source check deploy/examples/sources/debezium.yaml --sample deploy/examples/sources/debezium.jsonl
              standing source check map.yaml --sample records.jsonl --output json
            Exit 1 if the map has a mistake, a line is no record, or a record is refused.
            """)

    @Argument(help: "File with a map, YAML.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String
    @Option(help: "File of records, JSON lines, plain or .gz.", completion: .events)
    var sample: String?
    @Option(help: "The topic, as far as a record does not say. Default: the topic file's.")
    var topic: String?
    @Option(help: "text or json, a line a record.")
    var output = TableFormat.text

    func run() throws {
        let file = try MapFile(self.file)
        guard let sample else { return printMessage("\(self.file): no mistakes") }
        let mapper = CheckedMapper(file.map)
        let topic = topic ?? file.topic?.name ?? "sample"
        let declared = DeclaredSources(file.topic?.declaration.map { [topic: $0] } ?? [:])
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        var counts = (events: 0, none: 0, refused: 0)
        do {
            let lines = try LineReader(sample, maximumBytes: EventDecoder.maximumEventBytes)
            while true {
                let record: SampleRecord
                do {
                    guard let line = try lines.next() else { break }
                    guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { continue }
                    record = try SampleRecord(line: line)
                } catch let defect as SampleRecord.Defect {
                    counts.refused += 1
                    printMessage("\(sample):\(lines.line): error: \(defect)")
                    continue
                } catch let failure as LineReader.Failure where failure.isOneLine {
                    counts.refused += 1
                    printMessage(failure.description)
                    continue
                }
                var outcome = mapper.map(
                    record, topic: topic, offset: Int64(lines.line - 1), timestamp: now, latest: .max)
                if outcome == .event,
                    let defect = declared.defect(of: mapper.event, declaration: declared.number(of: topic))
                {
                    outcome = .notAnEvent(defect)
                }
                switch outcome {
                case .event: counts.events += 1
                case .noEvent: counts.none += 1
                case .noValue, .notAnEvent: counts.refused += 1
                }
                show(outcome, mapper, sample, lines.line)
            }
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
        printMessage("\(counts.events) events, \(counts.none) passed over, \(counts.refused) refused")
        if counts.refused > 0 { throw Exit.failed }
    }

    private func show(_ outcome: CheckedMapper.Outcome, _ mapper: CheckedMapper, _ sample: String, _ line: Int) {
        if output == .json { return print(mapper.line(outcome, number: line)) }
        let shown =
            switch outcome {
            case .event: "event \(String(decoding: mapper.bytes, as: UTF8.self))"
            case .noEvent: "no event"
            case .noValue, .notAnEvent: "refused: \(outcome.refusal?.message ?? "")"
            }
        print("\(sample):\(line): \(shown)".printable())
    }
}
