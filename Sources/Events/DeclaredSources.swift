/// The declarations of all source topics, compiled: whether an event is within its topic's declaration.
///
/// The prefixes of two topics do not overlap. So the `source` of an event tells which topic it came from, and no topic's
/// event has the identity (`source`, `id`) of another declared topic's. A topic without a declaration is bound in one
/// respect: its events have no `source` that another topic has declared. In steady state nothing here allocates. Not
/// thread-safe.
public final class DeclaredSources {
    private struct Topic: BitwiseCopyable {
        /// Nil if the declaration names no types.
        let types: BytePrefixTable?
        /// Nil if it names no sources.
        let sources: BytePrefixTable?
        /// Microseconds since 1970.
        var earliest = Int64.min

        init(_ declaration: SourceDeclaration) {
            types =
                declaration.types.isEmpty ? nil : BytePrefixTable(declaration.types.map(DeclaredSources.pattern))
            sources = declaration.sources.isEmpty ? nil : BytePrefixTable(DeclaredSources.prefixes(declaration))
        }
    }

    private let declarations: [SourceDeclaration]
    /// One a declaration.
    private let topics: UnsafeMutableBufferPointer<Topic>
    private let numbers: [String: Int]
    /// Every prefix that a topic has declared.
    private let claimed: BytePrefixTable

    /// By the topic's name.
    public init(_ declarations: [String: SourceDeclaration]) {
        let sorted = declarations.sorted { $0.key < $1.key }
        self.declarations = sorted.map(\.value)
        topics = .allocate(capacity: sorted.count)
        _ = topics.initialize(from: sorted.map { Topic($0.value) })
        numbers = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1.key, $0) })
        claimed = BytePrefixTable(sorted.flatMap { Self.prefixes($0.value) })
    }

    deinit {
        for topic in topics {
            topic.types?.deallocate()
            topic.sources?.deallocate()
        }
        topics.deallocate()
        claimed.deallocate()
    }

    private static func pattern(_ type: String) -> (bytes: [UInt8], isPrefix: Bool) {
        let isPrefix = type.utf8.suffix(2).elementsEqual(".*".utf8)
        return (Array(isPrefix ? type.utf8.dropLast() : type.utf8[...]), isPrefix)
    }

    private static func prefixes(_ declaration: SourceDeclaration) -> [(bytes: [UInt8], isPrefix: Bool)] {
        declaration.sources.map { (Array($0.utf8), true) }
    }

    /// The number of a topic's declaration; nil if it has none.
    public func number(of topic: String) -> Int? { numbers[topic] }

    /// From now on it is this time, in microseconds since 1970. Before the first call no event is too old.
    public func setTime(_ now: Int64) {
        for (number, declaration) in declarations.enumerated() where declaration.lasts != nil {
            topics[number].earliest = declaration.earliest(at: Timestamp(microseconds: now)).microseconds
        }
    }

    /// Why an event is outside of a declaration; nil if it is within. `number`: of its topic's; nil if it has none.
    public func defect(of event: EventView, declaration number: Int?) -> EventDefect? {
        guard let number else { return claimed.matches(event.source) ? EventDefect(.source, .notDeclared) : nil }
        let topic = topics[number]
        guard topic.sources?.matches(event.source) ?? !claimed.matches(event.source) else {
            return EventDefect(.source, .notDeclared)
        }
        guard topic.types?.matches(event.type) ?? true else { return EventDefect(.type, .notDeclared) }
        return event.time.microseconds < topic.earliest ? EventDefect(.source, .tooOld) : nil
    }
}
