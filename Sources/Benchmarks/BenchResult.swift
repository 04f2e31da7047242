internal import Events
internal import Foundation

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
        print(
            JSONWriter.object { line in
                line.member("bench", bench)
                line.member("\(unit)s", events)
                line.member("\(unit)sPerSecond", Int(rate))
                if let ceiling {
                    line.member("ceilingPerSecond", Int(ceiling))
                    line.member("ratio", json: String(format: "%.3f", rate / ceiling))
                }
                line.member(
                    "cpuMicrosecondsPer\(unit.capitalized)",
                    json: String(format: "%.3f", cpuSeconds * 1e6 / Double(events)))
                line.member("rssBytes", residentBytes ?? ProcessUsage.residentBytes)
                for (name, value) in more { line.member(name, json: value) }
            })
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
