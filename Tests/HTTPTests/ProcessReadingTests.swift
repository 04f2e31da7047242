import Events
import Foundation
import Testing

@testable import HTTP

/// What `/metrics` has of a process, from Linux's texts.
struct ProcessReadingTests {
    private let units = ProcessReading.Units(ticksPerSecond: 100, pageBytes: 4096, boot: 1_700_000_000)

    /// A command may be called like the fields that follow it.
    @Test(arguments: ["standing", "a) R 1 2 (b", "x y"])
    func fieldsAreReadBehindTheCommandsName(command: String) {
        let stat =
            "4242 (\(command)) S 1 4242 4242 0 -1 4194560 9000 0 3 0 150 25 0 0 20 0 17 0 12345 734003200 2560 18446744073709551615\n"
        let reading = ProcessReading(stat: stat, units)
        #expect(reading.cpuSeconds == 1.75 && reading.threads == 17 && reading.start == 1_700_000_123.45)
        #expect(reading.virtualBytes == 734_003_200 && reading.residentBytes == 2560 * 4096)
    }

    @Test(arguments: ["", "4242", "4242 (standing", "4242 (standing) S 1"])
    func whatLinuxDoesNotTellIsLeftOut(stat: String) {
        #expect(ProcessReading(stat: stat, units) == ProcessReading())
        var exposition = Exposition()
        exposition.add(ProcessReading(stat: stat, units))
        #expect(exposition.text.isEmpty)
    }

    /// A unit with `ProcSubset=pid` cannot read what the machine's boot time is held against here.
    @Test func theMachinesBootTimeIsLinuxsOwn() throws {
        let stat = try String(contentsOfFile: "/proc/stat", encoding: .utf8)
        let line = try #require(stat.split(separator: "\n").first { $0.hasPrefix("btime ") })
        let expected = try #require(Double(line.dropFirst("btime ".count)))
        let boot = try #require(ProcessReading.Units.ofThisMachine.boot)
        #expect(abs(boot - expected) < 5)
    }

    @Test func thisProcessHasAllOfIt() {
        var exposition = Exposition()
        exposition.add(Build(version: "1.2.3", commit: "abc", foldVersion: 6, librdkafka: "2.0.2"))
        let text = exposition.text
        for metric in Metric.allCases where metric.rawValue.hasPrefix("process_") {
            #expect(text.contains("\n\(metric.rawValue) "), "\(metric.rawValue)")
        }
        #expect(
            text.contains(
                "\(Metric.buildInfo.rawValue){commit=\"abc\",fold_version=\"6\",librdkafka=\"2.0.2\",version=\"1.2.3\"} 1\n"
            ))
    }
}
