import ArgumentParser
import Events
import Foundation
import Policy
import Scoring

/// The output of every benchmark.
struct BenchResult {
    var bench: String
    /// The counted thing, which names the keys.
    var unit = "event"
    var events: Int
    var seconds: Double
    /// Events per second of the ceiling measured in the same run; nil if there is none.
    var ceiling: Double?
    var cpuSeconds: Double
    /// The greatest resident size during the run. If it is nil, the line has the size at the time of printing.
    var residentBytes: Int?
    var more: [(String, String)] = []

    func printLine() {
        let rate = Double(events) / seconds
        var line = "{\"bench\":\"\(bench)\",\"\(unit)s\":\(events),\"\(unit)sPerSecond\":\(Int(rate))"
        if let ceiling {
            line += ",\"ceilingPerSecond\":\(Int(ceiling)),\"ratio\":\(String(format: "%.3f", rate / ceiling))"
        }
        line +=
            ",\"cpuMicrosecondsPer\(unit.capitalized)\":\(String(format: "%.3f", cpuSeconds * 1e6 / Double(events)))"
        line += ",\"rssBytes\":\(residentBytes ?? ProcessUsage.residentBytes)"
        for (name, value) in more { line += ",\"\(name)\":\(value)" }
        print(line + "}")
    }
}

/// The resources that this process has used, according to the operating system.
enum ProcessUsage {
    static var cpuSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ t: timeval) -> Double { Double(t.tv_sec) + Double(t.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Of the calling thread only.
    static var cpuSecondsOfThread: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    return Double((ContinuousClock.now - start).components.attoseconds) / 1e18
        + Double((ContinuousClock.now - start).components.seconds)
}

/// The made-up card holders of the benchmarks, with events of the size of a real monthly statement, 210 bytes each.
struct BenchEvents {
    let subjects: Int

    func json(_ number: Int) -> [UInt8] {
        let kinds = ["bill.paid-in-full", "bill.revolved", "bill.overdue"]
        let subject = String(format: "card-%07d", number % subjects)
        let time = String(format: "2005-%02d-%02dT00:00:00Z", 4 + number / subjects % 6, 1 + number % 28)
        let kind = kinds[number &* 7919 % 3]
        return Array(
            """
            {"specversion":"1.0","id":"\(subject)-\(number / subjects)","source":"/programmes/card","type":"\(kind)",\
            "subject":"\(subject)","time":"\(time)","data":{"billed":\(number % 90_000),"paid":\(number % 7000),"months":2}}
            """.utf8)
    }

    func enrolment(_ number: Int) -> [UInt8] {
        let subject = String(format: "card-%07d", number)
        return Array(
            """
            {"specversion":"1.0","id":"enrol-\(subject)","source":"/programmes/card","type":"standing.subject.enrolled",\
            "subject":"\(subject)","time":"2005-03-31T00:00:00Z","data":{"kind":"individual","terms":"2005-03"}}
            """.utf8)
    }

    static let policy = """
        policy: bench
        version: 1
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid-in-full, dimension: payment, event: bill.paid-in-full, points: 15}
          - {id: revolved, dimension: payment, event: bill.revolved, points: 2}
          - {id: overdue, dimension: payment, event: bill.overdue, points: -40}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}
        """

    /// The next policy of a ledger, under which every bill has other points.
    static let nextPolicy = """
        policy: bench
        version: 2
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {}}
        rules:
          - {id: paid-in-full, dimension: payment, event: bill.paid-in-full, points: 14}
          - {id: revolved, dimension: payment, event: bill.revolved, points: 3}
          - {id: overdue, dimension: payment, event: bill.overdue, points: -38}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 560}
          - {name: A, from: 640}
        """

    /// The subject of the made-up card holder of this number.
    static func subject(_ number: Int) -> String {
        let digits = String(number)
        return "card-" + String(repeating: "0", count: max(0, 7 - digits.utf8.count)) + digits
    }
}

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
