import Events
import Foundation
import Pipeline
import Replay
import Testing

@testable import Query

/// The policy in the shadow, as /metrics has it.
struct ShadowMetricsTests {
    private static let policy = """
        policy: rides
        version: 2
        score: {base: 600, min: 350, max: 950}
        dimensions: {driving: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: 1}
        bands: [{name: A, from: 350}]
        """

    private static func difference(_ moves: String, partition: Int = 0) throws -> ShadowDifference {
        let text = #"""
            {"policy":{"id":"rides","version":2},"active":[{"id":"rides","version":1}],
             "partitions":[{"partition":\#(partition),"fromOffset":1,"toOffset":2}],"subjects":10,
             "scores":{"higher":3,"lower":1,"same":6},
             "bands":{"up":2,"down":1,"same":7,"other":0,"moves":[\#(moves)]},
             "perks":[{"id":"listing","live":4,"shadow":5,"gained":2,"lost":1}],
             "sanctions":[{"id":"ban","live":1,"shadow":0,"gained":0,"lost":1}],
             "sample":[{"subject":"anna","kind":"individual","live":{"score":1,"band":"A"},
               "shadow":{"score":2,"band":"A"},"perksGained":[],"perksLost":[],"sanctionsGained":[],
               "sanctionsLost":[]}]}
            """#
        return try JSONDecoder().decode(ShadowDifference.self, from: Data(text.utf8))
    }

    private func status(_ shadows: [PipelineReading.Shadow]) -> PipelineReading {
        var status = PipelineReading()
        status.shadowOrder = ShadowOrder(text: Self.policy, since: Timestamp(microseconds: 0))
        status.shadows = shadows
        return status
    }

    private func text(_ status: PipelineReading) -> String {
        var exposition = Exposition()
        exposition.addShadow(status)
        return exposition.text
    }

    @Test func withoutAShadowThereIsNothing() { #expect(text(PipelineReading()).isEmpty) }

    @Test func ownedPartitionsAreAddedUpAndNobodyIsNamed() throws {
        let moves = #"{"from":"B","to":"A","subjects":2},{"from":"A","to":"A","subjects":7}"#
        let text = text(
            status([
                .init(
                    partition: 0, phase: .live, folded: 9, total: 9, difference: try Self.difference(moves)),
                .init(
                    partition: 1, phase: .live, folded: 9, total: 9,
                    difference: try Self.difference(moves, partition: 1)),
                .init(partition: 2, phase: .folding, folded: 3, total: 8),
                .init(
                    partition: 3, isStandby: true, phase: .live, folded: 1, total: 1,
                    difference: try Self.difference(moves, partition: 3)),
            ]))
        for line in [
            "standing_shadow_partitions{state=\"live\"} 2", "standing_shadow_partitions{state=\"folding\"} 1",
            "standing_shadow_partitions{state=\"failed\"} 0", "standing_shadow_frames_behind 5",
            "standing_shadow_subjects{change=\"higher\"} 6", "standing_shadow_subjects{change=\"same\"} 12",
            "standing_shadow_bands{from=\"B\",to=\"A\"} 4",
            "standing_shadow_perks{change=\"gained\",perk=\"listing\"} 4",
            "standing_shadow_sanctions{change=\"lost\",sanction=\"ban\"} 2",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(!text.contains("anna") && !text.contains("from=\"A\",to=\"A\""))
    }

    /// Two policies of the most bands have thousands of pairs.
    @Test func theMovesOfFewestSubjectsAreOneSeries() throws {
        let moves = (0..<300).map { #"{"from":"a\#($0)","to":"b","subjects":\#(1000 - $0)}"# }.joined(separator: ",")
        let text = text(
            status([.init(partition: 0, phase: .live, difference: try Self.difference(moves))]))
        let series = text.split(separator: "\n").filter { $0.hasPrefix("standing_shadow_bands{") }
        #expect(series.count == 257)
        let rest = (256..<300).reduce(0) { $0 + 1000 - $1 }
        #expect(series.contains { $0 == "standing_shadow_bands{from=\"other\",to=\"other\"} \(rest)" })
    }
}
