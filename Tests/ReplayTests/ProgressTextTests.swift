import Foundation
import Replay
import TestFiles
import Testing

@Suite struct ProgressTextTests {
    @Test func aKnownTotalGivesABarPerCentAndTheTimeLeft() {
        var text = ProgressText(unit: "entries")
        #expect(text.line(done: 0, total: 1000, count: 0, at: 0) == "[\(String(repeating: "-", count: 30))] 0 %")
        let bar = String(repeating: "#", count: 15) + String(repeating: "-", count: 15)
        let half = text.line(done: 500, total: 1000, count: 2_500_000, at: 2)
        #expect(half == "[\(bar)] 50 %  1.25 M entries/s  2 s left")
        // More than there was to do when it began is all of it.
        #expect(text.line(done: 2000, total: 1000, count: 2_500_000, at: 4).contains("] 100 %"))
    }

    @Test func anUnknownTotalGivesWhatIsDoneAndTheRate() {
        var text = ProgressText(unit: "frames")
        #expect(text.line(done: 0, total: 0, count: 0, at: 0) == "0 frames")
        #expect(text.line(done: 70, total: 0, count: 70, at: 2) == "70 frames  35 frames/s")
    }

    @Test(arguments: [
        (100.0, "1 s left"), (1.0, "99 s left"), (0.5, "4 min left"), (0.01, "2 h 45 min left"),
    ])
    func longTimesAreInMinutesAndHours(_ rate: Double, _ left: String) {
        var text = ProgressText(unit: "lines")
        _ = text.line(done: 0, total: 100, count: 0, at: 0)
        let seconds = 1 / rate
        #expect(text.line(done: 1, total: 100, count: 1, at: seconds).hasSuffix("  \(left)"))
    }

    @Test func theRateHasTheUnitsThatItNeeds() {
        for (count, rate) in [(900, "900"), (25_000, "25.0 k"), (3_000_000, "3.00 M")] as [(Int64, String)] {
            var text = ProgressText(unit: "lines")
            _ = text.line(done: 0, total: 0, count: 0, at: 0)
            #expect(text.line(done: count, total: 0, count: count, at: 1).hasSuffix("  \(rate) lines/s"))
        }
    }

    @Test func readingFilesCountsTheirBytesOnTheDisk() throws {
        let folder = try TemporaryFolder()
        let files = try ["a", "b"].map { try folder.write(String(repeating: "{}\n", count: 5000), to: "\($0).jsonl") }
        let progress = FileProgress(of: files, readings: 2)
        #expect(progress.total == 60_000)
        for file in files + files {
            let events = try EventFile(file, progress: progress)
            while try events.next(reject: { _ in }) != nil {}
        }
        #expect(progress.bytes == progress.total)
        #expect(FileProgress(of: [files[0], "/dev/null"]).total == 0)
    }
}
