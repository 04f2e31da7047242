/// A number with known bounds. It is exact if they are equal.
public struct CountBounds: Sendable, Hashable {
    public var atLeast: Int64
    /// Nil if there is no upper bound.
    public var atMost: Int64?

    public init(atLeast: Int64, atMost: Int64?) { (self.atLeast, self.atMost) = (atLeast, atMost) }

    public init(exactly count: Int64) { self.init(atLeast: count, atMost: count) }

    public static let unknown = CountBounds(atLeast: 0, atMost: nil)

    /// Nil if only bounds are known.
    public var exact: Int64? { atMost == atLeast ? atLeast : nil }

    /// The bounds for two disjoint sets.
    public static func + (a: CountBounds, b: CountBounds) -> CountBounds {
        var sum = CountBounds(atLeast: a.atLeast + b.atLeast, atMost: nil)
        if let most = a.atMost, let other = b.atMost { sum.atMost = most + other }
        return sum
    }

    /// The bounds for the union of two sets that may overlap.
    public func union(_ other: CountBounds) -> CountBounds {
        CountBounds(atLeast: max(atLeast, other.atLeast), atMost: (self + other).atMost)
    }
}

extension LagText {
    /// `12`, `3 to 12`, `at most 12`, `at least 3` or `unknown`.
    static func bounds(_ count: CountBounds) -> String {
        switch (count.atLeast, count.atMost) {
        case (let least, let most?) where least == most: "\(least)"
        case (0, let most?): "at most \(most)"
        case (let least, let most?): "\(least) to \(most)"
        case (0, nil): "unknown"
        case (let least, nil): "at least \(least)"
        }
    }
}
