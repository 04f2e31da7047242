/// An exact quotient of integers. A printed value is rounded once, half away from zero, from the integers. So it is the
/// same on every machine and in every locale.
public struct BacktestRatio: Sendable, Equatable {
    public let numerator: Int64
    /// Greater than 0.
    public let denominator: Int64

    /// Nil if the quotient is not defined.
    public init?(_ numerator: Int64, over denominator: Int64) {
        guard denominator > 0 else { return nil }
        self.numerator = numerator
        self.denominator = denominator
    }

    public var value: Double { Double(numerator) / Double(denominator) }

    /// A text with a fixed number of decimals, at most 9; with `percent` multiplied by a hundred.
    public func decimal(_ fractionDigits: Int, percent: Bool = false) -> String {
        var scale: UInt128 = percent ? 100 : 1
        for _ in 0..<fractionDigits { scale *= 10 }
        let divisor = UInt128(denominator)
        let rounded = (UInt128(numerator.magnitude) * scale * 2 + divisor) / (divisor * 2)
        let digits = String(rounded)
        let padded = String(repeating: "0", count: max(0, fractionDigits + 1 - digits.count)) + digits
        let sign = numerator < 0 && rounded > 0 ? "-" : ""
        guard fractionDigits > 0 else { return sign + padded }
        return sign + padded.dropLast(fractionDigits) + "." + padded.suffix(fractionDigits)
    }
}
