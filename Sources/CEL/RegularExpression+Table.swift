extension RegularExpression {
    /// A deterministic automaton. A state is a row of `entries`: for each class of code points, and then for the end of
    /// the text, the index of the next state's row. The first row is the state that never matches, the second the
    /// match; neither has a transition to another state.
    ///
    /// Assertions depend on the next character. So a state is the set of threads before assertions are decided, and a
    /// match after an assertion is found one step later.
    struct Table: Sendable {
        let entries: [UInt16]
        /// The number of entries in a row.
        let width: Int
        let start: Int
        let classes: CodePointClasses

        func matches(_ text: UnsafeRawBufferPointer) -> Bool {
            let match = UInt16(width)
            return entries.withUnsafeBufferPointer { entries in
                classes.ascii.withUnsafeBufferPointer { ascii in
                    var state = UInt16(start)
                    if state <= match { return state == match }
                    var index = 0
                    while index < text.count {
                        let byte = text[index]
                        let kind: UInt8
                        if byte < 0x80 {
                            kind = ascii[Int(byte)]
                            index &+= 1
                        } else {
                            let (code, count) = RegularExpression.decode(text, at: index)
                            kind = classes.class(ofLong: code)
                            index += count
                        }
                        state = entries[Int(state) &+ Int(kind)]
                        if state <= match { return state == match }
                    }
                    return entries[Int(state) + width - 1] == match
                }
            }
        }
    }

    /// Classes of code points that no instruction of a program distinguishes, numbered from 0.
    struct CodePointClasses: Sendable {
        let ascii: [UInt8]
        /// The starts of intervals of one class, in order, the first at 0.
        let starts: [UInt32]
        let classes: [UInt8]
        /// A code point of each class.
        let samples: [UInt32]

        func `class`(ofLong code: UInt32) -> UInt8 {
            var first = 0
            var end = starts.count
            while end - first > 1 {
                let middle = (first + end) / 2
                if starts[middle] <= code { first = middle } else { end = middle }
            }
            return classes[first]
        }

        /// Nil if there are more than `limit` classes, or if finding them takes more than `work` steps.
        init?(_ program: Program, limit: Int, work: inout Int) {
            var sets = program.sets.map(\.ranges)
            var characters: Set<UInt32> = []
            for instruction in program.instructions where instruction.operation == .character {
                characters.insert(instruction.x)
            }
            sets += characters.sorted().map { [$0...$0] }
            if program.instructions.contains(where: { $0.operation == .assert }) {
                sets.append([0x0A...0x0A])
                sets.append([0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
            }
            work -= sets.reduce(0) { $0 + $1.count }
            guard work > 0 else { return nil }
            var bounds: [UInt32] = [0]
            for ranges in sets {
                for range in ranges {
                    bounds.append(range.lowerBound)
                    bounds.append(range.upperBound + 1)
                }
            }
            bounds.sort()
            var starts: [UInt32] = []
            for bound in bounds where bound <= CodePointSet.lastCode && starts.last != bound { starts.append(bound) }

            // Each set splits the classes that it intersects.
            var numbers = [Int](repeating: 0, count: starts.count)
            var next = 1
            for ranges in sets {
                var renamed: [Int: Int] = [:]
                var interval = 0
                for range in ranges {
                    interval = Self.first(in: starts, from: range.lowerBound, after: interval)
                    while interval < starts.count, starts[interval] <= range.upperBound {
                        work -= 1
                        let number = numbers[interval]
                        if let other = renamed[number] {
                            numbers[interval] = other
                        } else {
                            renamed[number] = next
                            numbers[interval] = next
                            next += 1
                        }
                        interval += 1
                    }
                }
                guard work > 0 else { return nil }
            }
            var final: [Int: UInt8] = [:]
            var samples: [UInt32] = []
            var classes: [UInt8] = []
            for (interval, number) in numbers.enumerated() {
                if let known = final[number] {
                    classes.append(known)
                } else {
                    guard samples.count < limit else { return nil }
                    let known = UInt8(samples.count)
                    final[number] = known
                    classes.append(known)
                    samples.append(starts[interval])
                }
            }
            self.starts = starts
            self.classes = classes
            self.samples = samples
            var ascii: [UInt8] = []
            var interval = 0
            for code in 0..<UInt32(128) {
                while interval + 1 < starts.count, starts[interval + 1] <= code { interval += 1 }
                ascii.append(classes[interval])
            }
            self.ascii = ascii
        }

        private static func first(in starts: [UInt32], from code: UInt32, after least: Int) -> Int {
            var first = least
            var end = starts.count
            while first < end {
                let middle = (first + end) / 2
                if starts[middle] < code { first = middle + 1 } else { end = middle }
            }
            return first
        }
    }

    /// Builds the table of a program by visiting all its states (subset construction), within limits.
    struct TableBuilder {
        /// The facts about the previous character that the program's assertions need.
        private enum Before: UInt32 { case nothing, other, newline, word }

        private let program: Program
        private var work: Int
        private var asked: UInt32 = 0
        private var closure: Closure
        private var states: [[UInt32]] = []
        /// By `Before` and the threads, in order: the index of the row.
        private var rows: [[UInt32]: UInt16] = [:]

        init(_ program: Program, work: Int) {
            self.program = program
            self.work = work
            closure = Closure(program.instructions.count)
            for instruction in program.instructions where instruction.operation == .assert { asked |= instruction.x }
        }

        mutating func build() -> Table? {
            guard work > program.instructions.count,
                let classes = CodePointClasses(program, limit: maximumTableClasses, work: &work)
            else { return nil }
            let width = classes.samples.count + 1
            var entries = [UInt16](repeating: 0, count: width) + [UInt16](repeating: UInt16(width), count: width)
            guard let start = row(of: [before(nil).rawValue, 0], width: width) else { return nil }
            var next = 0
            while next < states.count {
                let state = states[next]
                next += 1
                guard fill(state, classes, width, &entries) else { return nil }
            }
            return Table(entries: entries, width: width, start: Int(start), classes: classes)
        }

        private mutating func fill(
            _ state: [UInt32], _ classes: CodePointClasses, _ width: Int, _ entries: inout [UInt16]
        ) -> Bool {
            let sample: UInt32? =
                switch Before(rawValue: state[0]) {
                case .nothing, nil: nil
                case .other: 0x20
                case .newline: 0x0A
                case .word: 0x61
                }
            let threads = Array(state.dropFirst())
            var known: (assertions: Assertions, leaves: [UInt32], matches: Bool)?
            for kind in 0..<width {
                let after = kind < classes.samples.count ? classes.samples[kind] : nil
                var assertions = Assertions(between: sample, and: after)
                assertions.formIntersection(Assertions(rawValue: asked))
                if known?.assertions != assertions {
                    var leaves: [UInt32] = []
                    let before = closure.work
                    let matches = closure.follow(threads, of: program, at: assertions, into: &leaves)
                    work -= closure.work - before
                    known = (assertions, leaves, matches)
                }
                guard work > 0, let (_, leaves, matches) = known else { return false }
                guard !matches else {
                    entries.append(UInt16(width))
                    continue
                }
                guard let after else {
                    entries.append(0)
                    continue
                }
                work -= leaves.count
                var following = [before(after).rawValue]
                if !program.isAnchored { following.append(0) }
                for leaf in leaves where program.consumes(program.instructions[Int(leaf)], after) {
                    following.append(leaf + 1)
                }
                following[1...].sort()
                guard let row = row(of: following, width: width) else { return false }
                entries.append(row)
            }
            return true
        }

        /// The index of a state's row, which may not be filled yet; nil if there is no more room.
        private mutating func row(of state: [UInt32], width: Int) -> UInt16? {
            if state.count == 1 { return 0 }
            // The cost of sorting the state and looking it up.
            work -= 8 * state.count
            if let known = rows[state] { return known }
            var leaves: [UInt32] = []
            let before = closure.work
            let matches = closure.follow(Array(state.dropFirst()), of: program, at: [], into: &leaves)
            work -= closure.work - before
            if matches { return UInt16(width) }
            let row = (states.count + 2) * width
            guard row + width <= maximumTableEntries else { return nil }
            states.append(state)
            rows[state] = UInt16(row)
            return UInt16(row)
        }

        private func before(_ code: UInt32?) -> Before {
            let lines = Assertions.beginLine.rawValue
            let words = Assertions.wordBoundary.rawValue | Assertions.noWordBoundary.rawValue
            guard let code else { return asked & (lines | Assertions.beginText.rawValue) != 0 ? .nothing : .other }
            if code == 0x0A, asked & lines != 0 { return .newline }
            if Assertions.isWord(code), asked & words != 0 { return .word }
            return .other
        }
    }
}
