public import Events

extension PipelineService {
    public enum BandResolution: String, CaseIterable, Sendable {
        /// A point of each minute of the last day.
        case minutes
        /// A point of each hour of the last 90 days.
        case hours

        var seconds: Int64 { self == .minutes ? 60 : 3600 }
    }

    /// The number of subjects by band at a time.
    public struct BandPoint: Sendable, Equatable {
        /// The beginning of the minute or the hour.
        public var time: Timestamp
        /// In the order of the policy that was active last in it. Of partitions under different ones, the bands of the same name together.
        public var bands: [(name: String, subjects: Int)]
        /// Partitions that it is the sum of.
        public var partitions: Int

        public static func == (a: Self, b: Self) -> Bool {
            a.time == b.time && a.partitions == b.partitions && a.bands.elementsEqual(b.bands) { $0 == $1 }
        }
    }

    /// The subjects by band of the partitions that are folded here, over time by their clocks, oldest first, at most `maximum` of the
    /// newest points. A partition that stood still in a minute counts there as it was before, once it is known. Waits for no fold.
    public func bandHistory(_ resolution: BandResolution, maximum: Int = 2160) -> [BandPoint] {
        Self.bandHistory(owned.all.map { $0.bandSamples(resolution) }, resolution, maximum: maximum)
    }

    static func bandHistory(
        _ partitions: [[(clock: Timestamp, bands: [PartitionView.Band])]], _ resolution: BandResolution, maximum: Int
    ) -> [BandPoint] {
        let period = resolution.seconds * Timestamp.microsecondsPerSecond
        let periods = Set(partitions.flatMap { $0.map { $0.clock.microseconds / period } }).sorted().suffix(maximum)
        var next = [Int](repeating: 0, count: partitions.count)
        return periods.map { number in
            var point = BandPoint(time: Timestamp(microseconds: number * period), bands: [], partitions: 0)
            for (place, samples) in partitions.enumerated() {
                while next[place] < samples.count, samples[next[place]].clock.microseconds / period <= number {
                    next[place] += 1
                }
                guard next[place] > 0 else { continue }
                point.partitions += 1
                for band in samples[next[place] - 1].bands {
                    if let known = point.bands.firstIndex(where: { $0.name == band.name }) {
                        point.bands[known].subjects += band.subjects
                    } else {
                        point.bands.append((band.name, band.subjects))
                    }
                }
            }
            return point
        }
    }

    /// `{"resolution","points":[{"time","partitions","bands":{name:subjects}}]}`
    public static func write(_ points: [BandPoint], _ resolution: BandResolution, to writer: inout ByteWriter) {
        writer.append("{\"resolution\":")
        writer.append(jsonString: resolution.rawValue)
        writer.append(",\"points\":[")
        for (index, point) in points.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"time\":\"")
            writer.append(point.time)
            writer.append("\",\"partitions\":")
            writer.append(decimal: Int64(point.partitions))
            writer.append(",\"bands\":{")
            for (place, band) in point.bands.enumerated() {
                if place > 0 { writer.append(byte: 0x2C) }
                writer.append(jsonString: band.name)
                writer.append(byte: 0x3A)
                writer.append(decimal: Int64(band.subjects))
            }
            writer.append("}}")
        }
        writer.append("]}")
    }
}
