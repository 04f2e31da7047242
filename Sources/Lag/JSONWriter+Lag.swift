internal import Events

extension JSONWriter {
    mutating func member(_ name: String, _ bounds: CountBounds?) {
        key(name)
        guard let bounds else { return null() }
        open()
        member("atLeast", bounds.atLeast)
        member("atMost", bounds.atMost)
        member("exact", bounds.exact != nil)
        close()
    }

    mutating func trend(_ trend: LagEvaluation.Trend) {
        member("trend", trend == .unknown ? nil : trend.rawValue)
    }

    /// Seconds, `"never"`, or null if it is unknown.
    mutating func catchUp(_ value: LagEvaluation.CatchUp) {
        switch value {
        case .unknown: member("catchUp", thousandths: nil)
        case .never: member("catchUp", "never")
        case .seconds(let seconds): member("catchUp", thousandths: seconds)
        }
    }
}
