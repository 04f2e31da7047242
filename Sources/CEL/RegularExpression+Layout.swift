extension RegularExpression {
    /// Lays out a tree as a program. The sizes of the nodes are known, and so are all targets.
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
            case .assert(let assertions): instructions.append(Instruction(operation: .assert, x: assertions.rawValue))
            case .sequence(let members):
                for member in members.reversed() { tasks.append(.node(tree.children[member])) }
            case .alternatives(let members):
                // Layout: split a next, a, jump end, next: split …, and the last one alone.
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
