internal import Events
internal import Foundation
internal import HTTP
internal import Pipeline

// Subjects by band over time, of all members.
extension SubjectQueries {
    /// Where members ask each other, with the resolution as JSON text in the body.
    public static let bandsPath = "/members/bands"
    /// More than any policy has.
    private static let maximumBands = 256
    /// More than any ledger has.
    private static let maximumCount = Int(Int32.max)

    /// The answer to `GET /bands`: `{"resolution","points":[{"time","partitions","bands":{name: subjects}}]}`. `isForwarded`: another
    /// member asks, so nobody else is asked. Who does not answer is not in the sum, as `partitions` shows.
    func bands(_ resolution: PipelineService.BandResolution, isForwarded: Bool) async -> Answer {
        var series = [service.bandHistory(resolution)]
        if !isForwarded {
            let partitions = (0..<Int32(service.ledgerPartitionCount ?? 0)).map { $0 }
            let addresses = owners(of: partitions).compactMap(\.address)
            let question = Array("\"\(resolution.rawValue)\"".utf8)
            series += await each(addresses) { address in
                await ask(address, Self.bandsPath, question).flatMap { Self.points($0, resolution) } ?? []
            }
        }
        let points = PipelineService.merged(series)
        return .json { PipelineService.write(points, resolution, to: &$0) }
    }

    /// The answer to another member's question; nil for a body that names no resolution.
    func ownBands(asked body: [UInt8]) async -> Answer? {
        guard let name = try? JSONDecoder().decode(String.self, from: Data(body)),
            let resolution = PipelineService.BandResolution(rawValue: name)
        else { return nil }
        return await bands(resolution, isForwarded: true)
    }

    private struct Text: Decodable {
        struct Point: Decodable {
            var time: String
            var partitions: Int
            var bands: [String: Int]
        }
        var resolution: String
        var points: [Point]
    }

    /// What another member has answered. Nil for what `bands` does not give: nothing of it is trusted. Bands are in the order of their
    /// names' bytes, for JSON has none.
    static func points(
        _ json: [UInt8], _ resolution: PipelineService.BandResolution
    ) -> [PipelineService.BandPoint]? {
        guard let text = try? JSONDecoder().decode(Text.self, from: Data(json)), text.resolution == resolution.rawValue,
            text.points.count <= PipelineService.maximumBandPoints
        else { return nil }
        var points: [PipelineService.BandPoint] = []
        for point in text.points {
            guard let time = Timestamp(point.time), points.last.map({ $0.time < time }) ?? true,
                (0...SubjectSearch.maximumPartitions).contains(point.partitions),
                point.bands.count <= maximumBands, point.bands.values.allSatisfy({ (0...maximumCount).contains($0) })
            else { return nil }
            let bands = point.bands.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            points.append(
                .init(time: time, bands: bands.map { ($0.key, $0.value) }, partitions: point.partitions))
        }
        return points
    }
}
