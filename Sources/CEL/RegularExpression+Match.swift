extension RegularExpression.Program {
    typealias Assertions = RegularExpression.Assertions

    /// Whether a character can be consumed, or the match reached, from the start if at most these facts are true.
    func begins(within assertions: Assertions) -> Bool {
        var leaves: [UInt32] = []
        var closure = RegularExpression.Closure(instructions.count)
        return closure.follow([0], of: self, at: assertions, into: &leaves) || !leaves.isEmpty
    }

    @inline(__always)
    func consumes(_ instruction: RegularExpression.Instruction, _ code: UInt32) -> Bool {
        instruction.operation == .character ? instruction.x == code : sets[Int(instruction.x)].contains(code)
    }

    /// Simulates all threads at once, one character at a time. A thread is the index of its next instruction.
    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        let count = instructions.count
        // Four arrays: the generation at which each instruction was last reached, the threads of this position, those of
        // the next, and a stack.
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * count + 4) { memory in
            guard let base = memory.baseAddress else { return false }
            base.initialize(repeating: 0, count: memory.count)
            return instructions.withUnsafeBufferPointer {
                matches(text, $0, reached: base, base + count, base + 2 * count + 1, stack: base + 3 * count + 2)
            }
        }
    }

    private func matches(
        _ text: UnsafeRawBufferPointer, _ code: UnsafeBufferPointer<RegularExpression.Instruction>,
        reached: UnsafeMutablePointer<UInt32>, _ first: UnsafeMutablePointer<UInt32>,
        _ second: UnsafeMutablePointer<UInt32>, stack: UnsafeMutablePointer<UInt32>
    ) -> Bool {
        var (threads, following) = (first, second)
        var threadCount = 0
        var generation: UInt32 = 0
        var index = 0
        var before: UInt32?
        while true {
            if !isAnchored || index == 0 {
                threads[threadCount] = 0
                threadCount += 1
            }
            if threadCount == 0 { return false }
            var after: UInt32?
            var length = 0
            if index < text.count {
                let (code, count) = RegularExpression.decode(text, at: index)
                (after, length) = (code, count)
            }
            let assertions = Assertions(between: before, and: after).rawValue
            if generation == .max {
                reached.update(repeating: 0, count: code.count)
                generation = 0
            }
            generation += 1
            var followingCount = 0
            for thread in 0..<threadCount {
                guard reached[Int(threads[thread])] != generation else { continue }
                // Marks each thread on the stack, so that it is there only once.
                reached[Int(threads[thread])] = generation
                stack[0] = threads[thread]
                var height = 1
                while height > 0 {
                    height -= 1
                    let at = stack[height]
                    let instruction = code[Int(at)]
                    switch instruction.operation {
                    case .match: return true
                    case .character, .set:
                        if let after, consumes(instruction, after) {
                            following[followingCount] = at + 1
                            followingCount += 1
                        }
                    case .split:
                        if reached[Int(instruction.y)] != generation {
                            reached[Int(instruction.y)] = generation
                            stack[height] = instruction.y
                            height += 1
                        }
                        if reached[Int(instruction.x)] != generation {
                            reached[Int(instruction.x)] = generation
                            stack[height] = instruction.x
                            height += 1
                        }
                    case .jump:
                        if reached[Int(instruction.x)] != generation {
                            reached[Int(instruction.x)] = generation
                            stack[height] = instruction.x
                            height += 1
                        }
                    case .assert:
                        if assertions & instruction.x != 0, reached[Int(at) + 1] != generation {
                            reached[Int(at) + 1] = generation
                            stack[height] = at + 1
                            height += 1
                        }
                    }
                }
            }
            guard after != nil else { return false }
            (threads, following) = (following, threads)
            threadCount = followingCount
            before = after
            index += length
        }
    }
}

extension RegularExpression {
    /// The instructions that are reached without consuming anything.
    struct Closure {
        private var reached: [UInt32]
        private var generation: UInt32 = 0
        private var stack: [UInt32] = []
        /// Instructions visited.
        private(set) var work = 0

        init(_ count: Int) { reached = Array(repeating: 0, count: count) }

        /// Appends the instructions that consume a character. Returns true if the match is reached.
        mutating func follow(
            _ threads: [UInt32], of program: Program, at assertions: Assertions, into leaves: inout [UInt32]
        ) -> Bool {
            generation += 1
            var matches = false
            for thread in threads { reach(thread) }
            while let at = stack.popLast() {
                work += 1
                let instruction = program.instructions[Int(at)]
                switch instruction.operation {
                case .match: matches = true
                case .character, .set: leaves.append(at)
                case .split:
                    reach(instruction.y)
                    reach(instruction.x)
                case .jump: reach(instruction.x)
                case .assert: if assertions.rawValue & instruction.x != 0 { reach(at + 1) }
                }
            }
            return matches
        }

        private mutating func reach(_ instruction: UInt32) {
            guard reached[Int(instruction)] != generation else { return }
            reached[Int(instruction)] = generation
            stack.append(instruction)
        }
    }
}
