/// The paths of a table's routes as a tree of segments.
struct RoutePaths: Sendable {
    private struct Node {
        var literals: [String: Int] = [:]
        var parameter: Int?
        /// Indexes of the routes that end here.
        var routes: [Int] = []
    }

    /// The root is the first.
    private var nodes = [Node()]

    init(_ patterns: [String]) {
        for (index, pattern) in patterns.enumerated() {
            var node = 0
            for segment in Self.segments(of: pattern) {
                let isParameter = Self.parameter(segment) != nil
                if let next = isParameter ? nodes[node].parameter : nodes[node].literals[String(segment)] {
                    node = next
                } else {
                    nodes.append(Node())
                    if isParameter {
                        nodes[node].parameter = nodes.count - 1
                    } else {
                        nodes[node].literals[String(segment)] = nodes.count - 1
                    }
                    node = nodes.count - 1
                }
            }
            nodes[node].routes.append(index)
        }
    }

    /// The indexes of the routes with this path, whatever their methods. Those with literal segments come before those with a parameter
    /// at the same position: a subject may be called as the last segment of another path.
    func routes(of segments: [Substring]) -> [Int] { routes(of: segments[...], from: 0) }

    private func routes(of segments: ArraySlice<Substring>, from node: Int) -> [Int] {
        guard let first = segments.first else { return nodes[node].routes }
        var found: [Int] = []
        if let next = nodes[node].literals[String(first)] { found = routes(of: segments.dropFirst(), from: next) }
        if let next = nodes[node].parameter, !first.isEmpty { found += routes(of: segments.dropFirst(), from: next) }
        return found
    }

    /// What stands between the slashes of a path; a slash at the end counts for nothing.
    static func segments(of path: String) -> [Substring] {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last?.isEmpty == true { segments.removeLast() }
        return Array(segments)
    }

    /// The name in `{name}`; nil for a literal segment.
    static func parameter(_ segment: Substring) -> String? {
        segment.hasPrefix("{") && segment.hasSuffix("}") ? String(segment.dropFirst().dropLast()) : nil
    }
}

/// Nil unless every `%` starts two hexadecimal digits and the outcome is UTF-8.
public func percentDecoded(_ segment: some StringProtocol) -> [UInt8]? {
    guard segment.utf8.contains(UInt8(ascii: "%")) else { return Array(segment.utf8) }
    var decoded: [UInt8] = []
    var rest = Substring(segment).utf8
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            decoded.append(byte)
            continue
        }
        guard let high = rest.popFirst().flatMap(hexadecimalDigit), let low = rest.popFirst().flatMap(hexadecimalDigit)
        else { return nil }
        decoded.append(high << 4 | low)
    }
    return String(validating: decoded, as: UTF8.self) == nil ? nil : decoded
}

private func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
