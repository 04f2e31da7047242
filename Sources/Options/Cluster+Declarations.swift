public import Events
public import Mapping
internal import Topics

extension Cluster {
    /// The declarations of source topics that have one, by the topic's name with the prefix.
    public var declarations: [String: SourceDeclaration] {
        var declarations: [String: SourceDeclaration] = [:]
        for definition in definitions { declarations[prefix + definition.name] = definition.declaration }
        return declarations
    }

    /// The maps of source topics of the format `json`, by the topic's name with the prefix.
    public var maps: [String: RecordMap] {
        var maps: [String: RecordMap] = [:]
        for definition in definitions { maps[prefix + definition.name] = definition.map }
        return maps
    }
}
