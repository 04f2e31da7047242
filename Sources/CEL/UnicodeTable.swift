/// The properties of code points that decide what a pattern matches, in one version of Unicode.
///
/// The texts of `UnicodeTable+Data.swift` hold them, so that a new toolchain with a newer Unicode changes no value of an
/// expression.
struct UnicodeTable: Sendable {
    /// A run of code points of one general category.
    struct Run: Sendable {
        let codes: ClosedRange<UInt32>
        /// The two letters of the category: `L` and `u` of `Lu`.
        let major: UInt8
        let minor: UInt8
    }

    static let shared = UnicodeTable()

    /// All code points that are assigned, in order, with surrogates and private use.
    let runs: [Run]
    /// Format characters and others that show nothing by default, in order.
    private let invisible: [ClosedRange<UInt32>]

    private init() {
        var runs: [Run] = []
        var scanner = TableScanner(Self.categories)
        var first: UInt32 = 0
        while let major = scanner.take(), let minor = scanner.take() {
            let count = scanner.number() ?? 1
            if (major, minor) != (UInt8(ascii: "C"), UInt8(ascii: "n")) {
                runs.append(Run(codes: first...(first + count - 1), major: major, minor: minor))
            }
            first += count
        }
        self.runs = runs
        var invisible: [ClosedRange<UInt32>] = []
        scanner = TableScanner(Self.invisible)
        while let range = scanner.range() {
            invisible.append(range)
            _ = scanner.take()
        }
        self.invisible = invisible
    }

    /// The two letters of a code point's general category; nil if it is not assigned.
    func category(of code: UInt32) -> String? {
        guard let index = Self.index(of: code, among: runs.count, { runs[$0].codes }) else { return nil }
        return String(decoding: [runs[index].major, runs[index].minor], as: UTF8.self)
    }

    /// Whether a code point shows nothing by default (`Default_Ignorable_Code_Point`).
    func isInvisible(_ code: UInt32) -> Bool {
        Self.index(of: code, among: invisible.count) { invisible[$0] } != nil
    }

    /// The index of the range that has the code point.
    private static func index(
        of code: UInt32, among count: Int, _ range: (Int) -> ClosedRange<UInt32>
    ) -> Int? {
        var first = 0
        var end = count
        while first < end {
            let middle = (first + end) / 2
            if range(middle).upperBound < code { first = middle + 1 } else { end = middle }
        }
        return first < count && range(first).contains(code) ? first : nil
    }
}

/// The code points that are equal if case is ignored: Unicode's simple case folding.
struct CaseFolding: Sendable {
    static let shared = CaseFolding()

    /// The code points that equal another one, in order.
    private let codes: [UInt32]
    /// For each, the next one that equals it, in a circle.
    private let next: [UInt32]

    /// The first code point after the planes that have case.
    private static let end: UInt32 = 0x20000

    private init() {
        var scanner = TableScanner(UnicodeTable.cases)
        // The next larger code point that equals the key.
        var larger: [UInt32: UInt32] = [:]
        var equal: Set<UInt32> = []
        while let range = scanner.range() {
            let stride = scanner.take("/") ? scanner.number() ?? 1 : 1
            guard scanner.take("+"), let difference = scanner.number(base: 16) else { break }
            _ = scanner.take()
            for code in Swift.stride(from: range.lowerBound, through: range.upperBound, by: Int(stride)) {
                larger[code] = code + difference
                equal.formUnion([code, code + difference])
            }
        }
        codes = equal.sorted()
        var least: [UInt32: UInt32] = [:]
        next = codes.map { code in
            let first = least[code] ?? code
            guard let other = larger[code] else { return first }
            least[other] = first
            return other
        }
    }

    /// Appends the code points outside the range that equal one in it. Returns the number of code points visited.
    func addEquals(of range: ClosedRange<UInt32>, to ranges: inout [ClosedRange<UInt32>]) -> Int {
        if range.lowerBound == 0, range.upperBound >= Self.end { return 0 }
        let start = firstIndex(from: range.lowerBound)
        var index = start
        while index < codes.count, codes[index] <= range.upperBound {
            var other = next[index]
            while other != codes[index] {
                if !range.contains(other) {
                    if let last = ranges.last, last.upperBound + 1 == other {
                        ranges[ranges.count - 1] = last.lowerBound...other
                    } else {
                        ranges.append(other...other)
                    }
                }
                other = next[firstIndex(from: other)]
            }
            index += 1
        }
        return index - start
    }

    private func firstIndex(from code: UInt32) -> Int {
        var first = 0
        var end = codes.count
        while first < end {
            let middle = (first + end) / 2
            if codes[middle] < code { first = middle + 1 } else { end = middle }
        }
        return first
    }
}
