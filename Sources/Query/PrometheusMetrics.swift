public import CoreMetrics
internal import Events
import Synchronization

/// Stores the metrics of the process and renders them for Prometheus. A series is a label with its dimensions, in any
/// order; all handlers with the same label and dimensions share one. A series lives as long as the factory: destroying
/// a handler changes nothing, because another may use the series.
///
/// Timers are rendered in seconds. A timer of a `Metric` that is a histogram is rendered as one. Other timers, and
/// aggregating recorders, are summaries with `_sum` and `_count`.
public final class PrometheusMetrics: MetricsFactory, Sendable {
    /// The default limit of stored series.
    public static let defaultSeriesLimit = 2_000

    private struct Registry {
        var families: [String: Family] = [:]
        var seriesCount = 0
        var dropped: Int64 = 0
    }

    private struct Family {
        let type: Metric.Kind
        /// By rendered labels.
        var series: [String: any Series] = [:]
    }

    private let seriesLimit: Int
    private let registry = Mutex(Registry())

    /// Beyond `seriesLimit` series, and if another type or another kind of `Metric` has the name, a new handler stores
    /// nothing.
    public init(seriesLimit: Int = PrometheusMetrics.defaultSeriesLimit) { self.seriesLimit = seriesLimit }

    /// The text exposition format 0.0.4, with families and series in ascending order.
    public func text() -> String { exposition().text }

    func exposition() -> Exposition {
        var exposition = Exposition()
        registry.withLock { registry in
            for (name, family) in registry.families {
                for (labels, series) in family.series {
                    exposition.add(name, family.type, renderedLabels: labels, series.samples)
                }
            }
            exposition.add(.metricsDroppedSeries, registry.dropped)
        }
        return exposition
    }

    private func series<S: Series>(
        _ label: String, _ type: Metric.Kind, _ dimensions: [(String, String)], _ make: () -> S
    ) -> S? {
        let name = Exposition.metricName(label)
        let labels = Exposition.labels(dimensions)
        return registry.withLock { registry in
            var family = registry.families[name] ?? Family(type: type)
            if family.type == type, Metric(rawValue: name).map({ $0.kind == type }) ?? true {
                if let known = family.series[labels] {
                    if let known = known as? S { return known }
                } else if registry.seriesCount < seriesLimit {
                    let new = make()
                    family.series[labels] = new
                    registry.families[name] = family
                    registry.seriesCount += 1
                    return new
                }
            }
            registry.dropped += 1
            return nil
        }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, .counter, dimensions, CounterSeries.init) ?? NOOPMetricsHandler.instance
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, .counter, dimensions, NumberSeries.init) ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, .gauge, dimensions, NumberSeries.init) ?? NOOPMetricsHandler.instance
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            series(label, .summary, dimensions, SummarySeries.init) ?? NOOPMetricsHandler.instance
        } else {
            series(label, .gauge, dimensions, NumberSeries.init) ?? NOOPMetricsHandler.instance
        }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        if Metric(rawValue: Exposition.metricName(label))?.kind == .histogram {
            series(label, .histogram, dimensions, HistogramSeries.init) ?? NOOPMetricsHandler.instance
        } else {
            series(label, .summary, dimensions, SummarySeries.init) ?? NOOPMetricsHandler.instance
        }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}

private protocol Series: AnyObject, Sendable {
    var samples: [Exposition.Sample] { get }
}

private final class CounterSeries: Series, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { value.store(0, ordering: .relaxed) }

    var samples: [Exposition.Sample] { [Exposition.Sample(value.load(ordering: .relaxed))] }
}

/// A floating-point counter or a gauge.
private final class NumberSeries: Series, FloatingPointCounterHandler, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func record(_ new: Int64) { set(Double(new)) }
    func record(_ new: Double) { set(new) }
    func reset() { set(0.0) }

    var samples: [Exposition.Sample] { [Exposition.Sample(value.withLock { $0 })] }
}

private final class SummarySeries: Series, RecorderHandler, TimerHandler {
    private static let nanosecondsPerSecond = 1e9
    private let total = Mutex((sum: 0.0, count: Int64(0)))

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / Self.nanosecondsPerSecond) }

    func record(_ value: Double) {
        total.withLock {
            $0.sum += value
            $0.count += 1
        }
    }

    var samples: [Exposition.Sample] {
        let total = total.withLock { $0 }
        return Exposition.summary(sum: total.sum, count: total.count)
    }
}

private final class HistogramSeries: Series, TimerHandler {
    private struct State {
        var counts = [Int64](repeating: 0, count: HistogramSeries.bounds.count + 1)
        var seconds = 0.0
    }

    /// In seconds.
    private static let bounds = [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 60, 300, 3600,
    ]
    private static let nanosecondsPerSecond = 1e9
    private let state = Mutex(State())

    func recordNanoseconds(_ duration: Int64) {
        let seconds = Double(duration) / Self.nanosecondsPerSecond
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.seconds += seconds
        }
    }

    var samples: [Exposition.Sample] {
        let state = state.withLock { $0 }
        return Exposition.histogram(
            bounds: Self.bounds, counts: state.counts, sum: state.seconds)
    }
}
