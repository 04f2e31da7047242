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
