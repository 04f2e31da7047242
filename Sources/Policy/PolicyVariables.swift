public import Expressions

/// The variables that a policy's expressions may name, by what they are about, and their slots in a frame.
public struct PolicyVariables: Sendable {
    /// Rules, and a sanction's event condition: `data`, `type`, `source`, `subject`, `id`, `time`, `kind`.
    public struct Event: Sendable {
        public var declarations = Declarations()
        public let type: Int
        public let source: Int
        public let subject: Int
        public let id: Int
        public let time: Int
        public let kind: Int

        init() {
            type = declarations.declare("type", as: .string)
            source = declarations.declare("source", as: .string)
            subject = declarations.declare("subject", as: .string)
            id = declarations.declare("id", as: .string)
            time = declarations.declare("time", as: .timestamp)
            kind = declarations.declare("kind", as: .string)
            declarations.declareObject("data")
        }
    }

    /// Perks, and a sanction's level: `score`, `band`, `kind`, `dimension.<name>`, `sanctioned`; a sanction's level sees
    /// only `points`, those of its own dimension, and `kind`.
    public struct Standing: Sendable {
        public var declarations = Declarations()
        public let score: Int
        public let band: Int
        public let kind: Int
        public let sanctioned: Int
        public let points: Int
        /// By dimension.
        public let dimensions: [Int]

        init(dimensions names: [String]) {
            score = declarations.declare("score", as: .int)
            band = declarations.declare("band", as: .string)
            kind = declarations.declare("kind", as: .string)
            sanctioned = declarations.declare("sanctioned", as: .bool)
            points = declarations.declare("points", as: .int)
            dimensions = declarations.declareRecord("dimension", fields: names, as: .int)
        }
    }

    public internal(set) var event = Event()
    public internal(set) var standing: Standing

    init(dimensions: [String]) { standing = Standing(dimensions: dimensions) }
}
