/// What is wrong with a setting of access, or with a file that one names. The description is one sentence that includes the remedy.
public struct AccessMistake: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
