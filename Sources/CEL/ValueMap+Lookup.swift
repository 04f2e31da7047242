extension ValueMap {
    /// Up to this many entries a lookup compares each of them.
    static let scanned = 8

    /// Whether a value may be a key.
    public static func isKey(_ value: Value) -> Bool {
        switch value {
        case .bool, .int, .uint, .string: true
        default: false
        }
    }

    /// Units of `Limit.cost` of a lookup. A long key costs its bytes for each entry with which it is compared.
    func lookupCost(_ key: Value) -> Int {
        guard case .string(let text) = key, case let words = text.bytes.count >> 6, words > 0 else {
            return order.isEmpty ? 1 : 4
        }
        return order.isEmpty ? 1 + words * entries.count : 4 + words * Self.comparisons(entries.count)
    }

    /// Units of making a map of entries, beside the cost of each entry. Long keys cost the bytes that are read to sort
    /// them, or to compare each with each.
    static func keyCost(_ entries: [(key: Value, value: Value)]) -> Int {
        var words = 0
        for entry in entries {
            if case .string(let text) = entry.key { words += text.bytes.count >> 6 }
        }
        return words * (entries.count > scanned ? 2 * comparisons(entries.count) : entries.count)
    }

    /// The greatest cost of a lookup: no map has 2^20 entries.
    static func greatestCost(ofKey key: ValueSize) -> Double { 4 + (key.weight / 64).rounded(.down) * 20 }

    /// The greatest cost of making a map of keys that have this many bytes together.
    static func greatestCost(ofKeys bytes: Double) -> Double { (bytes / 64).rounded(.down) * 40 }

    /// The comparisons of a search among this many entries.
    private static func comparisons(_ count: Int) -> Int { Int.bitWidth - count.leadingZeroBitCount }

    /// Nil if there is no such key. 1, 1u and 1.0 find the same entry.
    public func value(forKey key: Value) -> Value? {
        index(ofKey: key).map { entries[$0].value }
    }

    /// The index of the entry with this key; nil if there is none.
    public func index(ofKey key: Value) -> Int? {
        guard let rank = KeyRank(key) else { return nil }
        return entries.withUnsafeBufferPointer { entries in
            if order.isEmpty {
                for index in entries.indices where KeyRank.order(KeyRank(entries[index].key), rank) == .equal {
                    return index
                }
                return nil
            }
            return order.withUnsafeBufferPointer { order in
                var low = 0
                var high = order.count
                while low < high {
                    let middle = (low + high) / 2
                    let index = Int(order[middle])
                    switch KeyRank.order(KeyRank(entries[index].key), rank) {
                    case .equal: return index
                    case .less: low = middle + 1
                    default: high = middle
                    }
                }
                return nil
            }
        }
    }

    /// The entries' indices in the order of their keys; empty for a small map.
    static func sortedIndices(of entries: [(key: Value, value: Value)]) -> [UInt32] {
        guard entries.count > scanned else { return [] }
        return (0..<UInt32(entries.count)).sorted {
            KeyRank.order(KeyRank(entries[Int($0)].key), KeyRank(entries[Int($1)].key)) == .less
        }
    }

    /// The entries whose key no earlier entry has, in their order. Takes n log n steps for any keys.
    static func firsts(of entries: [(key: Value, value: Value)]) -> [(key: Value, value: Value)] {
        let order = sortedIndices(of: entries)
        if order.isEmpty {
            return entries.indices.filter { later in !(0..<later).contains { sameKey(entries, $0, later) } }
                .map { entries[$0] }
        }
        var isRepeated = [Bool](repeating: false, count: entries.count)
        var first = Int(order[0])
        for index in order.dropFirst().map(Int.init) {
            if sameKey(entries, first, index) {
                isRepeated[max(first, index)] = true
                first = min(first, index)
            } else {
                first = index
            }
        }
        return entries.indices.filter { !isRepeated[$0] }.map { entries[$0] }
    }

    /// Whether two entries have the same key, so that they are not a map.
    public var hasDuplicate: Bool {
        if order.isEmpty {
            return entries.indices.contains { later in (0..<later).contains { Self.sameKey(entries, $0, later) } }
        }
        return zip(order, order.dropFirst()).contains { Self.sameKey(entries, Int($0), Int($1)) }
    }

    private static func sameKey(_ entries: [(key: Value, value: Value)], _ a: Int, _ b: Int) -> Bool {
        KeyRank.order(KeyRank(entries[a].key), KeyRank(entries[b].key)) == .equal
    }
}

/// The rank of a key in the order: bools, then numbers, then strings. A double ranks as the whole number that it
/// equals. It is a view: the key must outlive it.
private enum KeyRank {
    case bool(Bool)
    case number(Number)
    case string(UnsafeRawBufferPointer)

    /// Nil if the value cannot be a key.
    @inline(__always)
    init?(_ value: borrowing Value) {
        switch value {
        case .string(let text): self = .string(text.bytes)
        case .int(let int): self = .number(Number(int))
        case .uint(let uint): self = .number(Number(uint))
        case .bool(let bool): self = .bool(bool)
        case .double(let double):
            guard let whole = Number(double).whole else { return nil }
            self = .number(whole)
        default: return nil
        }
    }

    /// Values that cannot be keys come after all keys.
    @inline(__always)
    static func order(_ a: KeyRank?, _ b: KeyRank?) -> Order {
        switch (a, b) {
        case (.string(let a), .string(let b)): Text.order(a, b)
        case (.number(let a), .number(let b)): Number.order(a, b)
        case (.bool(let a), .bool(let b)): Order(a ? 1 : 0, b ? 1 : 0)
        case (nil, nil): .equal
        case (.bool, _), (.number, .string), (_, nil): .less
        default: .greater
        }
    }
}
