/// The table of keys, by open addressing. A removal closes the gap that it leaves.
extension WaitingQueue {
    /// The items of a key.
    struct Chain: BitwiseCopyable {
        var key: UInt64 = 0
        var oldest: UInt32 = 0
        var newest: UInt32 = 0
        /// 0 if the slot is free.
        var count: UInt32 = 0
    }

    /// The slot of a key; nil if it has no items.
    func chain(of key: UInt64) -> Int? {
        let mask = chains.count - 1
        var slot = Int(truncatingIfNeeded: key) & mask
        while chains[slot].count > 0 {
            if chains[slot].key == key { return slot }
            slot = (slot + 1) & mask
        }
        return nil
    }

    mutating func addChain(_ key: UInt64) -> Int {
        if (usedChains + 1) * 4 > chains.count * 3 {
            let old = chains
            chains = [Chain](repeating: Chain(), count: old.count * 2)
            for chain in old where chain.count > 0 { chains[freeSlot(chain.key)] = chain }
        }
        usedChains += 1
        let slot = freeSlot(key)
        chains[slot].key = key
        return slot
    }

    private func freeSlot(_ key: UInt64) -> Int {
        let mask = chains.count - 1
        var slot = Int(truncatingIfNeeded: key) & mask
        while chains[slot].count > 0 { slot = (slot + 1) & mask }
        return slot
    }

    mutating func removeChain(_ slot: Int) {
        let mask = chains.count - 1
        usedChains -= 1
        var hole = slot
        var next = (slot + 1) & mask
        while chains[next].count > 0 {
            let home = Int(truncatingIfNeeded: chains[next].key) & mask
            if (next - home) & mask >= (next - hole) & mask {
                chains[hole] = chains[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        chains[hole] = Chain()
    }
}
