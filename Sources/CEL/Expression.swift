/// A compiled CEL expression.
///
/// It is compiled against `Declarations`, and evaluated against an `EvaluationFrame` made from them, on any number of
/// threads. The only side effect of an evaluation is on the frame's macro variables. It always ends within
/// `Limit.cost`.
public final class Expression: Sendable {
    /// The text that was compiled.
    public let source: String
    /// `.dynamic` if the type is not certain.
    public let type: ValueType
    /// Errors that are certain at run time, in the order of the source. They are not thrown, because CEL makes each an
    /// error of its subexpression, which `||`, `&&`, `?:` and macros may absorb.
    public let diagnostics: [ExpressionError]
    /// Valid CEL that is usually a mistake, in the order of the source.
    public let warnings: [ExpressionError]
    /// The declared names that it reads, each with its slot, in the order of first use.
    public let references: [(name: String, slot: Int)]
    /// Their slots.
    public let slots: [Int]
    /// The declared constants that were compiled in, such as `constant.limit`, each once.
    public let constantNames: [String]
    /// Every name that selects something in the declared object, at any depth and through macro variables too, and
    /// every constant that is compared with one of the object's own keys.
    public let objectFieldNames: [FieldName]
    /// Every field of an open record that it names and that is not declared, in the order of the source.
    public let undeclaredNames: [FieldName]
    /// Whether it reads the declared object as a map, so that its slot must be filled (`Declarations.wholeObjectSlot`).
    public let readsWholeObject: Bool

    /// A field's name, and its position in an expression.
    public struct FieldName: Sendable, Hashable {
        public let name: String
        public let line: Int
        public let column: Int
    }

    let root: Node
    let comparisons: [ComparisonSite]
    private let neededSlots: Int
    private let neededVariables: Int

    /// Parses, checks and compiles. Throws if the source is not an expression, or exceeds a limit. `container` is the
    /// namespace in which names are looked up first.
    public init(
        _ source: String, in declarations: inout Declarations, container: String = ""
    ) throws(ExpressionError) {
        guard container.utf8.count <= Limit.containerBytes else {
            throw LineMap([]).error(0, "a container has at most \(Limit.containerBytes) bytes")
        }
        guard NameTree.segments(of: container).count <= Limit.containerSegments else {
            throw LineMap([]).error(0, "a container has at most \(Limit.containerSegments) names")
        }
        let bytes = Array(source.utf8)
        let syntax: Syntax
        do throws(Lexer.Defect) {
            syntax = try Parser.parse(bytes)
        } catch {
            // A source beyond the limit is not scanned: its error is at its start.
            throw LineMap(bytes.count > Limit.sourceBytes ? [] : bytes).error(error.offset, error.message)
        }
        var compiler = Compiler(declarations, container: container)
        let part = compiler.compile(syntax)
        declarations = compiler.declarations
        declarations.reserveVariables(compiler.variableCount)

        self.source = source
        references = compiler.references
        slots = references.map(\.slot)
        readsWholeObject = compiler.readsWholeObject
        neededSlots = (slots.max() ?? -1) + 1
        neededVariables = compiler.variableCount

        var node = part.node
        var diagnostics = compiler.diagnostics
        var warnings = compiler.warnings
        if references.isEmpty {
            let value = node.value(EvaluationFrame(slots: 0, variables: compiler.variableCount))
            if case .error(let error) = value {
                // An expression with an undeclared field is not reported: the field is absent wherever it is read.
                if diagnostics.isEmpty, compiler.undeclaredNames.isEmpty {
                    let message = "always an error: \(error)"
                    if !error.isOfValues {
                        diagnostics.append((part.offset, message))
                    } else if warnings.isEmpty {
                        warnings.append((part.offset, message))
                    }
                }
                node = FailureNode(error)
            } else {
                node = ConstantNode(value)
            }
        }
        root = node
        type = node.constant?.valueType ?? part.type
        comparisons = compiler.comparisons
        constantNames = compiler.constantNames
        self.warnings =
            warnings.isEmpty
            ? [] : warnings.map { [lineMap = LineMap(bytes)] in lineMap.error($0.offset, $0.message) }
        if diagnostics.isEmpty, compiler.fieldNames.isEmpty, compiler.undeclaredNames.isEmpty {
            self.diagnostics = []
            objectFieldNames = []
            undeclaredNames = []
        } else {
            let lineMap = LineMap(bytes)
            self.diagnostics = diagnostics.sorted { ($0.offset, $0.message) < ($1.offset, $1.message) }
                .map { lineMap.error($0.offset, $0.message) }
            func named(_ field: (name: String, offset: Int)) -> FieldName {
                let (line, column) = lineMap[field.offset]
                return FieldName(name: field.name, line: line, column: column)
            }
            objectFieldNames = compiler.fieldNames.map(named)
            undeclaredNames = compiler.undeclaredNames.map(named)
        }
    }

    /// The value of an expression that reads nothing; nil if it reads something, or is an error.
    public var constant: Value? { root.constant }

    /// Whether it charges nothing, and has a value of its type whenever each slot that it reads has one of the declared
    /// type.
    public var isPlain: Bool { root.isPlain && type != .dynamic }

    /// Returns false if the frame's budget is used up.
    @inline(__always)
    private func begin(_ frame: EvaluationFrame) -> Bool {
        precondition(
            neededSlots <= frame.slotCount && neededVariables <= frame.variableCount,
            "a frame is made after all expressions are compiled")
        return frame.begin()
    }

    /// `.error` if there is no value.
    public func evaluate(_ frame: EvaluationFrame) -> Value {
        begin(frame) ? root.value(frame) : .error(.tooExpensive)
    }

    /// `error` also if the value is not a bool.
    public func truth(_ frame: EvaluationFrame) -> Truth {
        begin(frame) ? root.truth(frame) : .error
    }

    /// Nil for an error, and if the value is not an int.
    public func integer(_ frame: EvaluationFrame) -> Int64? {
        begin(frame) ? root.integer(frame) : nil
    }

    /// The reason why `truth` (`wanted` is `.bool`) or `integer` (`.int`) had no result in the last evaluation with
    /// this frame, which must be unchanged. It evaluates once more without a charge, unless a budget is used up.
    public func failure(_ frame: EvaluationFrame, wanted: ValueType) -> EvaluationFailure {
        guard !frame.isSpentByAll else { return .eventTooExpensive }
        guard frame.budget.pointee >= 0 else { return .error(.tooExpensive) }
        let value = frame.aside { evaluate(frame) }
        if case .error(let error) = value { return .error(error) }
        return .wrongType(value.valueType ?? .dynamic, wanted: wanted)
    }
}
