import Events
import Foundation
import Replay
import Testing

@testable import Pipeline

@Suite struct BandHistoryTests {
    private typealias Samples = [(clock: Timestamp, bands: [PartitionView.Band])]

    private func time(_ second: Int64) -> Timestamp { Timestamp(microseconds: second * 1_000_000) }

    private func samples(_ items: [(second: Int64, bands: [(String, Int)])]) -> Samples {
        items.map { item in (time(item.second), item.bands.map { .init(name: $0.0, subjects: $0.1) }) }
    }

    private func note(_ second: Int64, _ bands: [(String, Int)], in history: inout BandHistory) {
        history.note(bands.map { .init(name: $0.0, subjects: $0.1) }, at: time(second))
    }

    @Test func thereIsOneSampleOfAMinuteAndOneOfAnHour() {
        var history = BandHistory()
        for second in stride(from: Int64(0), through: 7200, by: 20) {
            note(second, [("C", Int(second)), ("B", 1)], in: &history)
        }
        let (minutes, hours) = (history.samples(.minutes), history.samples(.hours))
        #expect(minutes.map { $0.clock } == (0...120).map { time($0 * 60) })
        #expect(hours.map { $0.clock } == [time(0), time(3600), time(7200)])
        #expect(hours.map { $0.bands[0].subjects } == [0, 3600, 7200])
    }

    /// A partition that is folded anew comes by what is known.
    @Test func theClockDoesNotGoBack() {
        var history = BandHistory()
        for second: Int64 in [600, 660, 60, 120, 720] { note(second, [("C", 1)], in: &history) }
        #expect(history.samples(.minutes).map { $0.clock } == [time(600), time(660), time(720)])
    }

    @Test func itsSizeIsBounded() {
        var history = BandHistory()
        let last = Int64(BandHistory.minutes + 100)
        for minute in 0...last {
            // Now and then a policy with other bands.
            note(minute * 60, [("C\(minute / 20)", 1), ("B", 2)], in: &history)
        }
        let minutes = history.samples(.minutes)
        #expect(minutes.count <= BandHistory.minutes && minutes.last?.clock == time(last * 60))
        #expect(minutes.map { $0.clock } == minutes.map { $0.clock }.sorted())
        #expect(Set(minutes.map { $0.bands[0].name }).count <= BandHistory.maximumNames)
        #expect(minutes.last?.bands.map(\.name) == ["C\(last / 20)", "B"])
        #expect(BandHistory.maximumBytes(bands: 7) < 512 << 10)
    }

    @Test func partitionsAreAddedUpByTheirClocks() {
        let points = PipelineService.merged([
            PipelineService.points(samples([(0, [("C", 1), ("B", 2)]), (130, [("C", 3), ("B", 4)])]), .minutes),
            PipelineService.points(samples([(70, [("B", 10), ("A", 20)])]), .minutes),
        ])
        #expect(points.map(\.time) == [time(0), time(60), time(120)])
        #expect(points.map(\.partitions) == [1, 2, 2])
        #expect(points[0].bands.map(\.subjects) == [1, 2])
        #expect(points[1].bands.map(\.name) == ["C", "B", "A"] && points[1].bands.map(\.subjects) == [1, 12, 20])
        #expect(points[2].bands.map(\.subjects) == [3, 14, 20])
        let newest = PipelineService.merged(
            [PipelineService.points(samples([(0, [("C", 1)]), (60, [("C", 2)])]), .minutes)], maximum: 1)
        #expect(newest.map(\.time) == [time(60)] && newest[0].bands[0].subjects == 2)
    }

    @Test func bandsOverTimeAreWrittenAsJSON() throws {
        let points = PipelineService.points(samples([(3605, [("C", 1), ("\"B\"", 2)])]), .hours)
        var writer = JSONWriter()
        PipelineService.write(points, .hours, to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        #expect(json["resolution"] as? String == "hours")
        let point = try #require((json["points"] as? [[String: Any]])?.first)
        #expect(point["time"] as? String == "1970-01-01T01:00:00Z" && point["partitions"] as? Int == 1)
        #expect(point["bands"] as? [String: Int] == ["C": 1, "\"B\"": 2])
    }

    // MARK: Beside the snapshots

    private func read(_ bytes: [UInt8]) throws -> BandHistory {
        try bytes.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            return try BandHistory(&reader)
        }
    }

    private func filled(minutes: Int64) -> BandHistory {
        var history = BandHistory()
        for minute in 0..<minutes {
            let names = minute < minutes / 2 ? ["C", "B"] : ["C", "B", "A \"ö\""]
            note(minute * 60, names.map { ($0, Int(minute)) }, in: &history)
        }
        return history
    }

    @Test func whatIsWrittenIsReadAndGoesOn() throws {
        var history = filled(minutes: 130)
        var again = try read(history.bytes)
        for resolution in PipelineService.BandResolution.allCases {
            let (a, b) = (history.samples(resolution), again.samples(resolution))
            #expect(a.map { $0.clock } == b.map { $0.clock } && a.map { $0.bands } == b.map { $0.bands })
        }
        for minute: Int64 in [129, 130, 190] {
            note(minute * 60, [("C", 7), ("D", 8)], in: &history)
            note(minute * 60, [("C", 7), ("D", 8)], in: &again)
        }
        #expect(history.bytes == again.bytes && again.samples(.minutes).count == 132)
        #expect(try read(BandHistory().bytes).samples(.hours).isEmpty)
    }

    @Test func damagedBytesAreRefused() {
        let bytes = filled(minutes: 12).bytes
        for count in stride(from: 0, to: bytes.count, by: 7) {
            #expect(throws: ByteReader.Failure.self) { try read(Array(bytes[..<count])) }
        }
        #expect(throws: ByteReader.Failure.self) { try read(bytes + [0]) }
        // Whatever is taken can be shown and written.
        for index in bytes.indices {
            for byte: UInt8 in [0, 1, 0x7F, 0xFF] {
                var other = bytes
                other[index] = byte
                guard let history = try? read(other) else { continue }
                _ = (history.samples(.minutes), history.samples(.hours), history.bytes)
            }
        }
    }

    @Test func aPartitionThatIsOpenedAgainHasItsBands() throws {
        let frames = try LedgerPartitionFrames.ledger(bills: 3)
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(frames, runner)
        stage.acknowledge()
        let before = try #require(runner.partition?.shared.bandSamples(.minutes))
        #expect(!before.isEmpty)
        stage.begin(.close(takesSnapshot: true), runner)
        #expect(stage.takeReports().closed == [3])
        #expect(stage.disk.paths(ending: ".bands").count == 1)
        let after = stage.open().partition?.shared.bandSamples(.minutes) ?? []
        #expect(after.map { $0.clock } == before.map { $0.clock } && after.map { $0.bands } == before.map { $0.bands })
    }

    @Test func aPartitionWithoutAPolicyHasNoBands() throws {
        let partition = OwnedPartition(PartitionFold(partition: 0), archive: nil)
        partition.renewView()
        #expect(partition.bandSamples(.minutes).isEmpty)
    }
}
