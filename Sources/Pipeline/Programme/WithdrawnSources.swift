/// The source topics that are withdrawn, by ledger partition. The partitions differ where an act has not reached all of
/// them yet, or where one ignored it because its fold version is older.
public struct WithdrawnSources: Sendable, Hashable, Codable {
    public struct Partition: Sendable, Hashable, Codable {
        public let partition: Int32
        /// In the order of their names.
        public let topics: [String]
    }

    /// The partitions in which a source is withdrawn.
    public struct Extent: Sendable, Equatable {
        /// In ascending order.
        public let partitions: [Int32]
        /// The number of partitions whose withdrawn sources are known; not 0.
        public let known: Int

        public var isNowhere: Bool { partitions.isEmpty }
        public var isEverywhere: Bool { partitions.count == known }

        /// Such as `withdrawn in 1 of 3 ledger partitions (2)`; nil if it is withdrawn in none or in all.
        public var difference: String? {
            guard !isNowhere, !isEverywhere else { return nil }
            let names = partitions.prefix(WithdrawnSources.maximumNames).map(String.init).joined(separator: ", ")
            let more = partitions.count > WithdrawnSources.maximumNames ? ", …" : ""
            return "withdrawn in \(partitions.count) of \(known) ledger partitions (\(names)\(more))"
        }
    }

    /// In a sentence.
    private static let maximumNames = 20

    /// Those whose withdrawn sources are known, in ascending order, each once.
    public private(set) var partitions: [Partition] = []

    public init() {}

    /// Ignores a partition that is known.
    public mutating func add(_ topics: [String], of partition: Int32) {
        var (index, end) = (0, partitions.count)
        while index < end {
            let middle = (index + end) / 2
            if partitions[middle].partition < partition { index = middle + 1 } else { end = middle }
        }
        guard index == partitions.count || partitions[index].partition != partition else { return }
        partitions.insert(Partition(partition: partition, topics: topics.sorted()), at: index)
    }

    /// Adds the partitions of another value that are not known yet.
    public mutating func add(_ other: Self) {
        for each in other.partitions { add(each.topics, of: each.partition) }
    }

    /// Those of the partitions that are among `owned`.
    func of(_ owned: Set<Int32>) -> Self {
        var copy = self
        copy.partitions.removeAll { !owned.contains($0.partition) }
        return copy
    }

    /// The topics that are withdrawn in any partition, in the order of their names.
    public var topics: [String] { Set(partitions.flatMap(\.topics)).sorted() }

    /// Nil if no partition is known.
    public func extent(of topic: String) -> Extent? {
        guard !partitions.isEmpty else { return nil }
        return Extent(
            partitions: partitions.filter { $0.topics.contains(topic) }.map(\.partition), known: partitions.count)
    }

    /// The extent of each topic that is withdrawn in any partition, in the order of their names.
    public var extents: [(topic: String, extent: Extent)] {
        var found: [String: [Int32]] = [:]
        for each in partitions {
            for topic in each.topics where found[topic]?.last != each.partition {
                found[topic, default: []].append(each.partition)
            }
        }
        return found.sorted { $0.key < $1.key }.map { ($0.key, Extent(partitions: $0.value, known: partitions.count)) }
    }

    /// In words, the topics that are withdrawn in some partitions only.
    public var differences: [String] {
        extents.compactMap { topic, extent in
            extent.difference.map { "\(topic) is \($0): withdraw or restore it again" }
        }
    }

    /// Of `count` ledger partitions, those that are not known.
    public func missing(of count: Int) -> [Int32] {
        let known = Set(partitions.map(\.partition))
        return (0..<Int32(count)).filter { !known.contains($0) }
    }
}
