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
        let points = PipelineService.bandHistory(
            [
                samples([(0, [("C", 1), ("B", 2)]), (130, [("C", 3), ("B", 4)])]),
                samples([(70, [("B", 10), ("A", 20)])]),
            ], .minutes, maximum: 100)
        #expect(points.map(\.time) == [time(0), time(60), time(120)])
        #expect(points.map(\.partitions) == [1, 2, 2])
        #expect(points[0].bands.map(\.subjects) == [1, 2])
        #expect(points[1].bands.map(\.name) == ["C", "B", "A"] && points[1].bands.map(\.subjects) == [1, 12, 20])
        #expect(points[2].bands.map(\.subjects) == [3, 14, 20])
        let newest = PipelineService.bandHistory([samples([(0, [("C", 1)]), (60, [("C", 2)])])], .minutes, maximum: 1)
        #expect(newest.map(\.time) == [time(60)] && newest[0].bands[0].subjects == 2)
    }

    @Test func bandsOverTimeAreWrittenAsJSON() throws {
        let points = PipelineService.bandHistory([samples([(3600, [("C", 1), ("\"B\"", 2)])])], .hours, maximum: 5)
        var writer = ByteWriter()
        PipelineService.write(points, .hours, to: &writer)
        let json = try #require(JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
        #expect(json["resolution"] as? String == "hours")
        let point = try #require((json["points"] as? [[String: Any]])?.first)
        #expect(point["time"] as? String == "1970-01-01T01:00:00Z" && point["partitions"] as? Int == 1)
        #expect(point["bands"] as? [String: Int] == ["C": 1, "\"B\"": 2])
    }

    @Test func aPartitionThatIsFoldedLeavesItsBands() throws {
        let partition = OwnedPartition(PartitionFold(partition: 0), archive: nil)
        partition.renewView()
        #expect(partition.bandSamples(.minutes).isEmpty, "it has no policy yet")
    }
}
