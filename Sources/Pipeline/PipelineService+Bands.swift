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
        /// In the order of the policy that was active last in it. If the partitions have different policies, bands of
        /// the same name are added.
        public var bands: [(name: String, subjects: Int)]
        /// The number of partitions in the sum.
        public var partitions: Int

        public init(time: Timestamp, bands: [(name: String, subjects: Int)], partitions: Int) {
            (self.time, self.bands, self.partitions) = (time, bands, partitions)
        }

        public static func == (a: Self, b: Self) -> Bool {
            a.time == b.time && a.partitions == b.partitions && a.bands.elementsEqual(b.bands) { $0 == $1 }
        }
    }

    /// The greatest number of points of an answer.
    public static let maximumBandPoints = 2160

    /// The subjects by band of the partitions that are folded here, over time by their clocks, the oldest first, at
    /// most `maximum` of the newest points. A partition whose clock has not moved in a minute counts with its previous
    /// numbers, once there are any. Does not wait for the fold.
    public func bandHistory(_ resolution: BandResolution, maximum: Int = maximumBandPoints) -> [BandPoint] {
        Self.merged(
            owned.all.map { Self.points($0.bandSamples(resolution), resolution) }, maximum: maximum)
    }

    /// Of one partition.
    static func points(
        _ samples: [(clock: Timestamp, bands: [PartitionView.Band])], _ resolution: BandResolution
    ) -> [BandPoint] {
        let period = resolution.seconds * Timestamp.microsecondsPerSecond
        return samples.map { sample in
            BandPoint(
                time: Timestamp(microseconds: sample.clock.microseconds / period * period),
                bands: sample.bands.map { ($0.name, $0.subjects) }, partitions: 1)
        }
    }

    /// The sum of several series, each oldest first: at every time that one of them has, the last value of each.
    public static func merged(_ series: [[BandPoint]], maximum: Int = maximumBandPoints) -> [BandPoint] {
        let times = Set(series.flatMap { $0.map(\.time) }).sorted().suffix(maximum)
        var next = [Int](repeating: 0, count: series.count)
        return times.map { time in
            var sum = BandPoint(time: time, bands: [], partitions: 0)
            for (index, points) in series.enumerated() {
                while next[index] < points.count, points[next[index]].time <= time { next[index] += 1 }
                guard next[index] > 0 else { continue }
                let point = points[next[index] - 1]
                sum.partitions += point.partitions
                for band in point.bands {
                    if let known = sum.bands.firstIndex(where: { $0.name == band.name }) {
                        sum.bands[known].subjects += band.subjects
                    } else {
                        sum.bands.append(band)
                    }
                }
            }
            return sum
        }
    }

    /// `{"resolution","points":[{"time","partitions","bands":{name:subjects}}]}`
    public static func write(_ points: [BandPoint], _ resolution: BandResolution, to writer: inout JSONWriter) {
        writer.open()
        writer.member("resolution", resolution.rawValue)
        writer.list("points", points) { writer, point in
            writer.open()
            writer.member("time", point.time)
            writer.member("partitions", point.partitions)
            writer.open("bands")
            for band in point.bands { writer.member(band.name, band.subjects) }
            writer.close()
            writer.close()
        }
        writer.close()
    }
}
