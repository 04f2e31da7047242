/// Declared names by their segments (`a.b.c` has three). One walk finds the longest name that begins a chain of
/// selections.
struct NameTree: Sendable {
    private struct Edge: Hashable {
        let from: Int32
        let segment: Name
    }

    /// The node at which every name begins.
    static let root: Int32 = 0

    private var edges: [Edge: Int32] = [:]
    private var entries: [Declarations.Entry?] = [nil]
    /// By node: whether a longer name begins with it.
    private var isInner = [false]

    func node(after node: Int32, _ segment: @autoclosure () -> Name) -> Int32? {
        isInner[Int(node)] ? edges[Edge(from: node, segment: segment())] : nil
    }

    func entry(at node: Int32) -> Declarations.Entry? { entries[Int(node)] }

    /// Sets a name's entry. Returns the one that it replaces; nil if there is none. A name that is too long is never
    /// found.
    mutating func update(_ name: String, to entry: Declarations.Entry) -> Declarations.Entry? {
        let segments = Self.segments(of: name)
        guard segments.count <= Limit.nameSegments else { return nil }
        var node = Self.root
        for segment in segments {
            let edge = Edge(from: node, segment: segment)
            if let next = edges[edge] {
                node = next
            } else {
                node = Int32(entries.count)
                edges[edge] = node
                isInner[Int(edge.from)] = true
                isInner.append(false)
                entries.append(nil)
            }
        }
        defer { entries[Int(node)] = entry }
        return entries[Int(node)]
    }

    static func segments(of name: String) -> [Name] {
        name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { Name(bytes: Array($0)) }
    }
}
