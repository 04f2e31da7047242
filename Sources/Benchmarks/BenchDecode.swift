internal import ArgumentParser
internal import Events
internal import Foundation

struct BenchDecode: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "CloudEvents JSON to events; the ceiling is a memory copy of the same bytes.",
        discussion: """
            Examples:
              standing bench decode
            """)

    @Option(help: "Events to decode.")
    var events: Int = 4_000_000

    func run() throws {
        let distinct = 20_000
        let maker = BenchEvents(subjects: distinct / 2)
        let payloads = (0..<distinct).map { maker.json($0) }
        let decoder = EventDecoder()
        var arena = ByteWriter(capacity: 1 << 20)
        for payload in payloads { arena.append(payload) }
        var ranges: [Range<Int>] = []
        for payload in payloads {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<start + payload.count)
        }
        let records = ranges.map { UnsafeRawBufferPointer(rebasing: arena.bytes[$0]) }
        var bytes = 0
        func decodeAll(_ count: Int) -> Int {
            var event = EventView.empty
            var bytes = 0
            for number in 0..<count {
                precondition(decoder.decode(structured: records[number % distinct], into: &event) == nil)
                bytes &+= event.subject.count
            }
            return bytes
        }
        bytes &+= decodeAll(distinct)
        let cpu = ProcessUsage.cpuSeconds
        let elapsed = seconds { bytes &+= decodeAll(events) }
        let used = ProcessUsage.cpuSeconds - cpu
        var sink = [UInt8](repeating: 0, count: 4096)
        let copying = seconds {
            for number in 0..<events {
                sink.withUnsafeMutableBytes { $0.copyMemory(from: records[number % distinct]) }
                bytes &+= Int(sink[number & 127])
            }
        }
        BenchResult(
            bench: "decode", events: events, seconds: elapsed, ceiling: Double(events) / copying, cpuSeconds: used,
            more: [
                ("bytesPerEvent", String(payloads.reduce(0) { $0 + $1.count } / distinct)),
                ("check", String(bytes & 0xFF)),
            ]
        ).printLine()
    }
}
