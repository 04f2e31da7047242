public import CEL

/// The variables of a policy's expressions, by the object of the expression, and their slots in a frame. Constants have
/// no slots. The slot of an attribute or a measure has a value of its declared type, or `.error(.noSuchField)` if it is
/// absent.
public struct PolicyVariables: Sendable {
    /// The names that all expressions of a policy share.
    struct Names {
        var dimensions: [String] = []
        var constants: [ScoringPolicy.Constant] = []
        var attributes: [ScoringPolicy.Attribute] = []
        var measures: [String] = []
    }

    /// The variables of rules, measures, and a sanction's event condition: `data`, `type`, `source`, `subject`, `id`,
    /// `time`, `kind`, `constant.<name>`, `attribute.<name>`.
    public struct Event: Sendable {
        public var declarations = Declarations()
        public let type: Int
        public let source: Int
        public let subject: Int
        public let id: Int
        public let time: Int
        public let kind: Int
        /// By attribute.
        public let attributes: [Int]
        /// The slots of measures. An expression over an event that names one is an error with a message of its own.
        let measures: Set<Int>

        init(_ names: Names) {
            type = declarations.declare("type", as: .string)
            source = declarations.declare("source", as: .string)
            subject = declarations.declare("subject", as: .string)
            id = declarations.declare("id", as: .string)
            time = declarations.declare("time", as: .timestamp)
            kind = declarations.declare("kind", as: .string)
            declarations.declareObject("data")
            attributes = declarations.declare(names)
            measures = Set(declarations.declareRecord("measure", fields: names.measures, as: .int))
        }
    }

    /// The variables of perks, level sanctions and rules over measures: `score`, `band`, `kind`, `dimension.<name>`,
    /// `sanctioned`, `points`, `measure.<id>`, `constant.<name>`, `attribute.<name>`. A level sanction may use only
    /// `points` and the measures of its own dimension, and the subject's values; a rule over measures the same without
    /// `points`.
    public struct Standing: Sendable {
        public var declarations = Declarations()
        public let score: Int
        public let band: Int
        public let kind: Int
        public let sanctioned: Int
        public let points: Int
        /// By dimension.
        public let dimensions: [Int]
        /// By attribute.
        public let attributes: [Int]
        /// By measure.
        public let measures: [Int]

        init(_ names: Names) {
            score = declarations.declare("score", as: .int)
            band = declarations.declare("band", as: .string)
            kind = declarations.declare("kind", as: .string)
            sanctioned = declarations.declare("sanctioned", as: .bool)
            points = declarations.declare("points", as: .int)
            dimensions = declarations.declareRecord("dimension", fields: names.dimensions, as: .int)
            attributes = declarations.declare(names)
            measures = declarations.declareRecord("measure", fields: names.measures, as: .int)
        }
    }

    public internal(set) var event: Event
    public internal(set) var standing: Standing

    init(_ names: Names = Names()) {
        event = Event(names)
        standing = Standing(names)
    }
}

extension Declarations {
    /// Declares constants and attributes. Returns the slots of the attributes. Attributes that the policy does not
    /// declare are absent.
    fileprivate mutating func declare(_ names: PolicyVariables.Names) -> [Int] {
        declareConstants("constant", names.constants.map { ($0.name, $0.value) })
        return declareRecord("attribute", fields: names.attributes.map { ($0.name, $0.type.valueType) }, isOpen: true)
    }
}
