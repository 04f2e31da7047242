extension RegularExpression {
    /// Nodes by index. Children come before their parents.
    struct Tree {
        enum Node {
            case empty
            case character(UInt32)
            case set(Int)
            case assert(Assertions)
            /// A range of `children`.
            case sequence(Range<Int>)
            case alternatives(Range<Int>)
            /// The index of the repeated node, and its counts. Without a maximum the count is not limited.
            case repetition(Int, min: Int, max: Int?)
        }

        var nodes: [Node] = []
        /// The number of instructions of each node.
        var sizes: [Int] = []
        /// The greatest product of nested counted repetitions in each node.
        var repeats: [Int] = []
        var children: [Int] = []
        var sets: [CodePointSet] = []
        var root = 0
    }

    /// Parses a pattern as RE2 does with its default options. Groups are frames on an explicit stack.
    struct Parser {
        struct Flags {
            var foldsCase = false
            var dotIsAll = false
            var isMultiline = false
        }

        private struct Frame {
            /// The flags that apply again after the group.
            let flags: Flags
            /// The begin of the group's elements in `alternatives` and `items`.
            let alternatives: Int
            let items: Int
            let offset: Int
        }

        let pattern: UnsafeRawBufferPointer
        var index = 0
        var flags = Flags()
        private var frames: [Frame] = []
        private var alternatives: [Int] = []
        /// The nodes since the begin of the group or its last alternative.
        private var items: [Int] = []
        /// The start of the repetition that ends directly before; nil if there is none. Another one must not follow it.
        private var repetition: Int?
        private var tree = Tree()
        private var knownSets: [CodePointSet: Int] = [:]
        /// Sets by the text of their escape, with and without case.
        var knownEscapes: [[UInt8]: Int] = [:]
        private var rangeCount = 0
        /// The work that is left for classes.
        var classWork: Int

        init(_ pattern: UnsafeRawBufferPointer, classWork: Int) {
            self.pattern = pattern
            self.classWork = classWork
        }

        mutating func parse() throws(RegularExpressionError) -> Tree {
            guard pattern.count <= maximumPatternLength else { throw failure(0, "the pattern is too long") }
            try checkEncoding()
            frames = [Frame(flags: flags, alternatives: 0, items: 0, offset: 0)]
            while index < pattern.count {
                let previous = repetition
                repetition = nil
                try parseItem(after: previous)
            }
            guard frames.count == 1 else { throw failure(frames[frames.count - 1].offset, "missing closing )") }
            tree.root = try closeGroup(frames[0])
            guard tree.sizes[tree.root] < maximumProgramSize else { throw tooLarge(0) }
            return tree
        }

        private func checkEncoding() throws(RegularExpressionError) {
            var at = 0
            while at < pattern.count {
                let (code, count) = RegularExpression.decode(pattern, at: at)
                guard code != 0xFFFD || count > 1 else { throw failure(at, "invalid UTF-8") }
                at += count
            }
        }

        private mutating func parseItem(after previous: Int?) throws(RegularExpressionError) {
            let start = index
            switch pattern[index] {
            case 0x28:  // (
                if peek(1) == 0x3F { try parseGroupFlags() } else { openGroup(length: 1) }
            case 0x7C:  // |
                try closeAlternative()
                index += 1
            case 0x29:  // )
                guard frames.count > 1, let frame = frames.popLast() else { throw failure(start, "unexpected )") }
                let node = try closeGroup(frame)
                items.append(node)
                flags = frame.flags
                index += 1
            case 0x5E:  // ^
                index += 1
                append(.assert(flags.isMultiline ? .beginLine : .beginText))
            case 0x24:  // $
                index += 1
                append(.assert(flags.isMultiline ? .endLine : .endText))
            case 0x2E:  // .
                index += 1
                try append(flags.dotIsAll ? .all : .notNewline, at: start)
            case 0x5B:  // [
                try parseClass()
            case 0x2A:  // *
                index += 1
                try appendRepetition(min: 0, max: nil, at: start, after: previous)
            case 0x2B:  // +
                index += 1
                try appendRepetition(min: 1, max: nil, at: start, after: previous)
            case 0x3F:  // ?
                index += 1
                try appendRepetition(min: 0, max: 1, at: start, after: previous)
            case 0x7B:  // {
                if let (min, max) = takeCounts() {
                    guard min <= maximumRepeat, (max ?? 0) <= maximumRepeat, max.map({ $0 >= min }) ?? true else {
                        throw failure(start, "bad repetition count")
                    }
                    try appendRepetition(min: min, max: max, at: start, after: previous)
                } else {
                    index += 1
                    try append(literal: 0x7B, at: start)
                }
            case 0x5C:  // \
                try parseEscape()
            default:
                try append(literal: takeCode(), at: start)
            }
        }

        // MARK: Groups

        private mutating func openGroup(length: Int) {
            frames.append(Frame(flags: flags, alternatives: alternatives.count, items: items.count, offset: index))
            index += length
        }

        private mutating func closeAlternative() throws(RegularExpressionError) {
            let first = frames[frames.count - 1].items
            let node = try sequence(from: first)
            items.removeSubrange(first...)
            alternatives.append(node)
        }

        private mutating func closeGroup(_ frame: Frame) throws(RegularExpressionError) -> Int {
            let last = try sequence(from: frame.items)
            items.removeSubrange(frame.items...)
            guard alternatives.count > frame.alternatives else { return last }
            alternatives.append(last)
            let members = alternatives[frame.alternatives...]
            let size = members.reduce(2 * (members.count - 1)) { $0 + tree.sizes[$1] }
            let start = tree.children.count
            tree.children += members
            let node = try add(
                .alternatives(start..<tree.children.count), size: size,
                repeats: members.reduce(1) { max($0, tree.repeats[$1]) }, at: frame.offset)
            alternatives.removeSubrange(frame.alternatives...)
            return node
        }

        private mutating func sequence(from first: Int) throws(RegularExpressionError) -> Int {
            let members = items[first...]
            if members.count == 1 { return members[first] }
            guard members.count > 0 else { return try add(.empty, size: 0, repeats: 1, at: index) }
            let size = members.reduce(0) { $0 + tree.sizes[$1] }
            let start = tree.children.count
            tree.children += members
            return try add(
                .sequence(start..<tree.children.count), size: size,
                repeats: members.reduce(1) { max($0, tree.repeats[$1]) }, at: frames.last?.offset ?? 0)
        }

        /// Starts at `(?`.
        private mutating func parseGroupFlags() throws(RegularExpressionError) {
            let start = index
            let third = peek(2)
            if third == 0x3D || third == 0x21 || (third == 0x3C && (peek(3) == 0x3D || peek(3) == 0x21)) {
                throw failure(start, "lookaround is not supported")
            }
            if third == 0x3C || (third == 0x50 && peek(3) == 0x3C) {
                return try parseNamedGroup(nameAt: start + (third == 0x3C ? 3 : 4))
            }
            if third == 0x50, peek(3) == 0x3D || peek(3) == 0x3E { throw failure(start, "no backreferences") }
            var at = start + 2
            var wanted = flags
            var clears = false
            var sawFlag = false
            while at < pattern.count {
                let byte = pattern[at]
                at += 1
                switch byte {
                case 0x69:
                    wanted.foldsCase = !clears
                    sawFlag = true
                case 0x6D:
                    wanted.isMultiline = !clears
                    sawFlag = true
                case 0x73:
                    wanted.dotIsAll = !clears
                    sawFlag = true
                case 0x55:
                    // Greediness does not decide whether there is a match.
                    sawFlag = true
                case 0x2D where !clears:
                    clears = true
                    sawFlag = false
                case 0x3A, 0x29:
                    guard !clears || sawFlag else { throw failure(start, "bad group flags") }
                    if byte == 0x3A { openGroup(length: at - start) } else { index = at }
                    flags = wanted
                    return
                default: throw failure(start, "unknown kind of group")
                }
            }
            throw failure(start, "missing closing )")
        }

        private mutating func parseNamedGroup(nameAt first: Int) throws(RegularExpressionError) {
            guard let end = pattern[min(first, pattern.count)...].firstIndex(of: 0x3E) else {
                throw failure(index, "the group's name does not end")
            }
            guard first < end else { throw failure(first, "bad name of a group") }
            var at = first
            while at < end {
                let (code, count) = RegularExpression.decode(pattern, at: at)
                guard RegularExpression.isNameCharacter(code) else { throw failure(at, "bad name of a group") }
                at += count
            }
            openGroup(length: end + 1 - index)
        }

        // MARK: Repetition

        /// Starts at `{`. Reads `{n}`, `{n,}` or `{n,m}`; anything else is a literal.
        private mutating func takeCounts() -> (min: Int, max: Int?)? {
            var at = index + 1
            func number() -> Int? {
                let start = at
                var value = 0
                while at < pattern.count, pattern[at] &- 0x30 <= 9 {
                    // All numbers beyond the limit are equivalent; RE2 stops reading digits here.
                    guard value < 100_000_000 else { return nil }
                    value = value * 10 + Int(pattern[at] - 0x30)
                    at += 1
                }
                return at > start && (pattern[start] != 0x30 || at == start + 1) ? value : nil
            }
            func take(_ byte: UInt8) -> Bool {
                guard at < pattern.count, pattern[at] == byte else { return false }
                at += 1
                return true
            }
            guard let least = number() else { return nil }
            var most: Int? = least
            if take(0x2C) {
                if at < pattern.count, pattern[at] == 0x7D {
                    most = nil
                } else {
                    guard let given = number() else { return nil }
                    most = given
                }
            }
            guard take(0x7D) else { return nil }
            index = at
            return (least, most)
        }

        /// Called after the operator was read.
        private mutating func appendRepetition(
            min: Int, max: Int?, at start: Int, after previous: Int?
        ) throws(RegularExpressionError) {
            if index < pattern.count, pattern[index] == 0x3F { index += 1 }
            guard previous == nil else { throw failure(previous ?? start, "repetition of a repetition") }
            guard items.count > frames[frames.count - 1].items, let item = items.popLast() else {
                throw failure(start, "nothing to repeat")
            }
            var repeats = tree.repeats[item]
            // Only counted ones: as in RE2, `{0,1}` and the like do not multiply.
            let isCounted = pattern[start] == 0x7B
            if isCounted, min >= 2 || (max ?? 0) >= 2 {
                repeats *= Swift.max(max ?? min, 1)
                guard repeats <= maximumRepeat else { throw failure(start, "nested repetitions are too many") }
            }
            let size = tree.sizes[item]
            let total =
                switch (min, max) {
                case (_, .some(0)): 0
                case (0, .none): size + 2
                case (let min, .none): min * size + 1
                case (let min, .some(let max)): min * size + (max - min) * (size + 1)
                }
            let node = try add(.repetition(item, min: min, max: max), size: total, repeats: repeats, at: start)
            items.append(node)
            repetition = start
        }

        // MARK: Nodes

        mutating func append(literal code: UInt32, at start: Int) throws(RegularExpressionError) {
            if flags.foldsCase {
                var builder = ClassBuilder()
                builder.add(code...code, folding: true)
                if builder.ranges.count > 1 || builder.ranges[0].count > 1 {
                    return try append(builder.set(negated: false), at: start)
                }
            }
            append(.character(code))
        }

        mutating func append(_ set: CodePointSet, at start: Int) throws(RegularExpressionError) {
            append(.set(try setIndex(of: set, at: start)))
        }

        mutating func setIndex(of set: CodePointSet, at start: Int) throws(RegularExpressionError) -> Int {
            if let known = knownSets[set] { return known }
            rangeCount += set.ranges.count
            guard rangeCount <= maximumRanges else { throw tooLarge(start) }
            knownSets[set] = tree.sets.count
            tree.sets.append(set)
            return tree.sets.count - 1
        }

        /// Appends a node of one instruction.
        mutating func append(_ node: Tree.Node) {
            tree.nodes.append(node)
            tree.sizes.append(1)
            tree.repeats.append(1)
            items.append(tree.nodes.count - 1)
        }

        private mutating func add(
            _ node: Tree.Node, size: Int, repeats: Int, at offset: Int
        ) throws(RegularExpressionError) -> Int {
            guard size < maximumProgramSize else { throw tooLarge(offset) }
            tree.nodes.append(node)
            tree.sizes.append(size)
            tree.repeats.append(repeats)
            return tree.nodes.count - 1
        }

        func peek(_ distance: Int) -> UInt8? {
            index + distance < pattern.count ? pattern[index + distance] : nil
        }

        mutating func takeCode() -> UInt32 {
            let (code, count) = RegularExpression.decode(pattern, at: index)
            index += count
            return code
        }

        func tooLarge(_ offset: Int) -> RegularExpressionError { failure(offset, "the pattern is too large") }

        func failure(_ offset: Int, _ message: String) -> RegularExpressionError {
            RegularExpressionError(offset: offset, message: message)
        }
    }
}
