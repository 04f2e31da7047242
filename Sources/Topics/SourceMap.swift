/// The document with the map of a source topic of the format `json`: a file of its own, or the topic file itself.
public struct SourceMap: Sendable, Equatable {
    /// The path, in error messages.
    public var file: String
    /// YAML; the map is under the key `map`, or is the whole document.
    public var text: String

    public init(file: String, text: String) { (self.file, self.text) = (file, text) }
}
