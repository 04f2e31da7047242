/// Where the parts of an event are in its JSON, structured mode, for who has written that JSON: so nobody has to parse it again.
///
/// The writer vouches that the attributes' texts are valid UTF-8 without escapes, and that `data` is an object that
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
