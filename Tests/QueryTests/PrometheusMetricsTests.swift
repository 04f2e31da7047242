import CoreMetrics
import Events
import Testing

@testable import Query

struct PrometheusMetricsTests {
    /// What a name that is no `Metric` has.
    private let help = "Measured by a library that the program uses."

    private var none: String { dropped(0) }

    private func dropped(_ count: Int) -> String {
        """
        # HELP standing_metrics_dropped_series_total \(Metric.metricsDroppedSeries.help)
        # TYPE standing_metrics_dropped_series_total counter
        standing_metrics_dropped_series_total \(count)

        """
    }

    @Test func emptyRegistry() {
        #expect(PrometheusMetrics().text() == none)
    }

    @Test func familiesAndSeriesAreSorted() {
        let metrics = PrometheusMetrics()
        Counter(label: "requests_total", dimensions: [("topic", "b")], factory: metrics).increment(by: 2)
        Counter(label: "requests_total", dimensions: [("topic", "a")], factory: metrics).increment()
        Counter(label: "requests_total", factory: metrics).increment(by: 9_007_199_254_740_993)
        Counter(label: "before_total", factory: metrics).increment()
        #expect(
            metrics.text() == """
                # HELP before_total \(help)
                # TYPE before_total counter
                before_total 1
                # HELP requests_total \(help)
                # TYPE requests_total counter
                requests_total 9007199254740993
                requests_total{topic="a"} 1
                requests_total{topic="b"} 2

                """ + none)
    }

    @Test func everyKindOfHandler() {
        let metrics = PrometheusMetrics()
        let seconds = FloatingPointCounter(label: "a_seconds", factory: metrics)
        seconds.increment(by: 0.25)
        seconds.increment(by: 0.5)
        let gauge = Gauge(label: "b_gauge", factory: metrics)
        gauge.record(7)
        gauge.record(-3.5)
        let recorder = Recorder(label: "c_sizes", dimensions: [("of", "frame")], factory: metrics)
        recorder.record(10)
        recorder.record(20)
        let timer = Timer(label: "d_wait", factory: metrics)
        timer.recordMilliseconds(1500)
        timer.recordNanoseconds(500_000_000)
        let meter = Meter(label: "e_meter", factory: metrics)
        meter.set(10)
        meter.increment(by: 5.0)
        meter.decrement(by: 1.0)
        #expect(
            metrics.text() == """
                # HELP a_seconds \(help)
                # TYPE a_seconds counter
                a_seconds 0.75
                # HELP b_gauge \(help)
                # TYPE b_gauge gauge
                b_gauge -3.5
                # HELP c_sizes \(help)
                # TYPE c_sizes summary
                c_sizes_sum{of="frame"} 30
                c_sizes_count{of="frame"} 2
                # HELP d_wait \(help)
                # TYPE d_wait summary
                d_wait_sum 2
                d_wait_count 2
                # HELP e_meter \(help)
                # TYPE e_meter gauge
                e_meter 14

                """ + none)
    }

    @Test func aTimerOfAHistogramCountsInBuckets() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: Metric.intakeSeconds.rawValue, factory: metrics)
        for milliseconds in [1, 2, 3, 100_000] { timer.recordMilliseconds(milliseconds) }
        let lines = Set(metrics.text().split(separator: "\n"))
        let name = Metric.intakeSeconds.rawValue
        #expect(lines.contains("# TYPE \(name) histogram"))
        for (bound, count) in [("0.001", 1), ("0.002", 2), ("0.005", 3), ("60.0", 3), ("3600.0", 4), ("+Inf", 4)] {
            #expect(lines.contains("\(name)_bucket{le=\"\(bound)\"} \(count)"))
        }
        #expect(lines.contains("\(name)_sum 100.006") && lines.contains("\(name)_count 4"))
    }

    @Test func aHistogramTakesTimesOfAnyLength() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: Metric.intakeSeconds.rawValue, factory: metrics)
        for _ in 0..<3 { timer.recordNanoseconds(.max) }
        #expect(metrics.text().contains("\(Metric.intakeSeconds.rawValue)_count 3\n"))
    }

    @Test func specialNumbers() {
        let metrics = PrometheusMetrics()
        for value in [Double.nan, .infinity, -.infinity, 1e-7, 1e300] {
            Gauge(label: "g", dimensions: [("v", "\(value)")], factory: metrics).record(value)
        }
        #expect(
            metrics.text() == """
                # HELP g \(help)
                # TYPE g gauge
                g{v="-inf"} -Inf
                g{v="1e+300"} 1e+300
                g{v="1e-07"} 1e-07
                g{v="inf"} +Inf
                g{v="nan"} NaN

                """ + none)
    }

    @Test func namesAreSanitisedAndValuesEscaped() {
        let metrics = PrometheusMetrics()
        Counter(label: "9 läng.e:x", dimensions: [("a:b-c", "q\"\\\n\r\né"), ("1", "x")], factory: metrics).increment()
        Counter(label: "", factory: metrics).increment()
        #expect(
            metrics.text() == """
                # HELP _ \(help)
                # TYPE _ counter
                _ 1
                # HELP _9_l_ng_e:x \(help)
                # TYPE _9_l_ng_e:x counter
                _9_l_ng_e:x{_1="x",a_b_c="q\\"\\\\\\n\r\\né"} 1

                """ + none)
    }

    @Test func aSeriesLookedUpTwiceIsTheSame() {
        let metrics = PrometheusMetrics()
        let first = metrics.makeCounter(label: "n", dimensions: [("a", "1"), ("b", "2")])
        let second = metrics.makeCounter(label: "n", dimensions: [("b", "2"), ("a", "1")])
        #expect(first === second)
        first.increment(by: 1)
        metrics.destroyCounter(first)
        second.increment(by: 1)
        #expect(metrics.text() == "# HELP n \(help)\n# TYPE n counter\nn{a=\"1\",b=\"2\"} 2\n" + none)
        second.reset()
        #expect(metrics.text() == "# HELP n \(help)\n# TYPE n counter\nn{a=\"1\",b=\"2\"} 0\n" + none)
    }

    @Test func seriesBeyondTheLimitFallIntoNone() {
        let metrics = PrometheusMetrics(seriesLimit: 2)
        for name in ["a", "b", "c", "d", "a"] { Counter(label: name, factory: metrics).increment() }
        #expect(
            metrics.text() == """
                # HELP a \(help)
                # TYPE a counter
                a 2
                # HELP b \(help)
                # TYPE b counter
                b 1

                """ + dropped(2))
    }

    @Test func aNameKeepsItsFirstType() {
        let metrics = PrometheusMetrics()
        Counter(label: "a", factory: metrics).increment()
        Gauge(label: "a", dimensions: [("x", "y")], factory: metrics).record(3)
        FloatingPointCounter(label: "a", factory: metrics).increment(by: 1.5)
        #expect(
            metrics.text() == """
                # HELP a \(help)
                # TYPE a counter
                a 1

                """ + dropped(2))
    }

    /// A name of the table is never exposed with another type.
    @Test func aMetricKeepsTheTypeOfTheTable() {
        let metrics = PrometheusMetrics()
        Gauge(label: Metric.deadLetters.rawValue, factory: metrics).record(3)
        #expect(metrics.text() == dropped(1))
        Counter(label: Metric.deadLetters.rawValue, factory: metrics).increment()
        #expect(metrics.text().contains("# HELP standing_dead_letters_total \(Metric.deadLetters.help)\n"))
    }

    @Test func concurrentIncrementsAreAllCounted() async {
        let metrics = PrometheusMetrics()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 { metrics.makeCounter(label: "n", dimensions: []).increment(by: 1) }
                }
            }
        }
        #expect(metrics.text() == "# HELP n \(help)\n# TYPE n counter\nn 8000\n" + none)
    }
}
