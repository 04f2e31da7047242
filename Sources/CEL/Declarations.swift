/// The names that an expression may use. Every name has a slot in the frame.
///
/// A value type: expressions are compiled against one `var`, which records the fields of its object that they name.
/// Frames are made from it afterwards.
public struct Declarations: Sendable {
    enum Entry: Sendable {
        case variable(name: String, slot: Int, type: ValueType)
        case record(Record)
        case object(name: String)
        /// A type's own name, until another declaration replaces it.
        case type(ValueType)
    }

    struct Record: Sendable {
        enum Field: Sendable {
            case slot(Int, ValueType)
            case constant(Value)
        }

        let name: String
        /// In the order of their declaration.
        let fieldNames: [String]
        let fields: [Name: Field]
        /// True if a field that is not declared is absent. Otherwise naming one is an error.
        let isOpen: Bool

        /// Of two fields with one name the first applies.
        init(name: String, fields: [(name: String, field: Field)], isOpen: Bool = false) {
            self.name = name
            self.isOpen = isOpen
            fieldNames = fields.map(\.name)
            self.fields = Dictionary(fields.map { (Name($0.name), $0.field) }) { first, _ in first }
        }
    }

    private(set) var tree = Declarations.typeNames
    /// In the order of their declaration, for suggestions.
    private(set) var names: [String] = []
    private(set) var objectName: String?
    private var fieldSlots: [Name: Int] = [:]

    /// Names of the object's top-level fields that expressions compiled so far have named, in slot order.
    public private(set) var objectFields: [(name: String, slot: Int)] = []
    /// The slot of the object as a map; nil unless an expression needs it.
    public private(set) var wholeObjectSlot: Int?
    /// The number of slots, from 0, that an `EvaluationFrame` has for these declarations.
    public private(set) var slotCount = 0
    /// The number of macro variables of the expression that needs most.
    private(set) var variableCount = 0
    /// The literal patterns of the expressions compiled so far, each compiled once.
    private var patterns: [Name: RegularExpression] = [:]

    public init() {}

    func pattern(_ source: Name) -> RegularExpression? { patterns[source] }

    mutating func add(_ pattern: RegularExpression, _ source: Name) { patterns[source] = pattern }

    private mutating func newSlot() -> Int {
        slotCount += 1
        return slotCount - 1
    }

    private mutating func enter(_ name: String, _ entry: Entry) {
        switch tree.update(name, to: entry) {
        case nil, .type?: names.append(name)
        default: break
        }
    }

    private static let typeNames: NameTree = {
        var tree = NameTree()
        for type in ValueType.denoted { _ = tree.update(type.name, to: .type(type)) }
        return tree
    }()

    /// Declares a variable and returns its slot. A name may contain dots (a qualified name). Of several declarations of
    /// a name the last applies.
    @discardableResult
    public mutating func declare(_ name: String, as type: ValueType) -> Int {
        let slot = newSlot()
        enter(name, .variable(name: name, slot: slot, type: type))
        return slot
    }

    /// Declares a name of which only the fields can be used, each with a slot of its own. Returns the slots in order.
    /// An absent field is `.error(.noSuchField)`: reading it is an error, and `has()` is false.
    @discardableResult
    public mutating func declareRecord(_ name: String, fields: [String], as type: ValueType) -> [Int] {
        declareRecord(name, fields: fields.map { ($0, type) })
    }

    /// The same with fields of different types. With `isOpen` a field that is not declared is absent, and naming it is
    /// a warning; otherwise it is an error.
    @discardableResult
    public mutating func declareRecord(
        _ name: String, fields: [(name: String, type: ValueType)], isOpen: Bool = false
    ) -> [Int] {
        let slots = fields.map { _ in newSlot() }
        let declared = zip(fields, slots).map { ($0.name, Record.Field.slot($1, $0.type)) }
        let record = Record(name: name, fields: declared, isOpen: isOpen)
        enter(name, .record(record))
        return slots
    }

    /// Declares a name of which only the fields can be used, each a constant. Expressions are compiled with the values
    /// and read no slot.
    public mutating func declareConstants(_ name: String, _ values: [(name: String, value: Value)]) {
        enter(name, .record(Record(name: name, fields: values.map { ($0.name, .constant($0.value)) })))
    }

    /// Declares the only JSON object of unknown fields. `data.amount`, `data["amount"]`, `has(data.amount)` and
    /// `"amount" in data` read a slot of the field. Any other use reads the slot of the whole object, a map. A field
    /// that an event lacks is `.error(.noSuchField)`.
    public mutating func declareObject(_ name: String) {
        precondition(objectName?.isSame(name) ?? true, "declarations have one object")
        objectName = name
        enter(name, .object(name: name))
    }

    mutating func slot(ofField name: String) -> Int {
        let key = Name(name)
        if let slot = fieldSlots[key] { return slot }
        let slot = newSlot()
        fieldSlots[key] = slot
        objectFields.append((name, slot))
        return slot
    }

    mutating func slotOfWholeObject() -> Int {
        if let slot = wholeObjectSlot { return slot }
        let slot = newSlot()
        wholeObjectSlot = slot
        return slot
    }

    mutating func reserveVariables(_ count: Int) { variableCount = max(variableCount, count) }
}

/// A static type. Lists and maps have no types of items.
public enum ValueType: Sendable, Hashable {
    case null, bool, int, uint, double, string, bytes, list, map, timestamp, duration, type, dynamic

    /// The name in CEL.
    public var name: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .dynamic: "dyn"
        }
    }

    /// The name with its article, for messages.
    var described: String {
        switch self {
        case .int: "an int"
        case .null: "null"
        case .timestamp: "a timestamp"
        case .duration: "a duration"
        case .bytes: "bytes"
        default: "a \(name)"
        }
    }

    /// Every type whose name an expression can use as a value.
    static let denoted: [ValueType] = [
        .null, .bool, .int, .uint, .double, .string, .bytes, .list, .map, .timestamp, .duration, .type,
    ]

    var isNumber: Bool { self == .int || self == .uint || self == .double }
    var isNumberOrDynamic: Bool { isNumber || self == .dynamic }
}

extension Value {
    /// Nil for an error.
    public var valueType: ValueType? {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        case .list: .list
        case .map: .map
        case .timestamp: .timestamp
        case .duration: .duration
        case .type: .type
        case .error: nil
        }
    }
}
