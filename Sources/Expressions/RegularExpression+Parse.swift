extension RegularExpression {
    /// Nodes by index; children come before their parents.
    struct Tree {
        enum Node {
            case empty
            case character(UInt32)
            case set(Int)
            case assert(Place)
            /// Of `children`.
            case sequence(Range<Int>)
            case alternatives(Range<Int>)
            /// Of a node; without a maximum, any number.
            case repetition(Int, min: Int, max: Int?)
        }

        var nodes: [Node] = []
        /// Instructions that each node will take.
        var sizes: [Int] = []
        /// The greatest product of counted repetitions inside one another, of each node.
        var repeats: [Int] = []
        var children: [Int] = []
        var sets: [CodePointSet] = []
        var root = 0
    }

    /// Reads a pattern as RE2 does with its default options. Groups are frames on a stack of its own.
    struct Parser {
        private struct Flags {
            var foldsCase = false
            var dotIsAll = false
            var isMultiline = false
        }

        private struct Frame {
            /// To be restored where the group ends.
            let flags: Flags
            /// Where in `alternatives` and `items` the group's own begin.
            let alternatives: Int
            let items: Int
            let offset: Int
        }

        private let pattern: UnsafeRawBufferPointer
        private var index = 0
        private var flags = Flags()
        private var frames: [Frame] = []
        private var alternatives: [Int] = []
        /// What has been read since the group or its last alternative began.
        private var items: [Int] = []
        /// Where the repetition began that ended just here: another must not follow.
        private var repetition: Int?
        private var tree = Tree()
        private var knownSets: [CodePointSet: Int] = [:]
        /// Sets by the escape that means them, with and without case.
        private var knownEscapes: [[UInt8]: Int] = [:]
        private var rangeCount = 0
        private var classWork = 0

        init(_ pattern: UnsafeRawBufferPointer) { self.pattern = pattern }

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

        /// At `(?`.
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
                    // What is greedy does not tell whether there is a match.
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

        /// At `{`: `{n}`, `{n,}` or `{n,m}`; anything else is a literal.
        private mutating func takeCounts() -> (min: Int, max: Int?)? {
            var at = index + 1
            func number() -> Int? {
                let start = at
                var value = 0
                while at < pattern.count, pattern[at] &- 0x30 <= 9 {
                    // Beyond the limit all are alike; RE2 stops reading digits here.
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

        /// The operator was read.
        private mutating func appendRepetition(
            min: Int, max: Int?, at start: Int, after previous: Int?
        ) throws(RegularExpressionError) {
            if index < pattern.count, pattern[index] == 0x3F { index += 1 }
            guard previous == nil else { throw failure(previous ?? start, "repetition of a repetition") }
            guard items.count > frames[frames.count - 1].items, let item = items.popLast() else {
                throw failure(start, "nothing to repeat")
            }
            var repeats = tree.repeats[item]
            // Counted ones only; as RE2, `{0,1}` and the like do not add up.
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

        // MARK: Escapes

        private mutating func parseEscape() throws(RegularExpressionError) {
            let start = index
            switch peek(1) {
            case nil: throw failure(start, "a backslash ends the pattern")
            case 0x62:
                index += 2
                append(.assert(.wordBoundary))
            case 0x42:
                index += 2
                append(.assert(.noWordBoundary))
            case 0x41:
                index += 2
                append(.assert(.beginText))
            case 0x7A:
                index += 2
                append(.assert(.endText))
            case 0x43: throw failure(start, "\\C is not supported")
            case 0x51:
                index += 2
                while index < pattern.count {
                    if pattern[index] == 0x5C, peek(1) == 0x45 {
                        index += 2
                        return
                    }
                    let at = index
                    try append(literal: takeCode(), at: at)
                }
            case 0x70, 0x50:
                let range = try categoryName()
                try appendEscape(endingAt: range.end) { parser, builder throws(RegularExpressionError) in
                    try parser.takeCategory(into: &builder)
                }
            case .some(let letter):
                if let group = RegularExpression.perlClass(letter | 0x20) {
                    try appendEscape(endingAt: index + 2) { parser, builder throws(RegularExpressionError) in
                        parser.index += 2
                        builder.add(group, negated: letter < 0x61, folding: parser.flags.foldsCase)
                    }
                } else {
                    try append(literal: takeEscapedCode(), at: start)
                }
            }
        }

        /// At an escape that means a class: `take` reads it, unless it has been read before.
        private mutating func appendEscape(
            endingAt end: Int,
            _ take: (inout Parser, inout ClassBuilder) throws(RegularExpressionError) -> Void
        ) throws(RegularExpressionError) {
            let start = index
            let key = pattern[start..<end] + [flags.foldsCase ? 1 : 0]
            if let known = knownEscapes[key] {
                index = end
                return append(.set(known))
            }
            var builder = ClassBuilder()
            try take(&self, &builder)
            classWork += builder.work
            let set = try setIndex(of: builder.set(negated: false), at: start)
            knownEscapes[key] = set
            append(.set(set))
        }

        /// At a backslash that begins no class and no assertion.
        private mutating func takeEscapedCode() throws(RegularExpressionError) -> UInt32 {
            let start = index
            guard index + 1 < pattern.count else { throw failure(start, "a backslash ends the pattern") }
            index += 1
            let code = takeCode()
            switch code {
            case 0x31...0x37 where !(0x30...0x37).contains(peek(0) ?? 0):
                throw failure(start, "no backreferences")
            case 0x30...0x37:
                // Up to three octal digits.
                var value = code - 0x30
                for _ in 0..<2 {
                    guard let digit = peek(0), (0x30...0x37).contains(digit) else { break }
                    value = value * 8 + UInt32(digit - 0x30)
                    index += 1
                }
                return value
            case 0x38, 0x39: throw failure(start, "no backreferences")
            case 0x78: return try takeHexadecimal(from: start)
            case 0x61: return 0x07
            case 0x66: return 0x0C
            case 0x6E: return 0x0A
            case 0x72: return 0x0D
            case 0x74: return 0x09
            case 0x76: return 0x0B
            case 0x6B: throw failure(start, "no backreferences")
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E, 0x00...0x20, 0x7F: return code
            default: throw failure(start, "unknown escape")
            }
        }

        /// After `\x`: two digits, or any number in braces.
        private mutating func takeHexadecimal(from start: Int) throws(RegularExpressionError) -> UInt32 {
            let isBraced = peek(0) == 0x7B
            if isBraced { index += 1 }
            var value: UInt32 = 0
            var digits = 0
            while isBraced || digits < 2, let digit = peek(0).flatMap(Self.hexadecimal) {
                value = value * 16 + digit
                guard value <= CodePointSet.lastCode else { throw failure(start, "beyond U+10FFFF") }
                digits += 1
                index += 1
            }
            guard isBraced ? digits > 0 && peek(0) == 0x7D : digits == 2 else { throw failure(start, "bad \\x escape") }
            if isBraced { index += 1 }
            return value
        }

        private static func hexadecimal(_ byte: UInt8) -> UInt32? {
            switch byte {
            case 0x30...0x39: UInt32(byte - 0x30)
            case 0x41...0x46: UInt32(byte - 0x37)
            case 0x61...0x66: UInt32(byte - 0x57)
            default: nil
            }
        }

        /// At `\p` or `\P`: where the name is, and where what follows it.
        private func categoryName() throws(RegularExpressionError) -> (first: Int, last: Int, end: Int) {
            let first = index + 2
            guard first < pattern.count else { throw failure(index, "\\p without a name") }
            guard pattern[first] == 0x7B else {
                let end = first + RegularExpression.decode(pattern, at: first).count
                return (first, end, end)
            }
            guard let brace = pattern[first...].firstIndex(of: 0x7D) else { throw failure(index, "\\p without a }") }
            return (first + 1, brace, brace + 1)
        }

        /// At `\p` or `\P`.
        private mutating func takeCategory(into builder: inout ClassBuilder) throws(RegularExpressionError) {
            let start = index
            var isNegated = pattern[index + 1] == 0x50
            let range = try categoryName()
            var name = pattern[range.first..<range.last]
            index = range.end
            if name.first == 0x5E {
                isNegated.toggle()
                name = name.dropFirst()
            }
            let text = String(decoding: name, as: UTF8.self)
            guard let group = RegularExpression.category(text) else {
                throw failure(start, "\(text) is no general category; scripts are not supported")
            }
            builder.add(group, negated: isNegated, folding: flags.foldsCase)
            try check(builder, at: start)
        }

        // MARK: Classes

        /// At `[`.
        private mutating func parseClass() throws(RegularExpressionError) {
            let start = index
            index += 1
            let isNegated = peek(0) == 0x5E
            if isNegated { index += 1 }
            var builder = ClassBuilder()
            var isFirst = true
            while let byte = peek(0), byte != 0x5D || isFirst {
                isFirst = false
                if byte == 0x5B, peek(1) == 0x3A, try takePosixClass(into: &builder) {
                    continue
                }
                if byte == 0x5C, let letter = peek(1) {
                    if letter | 0x20 == 0x70 {
                        try takeCategory(into: &builder)
                        continue
                    }
                    if let group = RegularExpression.perlClass(letter | 0x20) {
                        index += 2
                        builder.add(group, negated: letter < 0x61, folding: flags.foldsCase)
                        try check(builder, at: start)
                        continue
                    }
                }
                let at = index
                let low = try takeClassCode(from: start)
                var high = low
                if peek(0) == 0x2D, let following = peek(1), following != 0x5D {
                    index += 1
                    high = try takeClassCode(from: start)
                }
                guard low <= high else { throw failure(at, "a range that is none") }
                builder.add(low...high, folding: flags.foldsCase)
                try check(builder, at: start)
            }
            guard index < pattern.count else { throw failure(start, "missing closing ]") }
            index += 1
            classWork += builder.work
            try append(builder.set(negated: isNegated), at: start)
        }

        private mutating func takeClassCode(from start: Int) throws(RegularExpressionError) -> UInt32 {
            guard index < pattern.count else { throw failure(start, "missing closing ]") }
            return pattern[index] == 0x5C ? try takeEscapedCode() : takeCode()
        }

        /// At `[:`. Without `:]` it is no such class.
        private mutating func takePosixClass(
            into builder: inout ClassBuilder
        ) throws(RegularExpressionError) -> Bool {
            let start = index
            // The longest name is six letters, with a caret seven; what is longer cannot be one.
            var end = index + 2
            while end + 1 < pattern.count, pattern[end] != 0x3A || pattern[end + 1] != 0x5D { end += 1 }
            guard end + 1 < pattern.count else { return false }
            var name = pattern[(index + 2)..<end]
            let isNegated = name.first == 0x5E
            if isNegated { name = name.dropFirst() }
            guard name.count <= 16, let group = RegularExpression.posixClass(String(decoding: name, as: UTF8.self))
            else { throw failure(start, "unknown class") }
            index = end + 2
            builder.add(group, negated: isNegated, folding: flags.foldsCase)
            try check(builder, at: start)
            return true
        }

        private func check(_ builder: ClassBuilder, at offset: Int) throws(RegularExpressionError) {
            guard classWork + builder.work <= maximumClassWork else { throw tooLarge(offset) }
        }

        // MARK: Nodes

        private mutating func append(literal code: UInt32, at start: Int) throws(RegularExpressionError) {
            if flags.foldsCase {
                var builder = ClassBuilder()
                builder.add(code...code, folding: true)
                if builder.ranges.count > 1 || builder.ranges[0].count > 1 {
                    return try append(builder.set(negated: false), at: start)
                }
            }
            append(.character(code))
        }

        private mutating func append(_ set: CodePointSet, at start: Int) throws(RegularExpressionError) {
            append(.set(try setIndex(of: set, at: start)))
        }

        private mutating func setIndex(of set: CodePointSet, at start: Int) throws(RegularExpressionError) -> Int {
            if let known = knownSets[set] { return known }
            rangeCount += set.ranges.count
            guard rangeCount <= maximumRanges else { throw tooLarge(start) }
            knownSets[set] = tree.sets.count
            tree.sets.append(set)
            return tree.sets.count - 1
        }

        /// Of one instruction.
        private mutating func append(_ node: Tree.Node) {
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

        private func peek(_ distance: Int) -> UInt8? {
            index + distance < pattern.count ? pattern[index + distance] : nil
        }

        private mutating func takeCode() -> UInt32 {
            let (code, count) = RegularExpression.decode(pattern, at: index)
            index += count
            return code
        }

        private func tooLarge(_ offset: Int) -> RegularExpressionError { failure(offset, "the pattern is too large") }

        private func failure(_ offset: Int, _ message: String) -> RegularExpressionError {
            RegularExpressionError(offset: offset, message: message)
        }
    }

    /// Lays a tree out as a program. The sizes of the nodes are known, and with them all targets ahead.
    struct Compiler {
        private enum Task {
            case node(Int)
            case instruction(Instruction)
        }

        static func program(of tree: Tree) -> Program {
            var instructions: [Instruction] = []
            instructions.reserveCapacity(tree.sizes[tree.root] + 1)
            var tasks: [Task] = [.instruction(Instruction(operation: .match)), .node(tree.root)]
            while let task = tasks.popLast() {
                switch task {
                case .instruction(let instruction): instructions.append(instruction)
                case .node(let node): lay(node, of: tree, onto: &instructions, &tasks)
                }
            }
            var program = Program(instructions: instructions, sets: tree.sets, isAnchored: false)
            if !program.begins(within: [.beginLine, .endText, .endLine, .wordBoundary, .noWordBoundary]) {
                program = Program(instructions: instructions, sets: tree.sets, isAnchored: true)
            }
            return program
        }

        private static func lay(
            _ node: Int, of tree: Tree, onto instructions: inout [Instruction], _ tasks: inout [Task]
        ) {
            let here = instructions.count
            let end = UInt32(here + tree.sizes[node])
            func split(_ x: Int, _ y: UInt32) -> Instruction {
                Instruction(operation: .split, x: UInt32(x), y: y)
            }
            switch tree.nodes[node] {
            case .empty: break
            case .character(let code): instructions.append(Instruction(operation: .character, x: code))
            case .set(let set): instructions.append(Instruction(operation: .set, x: UInt32(set)))
            case .assert(let place): instructions.append(Instruction(operation: .assert, x: place.rawValue))
            case .sequence(let members):
                for member in members.reversed() { tasks.append(.node(tree.children[member])) }
            case .alternatives(let members):
                // split a next, a, jump end, next: split …, the last alone.
                var at = here
                var reversed: [Task] = []
                for member in members {
                    let child = tree.children[member]
                    if member < members.upperBound - 1 {
                        let next = at + 2 + tree.sizes[child]
                        reversed.append(.instruction(split(at + 1, UInt32(next))))
                        reversed.append(.node(child))
                        reversed.append(.instruction(Instruction(operation: .jump, x: end)))
                        at = next
                    } else {
                        reversed.append(.node(child))
                    }
                }
                tasks += reversed.reversed()
            case .repetition(_, _, .some(0)): break
            case .repetition(let child, 0, .none):
                instructions.append(split(here + 1, end))
                tasks.append(.instruction(Instruction(operation: .jump, x: UInt32(here))))
                tasks.append(.node(child))
            case .repetition(let child, let min, .none):
                let last = here + (min - 1) * tree.sizes[child]
                tasks.append(.instruction(split(last, end)))
                if tree.sizes[child] > 0 { for _ in 0..<min { tasks.append(.node(child)) } }
            case .repetition(let child, let min, .some(let max)):
                let size = tree.sizes[child]
                for optional in (0..<(max - min)).reversed() {
                    let at = here + min * size + optional * (size + 1)
                    tasks.append(.node(child))
                    tasks.append(.instruction(split(at + 1, end)))
                }
                if size > 0 { for _ in 0..<min { tasks.append(.node(child)) } }
            }
        }
    }
}
