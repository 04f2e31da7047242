/// A reader's position: for each ledger partition, the count of the fact that it reads next (`ChangeRing`). It is valid
/// at every member, and after restarts.
///
/// As text, `PARTITION.COUNT-PARTITION.COUNT…` in decimal digits, the partitions in ascending order. It needs no escape
/// in a URL or a header. An empty text has no partition.
public struct ChangeToken: Hashable, Sendable {
    /// A longer text is refused.
    public static let maximumBytes = 8 << 10
    /// The greatest number of digits of a number.
    private static let maximumDigits = 18

    /// By ascending partition.
    public private(set) var positions: [(partition: Int32, count: Int64)] = []

    public init() {}

    /// Nil if `text` cannot have written it.
    public init?(_ text: String) {
        let utf8 = text.utf8
        guard utf8.count <= Self.maximumBytes else { return nil }
        guard !utf8.isEmpty else { return }
        for part in utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false) {
            let numbers = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard numbers.count == 2, let partition = Self.number(numbers[0]).flatMap(Int32.init(exactly:)),
                let count = Self.number(numbers[1]), count > 0, partition > positions.last?.partition ?? -1
            else { return nil }
            positions.append((partition, count))
        }
    }

    public var text: String {
        positions.map { "\($0.partition).\($0.count)" }.joined(separator: "-")
    }

    /// Nil if the token does not have the partition.
    public subscript(partition: Int32) -> Int64? {
        get {
            let index = index(of: partition)
            return index < positions.count && positions[index].partition == partition ? positions[index].count : nil
        }
        set {
            let index = index(of: partition)
            let isThere = index < positions.count && positions[index].partition == partition
            switch newValue {
            case .some(let count) where isThere: positions[index].count = count
            case .some(let count): positions.insert((partition, count), at: index)
            case nil where isThere: positions.remove(at: index)
            case nil: break
            }
        }
    }

    private func index(of partition: Int32) -> Int {
        positions.firstIndex { $0.partition >= partition } ?? positions.count
    }

    private static func number(_ digits: Substring.UTF8View) -> Int64? {
        guard (1...maximumDigits).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    public static func == (a: Self, b: Self) -> Bool { a.positions.elementsEqual(b.positions) { $0 == $1 } }

    public func hash(into hasher: inout Hasher) {
        for position in positions {
            hasher.combine(position.partition)
            hasher.combine(position.count)
        }
    }
}
