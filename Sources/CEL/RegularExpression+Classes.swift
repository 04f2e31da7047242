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
        let groups = GeneralCategories.shared.groups.filter { group in
            group.name[0] == letters[0] && (letters.count == 1 || group.name[1] == letters[1])
        }
        guard !groups.isEmpty else { return nil }
        return CodePointSet(sorting: groups.flatMap(\.ranges)).ranges
    }

    static func isNameCharacter(_ code: UInt32) -> Bool {
        guard let scalar = Unicode.Scalar(code) else { return false }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .letterNumber,
            .nonspacingMark, .spacingMark, .decimalNumber, .connectorPunctuation:
            return true
        default: return false
        }
    }

    /// The general categories of all code points in Swift, as ranges; computed once.
    private struct GeneralCategories: Sendable {
        struct Group: Sendable {
            let name: [UInt8]
            var ranges: [ClosedRange<UInt32>] = []
        }

        static let shared = GeneralCategories()

        /// Assigned code points. Their order has no meaning.
        let groups: [Group]

        private init() {
            var groups = Self.names.map { Group(name: Array($0.utf8)) }
            for (first, end) in Self.assigned {
                var start = first
                var current = Self.index(of: first)
                for code in (first + 1)...end {
                    let index = code < end ? Self.index(of: code) : nil
                    guard index != current || code == end else { continue }
                    if let current { groups[current].ranges.append(start...(code - 1)) }
                    start = code
                    current = index
                }
            }
            // Planes 15 and 16 without the two noncharacters at the end of each.
            groups[28].ranges += [0xF0000...0xFFFFD, 0x100000...0x10FFFD]
            self.groups = groups
        }

        /// No version of Unicode has assignments in planes 4 to 13, or in plane 14 after its first block of 4096.
        private static let assigned: [(first: UInt32, end: UInt32)] = [(0, 0x40000), (0xE0000, 0xE1000)]

        private static let names = [
            "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
            "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co",
        ]

        /// An index of `names`; nil if the code point is not assigned.
        private static func index(of code: UInt32) -> Int? {
            // A surrogate is not a scalar.
            guard let scalar = Unicode.Scalar(code) else { return 27 }
            return switch scalar.properties.generalCategory {
            case .uppercaseLetter: 0
            case .lowercaseLetter: 1
            case .titlecaseLetter: 2
            case .modifierLetter: 3
            case .otherLetter: 4
            case .nonspacingMark: 5
            case .spacingMark: 6
            case .enclosingMark: 7
            case .decimalNumber: 8
            case .letterNumber: 9
            case .otherNumber: 10
            case .connectorPunctuation: 11
            case .dashPunctuation: 12
            case .openPunctuation: 13
            case .closePunctuation: 14
            case .initialPunctuation: 15
            case .finalPunctuation: 16
            case .otherPunctuation: 17
            case .mathSymbol: 18
            case .currencySymbol: 19
            case .modifierSymbol: 20
            case .otherSymbol: 21
            case .spaceSeparator: 22
            case .lineSeparator: 23
            case .paragraphSeparator: 24
            case .control: 25
            case .format: 26
            case .surrogate: 27
            case .privateUse: 28
            case .unassigned: nil
            @unknown default: nil
            }
        }
    }

    /// The code points that are equal if case is ignored: Unicode's simple folding, from Swift's mappings of single
    /// scalars; computed once.
    struct CaseFolding: Sendable {
        static let shared = CaseFolding()

        /// The code points that equal another one, in order.
        private let codes: [UInt32]
        /// For each, the next one that equals it, in a circle.
        private let next: [UInt32]

        /// The first code point after the last one with case.
        private static let end: UInt32 = 0x20000

        private init() {
            var group: [UInt32: UInt32] = [:]
            func root(_ code: UInt32) -> UInt32 {
                var code = code
                while let parent = group[code], parent != code { code = parent }
                return code
            }
            func join(_ a: UInt32, _ b: UInt32) {
                let (a, b) = (root(a), root(b))
                group[max(a, b)] = min(a, b)
                group[min(a, b)] = min(a, b)
            }
            for code in 0..<Self.end {
                // Dotted and dotless i fold to themselves except in Turkish.
                guard code != 0x130, code != 0x131, let scalar = Unicode.Scalar(code),
                    scalar.properties.changesWhenCaseMapped
                else { continue }
                let properties = scalar.properties
                for mapping in [properties.lowercaseMapping, properties.uppercaseMapping, properties.titlecaseMapping] {
                    let scalars = mapping.unicodeScalars
                    guard let other = scalars.first, scalars.count == 1, other.value != code else { continue }
                    join(code, other.value)
                }
            }
            // Equal by CaseFolding.txt only: their mappings have two scalars.
            for (a, b) in [(0x1FD3, 0x390), (0x1FE3, 0x3B0), (0xFB05, 0xFB06)] as [(UInt32, UInt32)] { join(a, b) }
            let codes = group.keys.sorted()
            var first: [UInt32: UInt32] = [:]
            var last: [UInt32: Int] = [:]
            var next = codes
            for (index, code) in codes.enumerated() {
                let root = root(code)
                if let before = last[root] { next[before] = code }
                if first[root] == nil { first[root] = code }
                last[root] = index
                next[index] = first[root] ?? code
            }
            self.codes = codes
            self.next = next
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
}
