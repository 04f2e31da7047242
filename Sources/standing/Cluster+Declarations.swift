import Events
import Topics

extension Cluster {
    /// Of the source topics that have one, by the topic's name with the prefix.
    var declarations: [String: SourceDeclaration] {
        var declarations: [String: SourceDeclaration] = [:]
        for definition in definitions { declarations[prefix + definition.name] = definition.declaration }
        return declarations
    }
}
