/// Elements by event type and prefix. A look-up does not compare with every pattern.
public struct EventPatternTable<Element: Comparable & Sendable>: Sendable {
    private var elements: [EventPattern: [Element]] = [:]
    private var hasPrefixes = false

    public init() {}

    public mutating func add(_ element: Element, for patterns: [EventPattern]) {
        for pattern in patterns {
            elements[pattern, default: []].append(element)
            if pattern.isPrefix { hasPrefixes = true }
        }
    }

    /// The elements of a pattern and of the prefixes that cover it, each once and in order.
    public func covering(_ pattern: EventPattern) -> [Element] {
        var found = elements[pattern] ?? []
        if hasPrefixes {
            for prefix in pattern.prefixes { found += elements[prefix] ?? [] }
        }
        guard found.count > 1 else { return found }
        found.sort()
        var last = 0
        for index in found.indices.dropFirst() where found[index] != found[last] {
            last += 1
            found[last] = found[index]
        }
        found.removeSubrange((last + 1)...)
        return found
    }
}

extension EventPattern {
    /// The prefixes that cover it, without itself.
    fileprivate var prefixes: [EventPattern] {
        let bytes = Array(stem.utf8)
        return bytes.indices.compactMap { index in
            guard bytes[index] == UInt8(ascii: "."), !(isPrefix && index == bytes.count - 1) else { return nil }
            return EventPattern(prefix: String(decoding: bytes[...index], as: UTF8.self))
        }
    }
}
