import ArgumentParser
import Events
import Terminal
import Topics

/// A source topic to which CloudEvents are sent.
struct SourceTopic {
    /// The name with the prefix; empty if it is left out.
    var topic = ""
    /// The declarations of all topics, by name.
    var declarations: [String: SourceDeclaration] = [:]

    init() {}

    /// The source topic of this name, given with or without the prefix; if the name is nil, the only one. Ends the
    /// command if there is none, or if its records have a format of their own.
    init(_ name: String?, of definitions: [TopicDefinition], prefix: String) throws {
        let sources = definitions.filter { $0.role == .source }.map { prefix + $0.name }
        let known = sources.isEmpty ? "there is none" : sources.joined(separator: ", ")
        if let name {
            guard let found = sources.first(where: { $0 == name || $0 == prefix + name }) else {
                throw fail("error: --topic: \(name) is no source topic of the topic files: \(known)", Exit.usage)
            }
            topic = found
        } else {
            guard sources.count == 1 else { throw fail("error: which --topic? \(known)", Exit.usage) }
            topic = sources[0]
        }
        for definition in definitions { declarations[prefix + definition.name] = definition.declaration }
        guard declarations[topic]?.format != .json else {
            throw fail("error: --topic: \(topic) has records of its own format and no CloudEvents", Exit.usage)
        }
    }
}
