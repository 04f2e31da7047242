extension Exposition {
    /// The text format of a scrape.
    public enum Format: Sendable {
        /// Prometheus' text exposition format 0.0.4.
        case prometheus
        /// OpenMetrics 1.0.0: a counter's family has no `_total` in its name, infos have a type of their own, and the
        /// text ends with a last line.
        case openMetrics

        public var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    private static let libraryHelp = "Measured by a library that the program uses."

    /// The scrape in Prometheus' text format.
    public var text: String { text(as: .prometheus) }

    /// Families and series in ascending order.
    public func text(as format: Format) -> String {
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            let named = Name(name, family.kind, format)
            text += "# HELP \(named.family) \(Metric(rawValue: name)?.help ?? Self.libraryHelp)\n"
            text += "# TYPE \(named.family) \(named.type)\n"
            for (labels, samples) in family.series.sorted(by: { $0.key < $1.key }) {
                for sample in samples {
                    let labels = sample.mark.map { Self.labels(labels, and: $0) } ?? labels
                    text += "\(named.sample)\(sample.suffix)\(labels) \(sample.value)\n"
                }
            }
        }
        return format == .openMetrics ? text + "# EOF\n" : text
    }

    /// The names of a family and of its samples, and its type, in a format.
    private struct Name {
        let family: String
        let sample: String
        let type: String

        init(_ name: String, _ kind: Metric.Kind, _ format: Format) {
            switch (format, kind) {
            case (.prometheus, .info): (family, sample, type) = (name, name, Metric.Kind.gauge.rawValue)
            case (.openMetrics, .info): (family, sample, type) = Self.parts(name, "_info", kind)
            case (.openMetrics, .counter): (family, sample, type) = Self.parts(name, "_total", kind)
            default: (family, sample, type) = (name, name, kind.rawValue)
            }
        }

        /// A counter of a library may lack the suffix.
        private static func parts(_ name: String, _ suffix: String, _ kind: Metric.Kind) -> (String, String, String) {
            let family = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            return (family, family + suffix, kind.rawValue)
        }
    }

    private static func labels(_ rendered: String, and mark: (name: String, value: String)) -> String {
        (rendered.isEmpty ? "{" : rendered.dropLast() + ",") + "\(mark.name)=\"\(mark.value)\"}"
    }
}

extension Exposition.Format {
    /// The format that a request's `Accept` headers prefer: OpenMetrics 1.0.0 if they name it and rank it no lower
    /// than plain text, Prometheus' text otherwise.
    public init(accept headers: [String]) {
        var (openMetrics, plain) = (0.0, 0.0)
        for range in headers.flatMap({ $0.split(separator: ",") }) {
            let parts = range.split(separator: ";").map { $0.trimmed.lowercased() }
            guard let type = parts.first else { continue }
            var parameters: [Substring: Substring] = [:]
            for part in parts.dropFirst() {
                guard let equals = part.firstIndex(of: "=") else { continue }
                let value = part[part.index(after: equals)...].trimmed
                parameters[part[..<equals].trimmed] =
                    value.count > 1 && value.hasPrefix("\"") ? value.dropFirst().dropLast() : value
            }
            let weight = parameters["q"].map { Double($0) ?? 0 } ?? 1
            switch type {
            case "application/openmetrics-text" where parameters["version"] ?? "1.0.0" == "1.0.0":
                openMetrics = max(openMetrics, weight)
            case "text/plain": plain = max(plain, weight)
            default: break
            }
        }
        self = openMetrics > 0 && openMetrics >= plain ? .openMetrics : .prometheus
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at both ends.
    fileprivate var trimmed: SubSequence {
        let start = drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return start }
        return start[...last]
    }
}
