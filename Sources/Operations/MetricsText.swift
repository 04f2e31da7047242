internal import Events

/// A member's `/metrics`, parsed: Prometheus' text format as far as Standing's servers use it. Lines without a sample
/// are ignored.
public struct MetricsText: Sendable {
    public struct Sample: Sendable, Equatable {
        public let labels: [String: String]
        public let value: Double
    }

    /// The limit of samples of one scrape.
    static let maximumSamples = 20_000

    private var samples: [String: [Sample]] = [:]

    public init(_ text: String) {
        var count = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("#") && count < Self.maximumSamples {
            guard let (name, sample) = Self.sample(line) else { continue }
            samples[String(name), default: []].append(sample)
            count += 1
        }
    }

    public func samples(_ name: String) -> [Sample] { samples[name] ?? [] }

    /// The only sample of a name; nil if there is none, or if there are several.
    public func value(_ name: String) -> Double? {
        let found = samples(name)
        return found.count == 1 ? found[0].value : nil
    }

    /// The sum over all label values; nil if there is none.
    public func sum(_ name: String) -> Double? {
        let found = samples(name)
        return found.isEmpty ? nil : found.reduce(0) { $0 + $1.value }
    }

    /// The values by a label whose values are numbers of partitions.
    func byPartition(_ metric: Metric) -> [Int32: Double] {
        Dictionary(
            samples(metric).compactMap { sample in
                sample.labels["partition"].flatMap { Int32($0) }.map { ($0, sample.value) }
            }, uniquingKeysWith: { first, _ in first })
    }

    func samples(_ metric: Metric) -> [Sample] { samples(metric.rawValue) }
    func value(_ metric: Metric) -> Double? { value(metric.rawValue) }
    func sum(_ metric: Metric) -> Double? { sum(metric.rawValue) }

    /// `NAME VALUE` or `NAME{LABEL="TEXT",…} VALUE`, either with a timestamp after it.
    private static func sample(_ line: Substring) -> (Substring, Sample)? {
        let nameEnd = line.firstIndex { $0 == "{" || $0 == " " } ?? line.endIndex
        let name = line[..<nameEnd]
        var rest = line[nameEnd...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while let first = rest.first, first != "}" {
                guard let equals = rest.firstIndex(of: "="), let (text, after) = quoted(rest[equals...].dropFirst())
                else { return nil }
                labels[String(rest[..<equals])] = text
                rest = after
                if rest.first == "," { rest = rest.dropFirst() }
            }
            guard rest.first == "}" else { return nil }
            rest = rest.dropFirst()
        }
        guard !name.isEmpty, let number = rest.split(separator: " ").first, let value = Double(number) else {
            return nil
        }
        return (name, Sample(labels: labels, value: value))
    }

    /// A text in quotation marks at the beginning, and the text after it.
    private static func quoted(_ text: Substring) -> (String, Substring)? {
        guard text.first == "\"" else { return nil }
        var result = ""
        var index = text.index(after: text.startIndex)
        while index < text.endIndex {
            let character = text[index]
            index = text.index(after: index)
            if character == "\"" { return (result, text[index...]) }
            guard character == "\\" else {
                result.append(character)
                continue
            }
            guard index < text.endIndex else { return nil }
            result.append(text[index] == "n" ? "\n" : text[index])
            index = text.index(after: index)
        }
        return nil
    }
}
