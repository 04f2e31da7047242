extension Unicode.Scalar {
    /// Neither control nor invisible: it can be told from what is around it. The blank and letters that this version of
    /// Unicode does not know count as visible.
    var isVisible: Bool {
        if properties.isDefaultIgnorableCodePoint { return false }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: return false
        case .spaceSeparator: return value == 0x20
        default: return true
        }
    }

    /// `U+00A0`
    var number: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension String {
    /// With its invisible scalars by number.
    var readable: String {
        unicodeScalars.map { $0.isVisible ? String($0) : $0.number }.joined()
    }
}
