internal import CoreMetrics
internal import Events

extension FloatingPointCounter {
    /// `metric`: a counter.
    convenience init(_ metric: Metric) { self.init(label: metric.rawValue) }
}

extension Counter {
    /// `metric`: a counter.
    convenience init(_ metric: Metric, labels: [(String, String)] = []) {
        self.init(label: metric.rawValue, dimensions: labels)
    }
}
