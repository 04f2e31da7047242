/// One scrape: families of samples, each with its help and its type. No series occurs twice.
///
/// Prometheus's text format is written here and not by a library. A library has a registry of living counters; a scrape of
/// ours is made anew from the state of partitions and groups, which this process may lose to another at any time.
public struct Exposition: Sendable {
    /// One value of a family, with what distinguishes it within the family.
    public struct Sample: Sendable {
        let suffix: String
        let value: String
        /// The label that distinguishes a histogram's buckets and a summary's quantiles.
        var mark: (name: String, value: String)?

        /// The value as it is written after its series.
        public var text: String { value }

        public init(_ value: Int64, suffix: String = "") {
            self.suffix = suffix
            self.value = String(value)
        }

        public init(_ value: Double, suffix: String = "") {
            self.suffix = suffix
            if value.isNaN {
                self.value = "NaN"
            } else if value.isInfinite {
                self.value = value < 0 ? "-Inf" : "+Inf"
            } else {
                self.value = Int64(exactly: value).map { String($0) } ?? String(value)
            }
        }

        fileprivate init(_ value: some Any, suffix: String, mark: (name: String, number: Double)) {
            (self.suffix, self.value) = (suffix, "\(value)")
            self.mark = (mark.name, Sample.label(mark.number))
        }

        /// A number as a label's value. OpenMetrics writes 1 as `1.0`, and a series has the same name in both
        /// formats.
        private static func label(_ number: Double) -> String { number.isInfinite ? "+Inf" : "\(number)" }
    }

    /// A histogram's samples: the cumulative count of each bucket, then the sum and the number of the values.
    /// `counts` has the count of each bucket alone, and one more than `bounds` for greater values.
    public static func histogram(bounds: [Double], counts: [Int64], sum: Double) -> [Sample] {
        var samples: [Sample] = []
        var count: Int64 = 0
        for (index, own) in counts.enumerated() {
            count += own
            let bound = index < bounds.count ? bounds[index] : .infinity
            samples.append(Sample(count, suffix: "_bucket", mark: ("le", bound)))
        }
        return samples + [Sample(sum, suffix: "_sum"), Sample(count, suffix: "_count")]
    }

    /// A summary's samples: its quantiles, if there are any, then the sum and the number of the values.
    public static func summary(quantiles: [(Double, value: Double)] = [], sum: Double, count: Int64) -> [Sample] {
        quantiles.map { Sample(Sample($0.value).value, suffix: "", mark: ("quantile", $0.0)) }
            + [Sample(sum, suffix: "_sum"), Sample(count, suffix: "_count")]
    }

    private(set) var families: [String: (kind: Metric.Kind, series: [String: [Sample]])] = [:]

    public init() {}

    /// `labels` are the metric's labels. A repeated label set replaces the first.
    public mutating func add(_ metric: Metric, _ value: Int64, labels: [(String, String)] = []) {
        add(metric, [Sample(value)], labels: labels)
    }

    /// Adds a time in seconds, with fractions. A repeated label set replaces the first.
    public mutating func add(_ metric: Metric, seconds time: Duration, labels: [(String, String)] = []) {
        add(metric, [Sample(time / .seconds(1))], labels: labels)
    }

    /// A repeated label set replaces the first.
    public mutating func add(_ metric: Metric, _ samples: [Sample], labels: [(String, String)] = []) {
        assert(metric.hasLabels(labels), "\(metric.rawValue) has other labels")
        add(metric.rawValue, metric.kind, renderedLabels: Self.labels(labels), samples)
    }

    /// Adds what a handler of swift-metrics has measured. `name` is a `Metric` of this kind, or the metric name of a
    /// library. `renderedLabels` come from `labels(_:)`. A family retains its first kind.
    public mutating func add(_ name: String, _ kind: Metric.Kind, renderedLabels: String, _ samples: [Sample]) {
        families[name, default: (kind, [:])].series[renderedLabels] = samples
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`. Any other character becomes an underscore.
    public static func metricName(_ label: String) -> String { sanitised(label, colons: true) }

    /// `{name="value",…}` in ascending order of the names; empty without labels. If names become equal, the last one
    /// counts.
    public static func labels(_ dimensions: [(String, String)]) -> String {
        if dimensions.isEmpty { return "" }
        let values = Dictionary(
            dimensions.map { (sanitised($0.0, colons: false), $0.1) }, uniquingKeysWith: { $1 })
        let pairs = values.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func sanitised(_ name: String, colons: Bool) -> String {
        var result = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case ":" where colons: result.unicodeScalars.append(scalar)
            case "0"..."9":
                if result.isEmpty { result = "_" }
                result.unicodeScalars.append(scalar)
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }

    /// Escapes a label's value for quotation marks.
    public static func escaped(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy {
            $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\n")
        }
        if isPlain { return value }
        var result = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
