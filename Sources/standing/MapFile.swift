import ArgumentParser
import Foundation
import Mapping
import Policy
import Terminal
import Topics

/// A file with a map: a topic file, or a file with only a map.
struct MapFile {
    let map: RecordMap
    /// The file's text.
    let text: String
    /// Nil if the file is not a topic file.
    let topic: TopicDefinition?

    /// Ends the command with every mistake of the file.
    init(_ path: String) throws {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw fail("\(path): error: cannot be read", Exit.usage)
        }
        do {
            text = try YAMLReader.text(of: bytes, file: path)
            guard Self.isOfTopic(text) else {
                topic = nil
                map = try RecordMap(yaml: text, file: path)
                return
            }
            let definition = try TopicDefinition.parse(text, file: path)
            guard let map = definition.map else {
                throw fail("\(path): error: the topic has no map: its records are CloudEvents", Exit.usage)
            }
            self.map = map
            topic = definition
        } catch let error as YAMLMistakes {
            throw fail(error.description)
        } catch let error as TopicFileError {
            throw fail(error.description)
        }
    }

    private static func isOfTopic(_ text: String) -> Bool {
        let reader = YAMLReader(text)
        return reader.root.flatMap { reader.mapping($0, what: "the document", known: nil) }?["role"] != nil
    }
}
