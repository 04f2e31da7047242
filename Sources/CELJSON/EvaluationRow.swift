public import CEL

/// One row of a batch: a JSON line `{"name", "expr", "container"?, "vars"?}`, whose other members are ignored. The
/// variables are typed values as `TypedJSON` describes.
///
/// A row always has a result, on one line without its end: `{"name":…,"value":{…}}` or `{"name":…,"error":"…"}`. A
/// defect of the row itself is its error.
public struct EvaluationRow: Sendable {
    /// The limit of a row's UTF-8 bytes.
    static let maximumBytes = 4 * 1024 * 1024
    /// The limit of a row's variables.
    static let maximumVariables = 1024

    /// Empty if the row has none.
    public let name: String
    /// The certain errors of the expression, or its syntax error.
    public let diagnostics: [ExpressionError]
    /// The warnings of an expression that has no value: possible causes.
    public let warnings: [ExpressionError]
    /// `.error` if there is no value.
    public let value: Value
    /// The reason if there is no value: the evaluation's error, or the diagnostic for it.
    public let error: String?

    /// A defect of a row or of the text of `--vars`, in words.
    public struct Defect: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    public init(line: some Sequence<UInt8>) {
        var name = ""
        do throws(Defect) {
            let bytes = Array(line)
            guard bytes.count <= Self.maximumBytes else {
                throw Defect(description: "a row has at most \(Self.maximumBytes) bytes")
            }
            let row = try Self.object(bytes, "malformed row")
            name = try Self.string("name", of: row) ?? ""
            guard let source = try Self.string("expr", of: row) else {
                throw Defect(description: "malformed row: no \"expr\"")
            }
            let container = try Self.string("container", of: row) ?? ""
            let variables =
                try row.member("vars").map { json throws(Defect) in try Self.variables(json, arePlain: false) } ?? []
            self.init(name: name, source, container: container, variables: variables)
        } catch {
            self.init(name: name, diagnostics: [], value: .error(.malformedData), error: error.description)
        }
    }

    /// Evaluates `source` with variables of these values and their types.
    public init(name: String, _ source: String, container: String = "", variables: [(name: String, value: Value)]) {
        var declarations = Declarations()
        let slots = variables.map { declarations.declare($0.name, as: $0.value.valueType ?? .dynamic) }
        do throws(ExpressionError) {
            let expression = try Expression(source, in: &declarations, container: container)
            let frame = EvaluationFrame(declarations)
            for (slot, variable) in zip(slots, variables) { frame.slots[slot] = variable.value }
            let value = expression.evaluate(frame)
            var message: String?
            if case .error(let error) = value {
                message = error.description
                if error.isOfNames, let diagnostic = expression.diagnostics.first { message = diagnostic.description }
            }
            self.init(
                name: name, diagnostics: expression.diagnostics, warnings: message == nil ? [] : expression.warnings,
                value: value, error: message)
        } catch {
            self.init(name: name, diagnostics: [error], value: .error(.malformedData), error: error.description)
        }
    }

    private init(
        name: String, diagnostics: [ExpressionError], warnings: [ExpressionError] = [], value: Value, error: String?
    ) {
        self.name = name
        self.diagnostics = diagnostics
        self.warnings = warnings
        self.value = value
        self.error = error
    }

    private static func string(_ member: String, of row: Value) throws(Defect) -> String? {
        guard let value = row.member(member) else { return nil }
        guard let text = value.text else { throw Defect(description: "malformed row: \"\(member)\" is no string") }
        return text
    }

    /// The variables of JSON text such as `{"x": {"type": "int", "value": "1"}, "data": {"amount": 5}}`. A member that
    /// is not an object of exactly a `type` and a `value` is JSON as `JSONReader` reads it.
    public static func variables(json text: String) throws(Defect) -> [(name: String, value: Value)] {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maximumBytes else {
            throw Defect(description: "the variables have at most \(Self.maximumBytes) bytes")
        }
        return try variables(object(bytes, "the variables"), arePlain: true)
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Skips a byte order mark at the start.
    private static func object(_ bytes: [UInt8], _ what: String) throws(Defect) -> Value {
        let json = bytes.starts(with: byteOrderMark) ? bytes[byteOrderMark.count...] : bytes[...]
        switch json.withUnsafeBytes({ JSONReader.read($0) }) {
        case .success(let value) where value.members != nil: return value
        case .failure(.tooDeep):
            throw Defect(description: "\(what): the JSON nests more than \(JSONReader.maximumDepth) deep")
        case .failure(.keyTwice): throw Defect(description: "\(what): a JSON object has a key twice")
        default: throw Defect(description: "\(what): not a JSON object")
        }
    }

    private static func variables(
        _ json: Value, arePlain: Bool
    ) throws(Defect) -> [(name: String, value: Value)] {
        guard let members = json.members else { throw Defect(description: "the variables are no JSON object") }
        guard members.count <= maximumVariables else {
            throw Defect(description: "there are at most \(maximumVariables) variables")
        }
        var variables: [(name: String, value: Value)] = []
        for member in members {
            let name = member.key.text ?? ""
            if arePlain, !TypedJSON.isTyped(member.value) {
                variables.append((name, member.value))
                continue
            }
            do throws(TypedJSON.Defect) {
                variables.append((name, try TypedJSON.decode(member.value)))
            } catch {
                throw Defect(
                    description: "variable '\(String(name.unicodeScalars.prefix(40)).readable)': \(error.message)")
            }
        }
        return variables
    }

    /// The line of the result, without a line end.
    public var resultLine: String {
        var bytes = Array(#"{"name":"#.utf8)
        JSONString.write(name, to: &bytes)
        do throws(EvaluationError) {
            if let error {
                bytes += #","error":"#.utf8
                JSONString.write(error, to: &bytes)
            } else {
                let value = try TypedJSON.encode(value)
                bytes += #","value":"#.utf8
                bytes += value
            }
        } catch {
            bytes += #","error":"#.utf8
            JSONString.write(error.description, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }
}
