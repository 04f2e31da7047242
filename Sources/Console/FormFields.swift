internal import Events

/// The fields of a query or a form in the format `application/x-www-form-urlencoded`.
public struct FormFields: Sendable {
    /// A form with more fields is refused.
    static let maximumFields = 2000
    /// The greatest size of a form in bytes, for a policy's text or a repaired event, percent-encoded.
    public static let maximumBytes = 4 << 20

    public private(set) var pairs: [(name: String, value: String)]

    public init(_ pairs: [(name: String, value: String)] = []) { self.pairs = pairs }

    /// Nil if it is no form. Browsers end the lines of a text with CR LF; here they end with LF.
    public init?(encoded text: some StringProtocol) {
        guard text.utf8.count <= Self.maximumBytes else { return nil }
        pairs = []
        for part in text.split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pairs.count < Self.maximumFields, let name = PercentEncoding.text(sides[0], isForm: true),
                let value = PercentEncoding.text(sides.count > 1 ? sides[1] : "", isForm: true)
            else { return nil }
            pairs.append((name, value.replacing("\r\n", with: "\n")))
        }
    }

    /// The value of the first field with the name; nil if there is none or it is empty. The value of a hidden field is
    /// percent-encoded under the name and `.encoded`, so that a page can show it without changing it.
    public subscript(name: String) -> String? {
        if let value = pairs.first(where: { $0.name == name })?.value { return value.isEmpty ? nil : value }
        return pairs.first { $0.name == name + Self.encoded }.flatMap { PercentEncoding.text($0.value) }
    }

    private static let encoded = ".encoded"

    /// The values of all fields with the name, without empty ones, encoded or not.
    public func all(_ name: String) -> [String] {
        pairs.compactMap { pair in
            let value =
                switch pair.name {
                case name: Optional(pair.value)
                case name + Self.encoded: PercentEncoding.text(pair.value)
                default: nil as String?
                }
            return value.flatMap { $0.isEmpty ? nil : $0 }
        }
    }
}
