import Events
import Foundation
import Testing

@Suite struct MetricTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    @Test(arguments: Metric.allCases)
    func namesAndHelpFollowTheRules(metric: Metric) {
        let name = metric.rawValue
        #expect(name.wholeMatch(of: /(standing|process)(_[a-z]+)+/) != nil)
        #expect(name.hasSuffix("_total") == (metric.kind == .counter))
        for unit in ["_milliseconds", "_microseconds", "_minutes", "_kilobytes", "_ms"] {
            #expect(!name.contains(unit))
        }
        for suffix in ["_sum", "_count", "_bucket"] { #expect(!name.hasSuffix(suffix)) }
        #expect(metric.help.hasSuffix(".") && metric.help.count > 5)
        for mark in ["\n", "\\", "\""] { #expect(!metric.help.contains(mark)) }
        #expect(name.hasSuffix("_info") == (metric.kind == .info))
        #expect(metric.labels == Set(metric.labels).sorted())
        #expect(!metric.labels.contains("le") && !metric.labels.contains("quantile"))
    }

    /// Reads the text as a scraper does.
    @Test func everyFamilyHasHelpAndTypeOnceBeforeItsSamples() throws {
        var exposition = Exposition.ofEveryMetric
        exposition.add("d_wait", .summary, renderedLabels: "", Exposition.summary(sum: 1.5, count: 2))
        var helped: Set<Substring> = []
        var kinds: [Substring: Substring] = [:]
        var samples: [Substring: Int] = [:]
        var current: Substring?
        for line in exposition.text.split(separator: "\n") {
            if let match = line.wholeMatch(of: /# HELP ([a-z_]+) (.+)/) {
                #expect(helped.insert(match.1).inserted, "\(line)")
                current = match.1
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge|histogram|summary)/) {
                #expect(match.1 == current && kinds[match.1] == nil, "\(line)")
                kinds[match.1] = match.2
            } else {
                let match = try #require(
                    line.wholeMatch(of: /([a-z_]+)(?:\{([a-z_]+="([^"\\]|\\\\|\\"|\\n)*",?)+\})? [0-9.]+/), "\(line)")
                let family = try #require(current)
                #expect(kinds[family] != nil, "\(line)")
                let suffix = match.1.dropFirst(family.count)
                #expect(match.1.hasPrefix(family), "\(line)")
                #expect(suffix.isEmpty || ["histogram", "summary"].contains(kinds[family]), "\(line)")
                samples[family, default: 0] += 1
            }
        }
        #expect(helped.count == Metric.allCases.count + 1 && helped == Set(kinds.keys))
        #expect(samples.count == helped.count)
    }

    @Test func aHistogramsBucketsAddUp() {
        var exposition = Exposition()
        let samples = Exposition.histogram(bounds: [0.5, 2], counts: [1, 0, 2], sum: 7.25)
        exposition.add("d_wait", .histogram, renderedLabels: "", samples)
        exposition.add("d_wait", .histogram, renderedLabels: Exposition.labels([("role", "fold")]), samples)
        #expect(
            exposition.text.hasSuffix(
                """
                # TYPE d_wait histogram
                d_wait_bucket{le="0.5"} 1
                d_wait_bucket{le="2.0"} 1
                d_wait_bucket{le="+Inf"} 3
                d_wait_sum 7.25
                d_wait_count 3
                d_wait_bucket{role="fold",le="0.5"} 1
                d_wait_bucket{role="fold",le="2.0"} 1
                d_wait_bucket{role="fold",le="+Inf"} 3
                d_wait_sum{role="fold"} 7.25
                d_wait_count{role="fold"} 3

                """))
    }

    /// No name is written beside the table.
    @Test func onlyTheTableNamesMetrics() throws {
        let names = Set(Metric.allCases.map(\.rawValue))
        let folder = Self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var read = 0
        for case let file as URL in files
        where file.pathExtension == "swift" && file.lastPathComponent != "Metric.swift" {
            read += 1
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /"(standing_[a-z_]+)/) {
                Issue.record("\(file.lastPathComponent) names \(match.1)")
            }
        }
        #expect(read > 500)
        for page in ["METRICS.md", "README.md", "LAG.md"] {
            let text = try String(contentsOf: Self.root.appending(path: "deploy/\(page)"), encoding: .utf8)
            let named = text.matches(of: /standing_[a-z_]+/).map { String($0.0) }
            #expect(!named.isEmpty, "\(page)")
            for name in named { #expect(names.contains(name), "\(page): \(name)") }
        }
    }
}

extension Exposition {
    /// With samples of every metric, under label values that a writer must escape.
    static var ofEveryMetric: Exposition {
        var exposition = Exposition()
        for metric in Metric.allCases.shuffled() {
            for value in ["plain", "a b\\\"\n"] {
                let samples =
                    switch metric.kind {
                    case .counter, .gauge, .info: [Sample(Int64(1))]
                    case .histogram: histogram(bounds: [0.5, 2], counts: [1, 0, 2], sum: 7.25)
                    case .summary: summary(quantiles: [(0.5, 1.5), (0.99, 2)], sum: 7.25, count: 3)
                    }
                exposition.add(metric, samples, labels: metric.labels.map { ($0, value) })
            }
        }
        return exposition
    }
}
