internal import Events
internal import Foundation
internal import HTTP
internal import Pipeline

// Subjects by band over time, of all members.
extension SubjectQueries {
    /// The path of members' questions. The body is the resolution as JSON text.
    public static let bandsPath = "/members/bands"
    /// More bands than any policy has.
    private static let maximumBands = 256
    /// More subjects than any ledger has.
    private static let maximumCount = Int(Int32.max)

    /// The answer to `GET /bands`: `{"resolution","points":[{"time","partitions","bands":{name: subjects}}]}`.
    /// `isForwarded`: the caller is a member, so no other member is asked. A member that does not answer is not in the
    /// sum, as `partitions` shows.
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

    /// The answer to another member's question; nil if the body has no resolution.
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

    /// The answer of another member. It is not trusted: nil if `bands` cannot have made it. Bands are in the order of
    /// their names' bytes, because JSON has no order.
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
