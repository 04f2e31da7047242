extension Unicode.Scalar {
    /// Whether it is neither a control character nor invisible. The space counts as visible, as do letters that this
    /// version of Unicode does not know.
    var isVisible: Bool {
        if UnicodeTable.shared.isInvisible(value) { return false }
        return switch UnicodeTable.shared.category(of: value) {
        case "Cc", "Cf", "Cs", "Zl", "Zp": false
        case "Zs": value == 0x20
        default: true
        }
    }

    /// `U+00A0`
    var number: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension String {
    /// The text with its invisible scalars as numbers.
    package var readable: String {
        unicodeScalars.map { $0.isVisible ? String($0) : $0.number }.joined()
    }
}
