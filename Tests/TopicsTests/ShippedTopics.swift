import Foundation
import Topics

/// The folder `topics` of this package.
enum ShippedTopics {
    static let folder = URL(filePath: #filePath).appending(path: "../../../topics").standardized

    static func load() throws -> [TopicDefinition] {
        try TopicDefinition.load(directory: folder.path(percentEncoded: false))
    }

    static func schema(_ name: String) throws -> JSONSchema {
        try JSONSchema(contentsOf: folder.appending(path: "schemas/\(name)"))
    }
}
