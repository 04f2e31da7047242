extension RegularExpression {
    /// A set of code points: ranges in order, with gaps between them.
    struct CodePointSet: Hashable {
        /// First and last code point of each range.
        private(set) var ranges: [ClosedRange<UInt32>] = []
        private let low: UInt64
        private let high: UInt64

        static let lastCode: UInt32 = 0x10FFFF
        static let all = CodePointSet(sorting: [0...lastCode])
        static let notNewline = CodePointSet(sorting: [0...0x09, 0x0B...lastCode])

        init(sorting unsorted: [ClosedRange<UInt32>]) {
            var ranges: [ClosedRange<UInt32>] = []
            for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if let last = ranges.last, range.lowerBound <= last.upperBound &+ 1 {
                    ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
                } else {
                    ranges.append(range)
                }
            }
            var bits: (low: UInt64, high: UInt64) = (0, 0)
            for range in ranges where range.lowerBound < 128 {
                for code in range.lowerBound...min(range.upperBound, 127) {
                    if code < 64 { bits.low |= 1 << UInt64(code) } else { bits.high |= 1 << UInt64(code - 64) }
                }
            }
            self.ranges = ranges
            (low, high) = bits
        }

        /// The set of all other code points.
        var complement: CodePointSet { CodePointSet(sorting: Self.complement(of: ranges)) }

        static func complement(of ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
            var next: UInt32 = 0
            var others: [ClosedRange<UInt32>] = []
            for range in ranges {
                if range.lowerBound > next { others.append(next...(range.lowerBound - 1)) }
                next = range.upperBound + 1
            }
            if next <= lastCode { others.append(next...lastCode) }
            return others
        }

        func contains(_ code: UInt32) -> Bool {
            if code < 64 { return low >> UInt64(code) & 1 == 1 }
            if code < 128 { return high >> UInt64(code - 64) & 1 == 1 }
            var first = 0
            var end = ranges.count
            while first < end {
                let middle = (first + end) / 2
                if ranges[middle].upperBound < code { first = middle + 1 } else { end = middle }
            }
            return first < ranges.count && ranges[first].lowerBound <= code
        }
    }

    /// A class while it is parsed.
    struct ClassBuilder {
        private(set) var ranges: [ClosedRange<UInt32>] = []
        /// The number of ranges and cases that were visited.
        private(set) var work = 0

        mutating func add(_ range: ClosedRange<UInt32>, folding: Bool) {
            ranges.append(range)
            work += 1
            if folding { work += CaseFolding.shared.addEquals(of: range, to: &ranges) }
        }

        /// Without case the complement is that of the group with all case variants of its members.
        mutating func add(_ group: [ClosedRange<UInt32>], negated: Bool, folding: Bool) {
            guard negated else {
                for range in group { add(range, folding: folding) }
                return
            }
            var other = ClassBuilder()
            other.add(group, negated: false, folding: folding)
            ranges += CodePointSet(sorting: other.ranges).complement.ranges
            work += other.work
        }

        func set(negated: Bool) -> CodePointSet {
            let set = CodePointSet(sorting: ranges)
            return negated ? set.complement : set
        }
    }

    /// `\d`, `\s` and `\w`, which are ASCII.
    static func perlClass(_ letter: UInt8) -> [ClosedRange<UInt32>]? {
        switch letter {
        case 0x64: [0x30...0x39]
        case 0x73: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]
        case 0x77: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
        default: nil
        }
    }

    /// `name` stands between `[:` and `:]`.
    static func posixClass(_ name: String) -> [ClosedRange<UInt32>]? {
        switch name {
        case "alnum": [0x30...0x39, 0x41...0x5A, 0x61...0x7A]
        case "alpha": [0x41...0x5A, 0x61...0x7A]
        case "ascii": [0x00...0x7F]
        case "blank": [0x09...0x09, 0x20...0x20]
        case "cntrl": [0x00...0x1F, 0x7F...0x7F]
        case "digit": [0x30...0x39]
        case "graph": [0x21...0x7E]
        case "lower": [0x61...0x7A]
        case "print": [0x20...0x7E]
        case "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E]
        case "space": [0x09...0x0D, 0x20...0x20]
        case "upper": [0x41...0x5A]
        case "word": [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
        case "xdigit": [0x30...0x39, 0x41...0x46, 0x61...0x66]
        default: nil
        }
    }

    /// The code points of a general category (`Lu`), of a group of them (`L`), or `Any`. As in RE2, `C` excludes code
    /// points that are not assigned.
    static func category(_ name: String) -> [ClosedRange<UInt32>]? {
        if name == "Any" { return [0...CodePointSet.lastCode] }
        let letters = Array(name.utf8)
        guard letters.count == 1 || letters.count == 2, name != "Cn" else { return nil }
        let runs = UnicodeTable.shared.runs.filter { run in
            run.major == letters[0] && (letters.count == 1 || run.minor == letters[1])
        }
        return runs.isEmpty ? nil : CodePointSet(sorting: runs.map(\.codes)).ranges
    }

    static func isNameCharacter(_ code: UInt32) -> Bool {
        switch UnicodeTable.shared.category(of: code) {
        case "Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mn", "Mc", "Nd", "Pc": true
        default: false
        }
    }
}
