internal import CoreMetrics
internal import Events

extension FloatingPointCounter {
    /// Of a metric that is a counter.
    convenience init(_ metric: Metric) { self.init(label: metric.rawValue) }
}

extension Counter {
    /// Of a metric that is a counter.
    convenience init(_ metric: Metric, labels: [(String, String)] = []) {
        self.init(label: metric.rawValue, dimensions: labels)
    }
}
