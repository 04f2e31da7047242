import Events
import Foundation
import Testing

/// The two formats of a scrape, and which of them a request wants.
@Suite struct ExpositionFormatTests {
    /// Prometheus' checker; nil if it is not installed.
    private static let promtool = ["/usr/bin/promtool", "/usr/local/bin/promtool"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test func openMetricsNamesFamiliesWithoutTheirSuffixAndEnds() {
        var exposition = Exposition()
        exposition.add(.deadLetters, 2, labels: [("reason", "event/malformed")])
        exposition.add(.workers, 4)
        exposition.add(.policyInfo, 1, labels: [("policy", "town"), ("version", "3")])
        exposition.add("requests", .counter, renderedLabels: "", [.init(Int64(7))])
        #expect(
            exposition.text(as: .openMetrics) == """
                # HELP requests Measured by a library that the program uses.
                # TYPE requests counter
                requests_total 7
                # HELP standing_dead_letters \(Metric.deadLetters.help)
                # TYPE standing_dead_letters counter
                standing_dead_letters_total{reason="event/malformed"} 2
                # HELP standing_policy \(Metric.policyInfo.help)
                # TYPE standing_policy info
                standing_policy_info{policy="town",version="3"} 1
                # HELP standing_workers \(Metric.workers.help)
                # TYPE standing_workers gauge
                standing_workers 4
                # EOF

                """)
        #expect(exposition.text.contains("# TYPE standing_policy_info gauge\nstanding_policy_info{"))
        #expect(!exposition.text.contains("EOF"))
    }

    /// A family's name in OpenMetrics is its alone.
    @Test func noTwoFamiliesHaveOneName() {
        let text = Exposition.ofEveryMetric.text(as: .openMetrics)
        let families = text.matches(of: /# TYPE (\S+)/).map { String($0.1) }
        #expect(families.count == Metric.allCases.count && Set(families).count == families.count)
    }

    @Test func aSeriesHasOneNameInBothFormats() {
        let samples = Exposition.histogram(bounds: [0.001, 1], counts: [1, 1, 1], sum: 3)
        var exposition = Exposition()
        exposition.add(.foldSeconds, samples)
        for format in [Exposition.Format.prometheus, .openMetrics] {
            let text = exposition.text(as: format)
            for bound in ["0.001", "1.0", "+Inf"] { #expect(text.contains("_bucket{le=\"\(bound)\"} ")) }
        }
    }

    @Test(
        arguments: [
            ([], false),
            (["*/*"], false),
            (["text/plain"], false),
            (["application/openmetrics-text"], true),
            (["application/openmetrics-text; version=1.0.0; charset=utf-8"], true),
            (["application/OpenMetrics-Text ;\tversion=\"1.0.0\""], true),
            (["application/openmetrics-text; version=0.0.1"], false),
            (["application/openmetrics-text; version=2.0.0"], false),
            (["application/openmetrics-text;q=0"], false),
            (["application/openmetrics-text;q=0.3,text/plain;q=0.5"], false),
            (["text/plain;q=0.5", "application/openmetrics-text;q=0.5"], true),
            (
                [
                    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                        + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
                ], true
            ),
            ([",;,=;q=", "application/openmetrics-text;q=x"], false),
        ] as [([String], Bool)])
    func aRequestGetsTheFormatThatItRanksHighest(accept: [String], isOpenMetrics: Bool) {
        #expect((Exposition.Format(accept: accept) == .openMetrics) == isOpenMetrics)
    }

    /// What Prometheus' own checker says of every metric: names, units, help, types, reserved suffixes.
    @Test(.enabled(if: promtool != nil, "promtool is not installed (Debian's package prometheus)"))
    func promtoolHasNothingToComplainOf() throws {
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.promtool))
        process.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, output)
        try process.run()
        // Less than a pipe takes would block nobody; the text is longer, and promtool reads all of it before it writes.
        try input.fileHandleForWriting.write(contentsOf: Data(Exposition.ofEveryMetric.text.utf8))
        try input.fileHandleForWriting.close()
        let complaints = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && complaints.isEmpty, "\(complaints)")
    }
}
