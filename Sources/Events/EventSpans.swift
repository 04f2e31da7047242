/// The positions of an event's parts in its JSON, structured mode. The program that wrote the JSON knows them, so it is
/// not parsed again.
///
/// The writer ensures that the attributes' texts are valid UTF-8 without escapes, and that `data` is an object that
/// `EventDecoder` accepts in an event.
public struct EventSpans {
    /// Each without the quotes.
    public var id = 0..<0
    public var source = 0..<0
    public var type = 0..<0
    public var subject = 0..<0
    public var time = 0..<0
    /// With the braces; empty if there is no data.
    public var data = 0..<0

    public init() {}
}
