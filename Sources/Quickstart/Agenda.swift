/// A consequence of a deed, days or months later.
struct Consequence: Sendable {
    enum Kind: Sendable {
        /// A creditor goes to court about an unpaid bill, and wins.
        case judged(amount: Int)
        /// The judgment is paid.
        case paidUp(amount: Int)
        /// The source of an event finds that it was wrong.
        case corrected(source: String, id: Int)
        /// The citizen appeals against a sanction that a deed has brought.
        case appealed(Sanction)
        /// The board decides that appeal.
        case decided(Sanction, isUpheld: Bool)
    }

    /// Microseconds since 1970.
    let due: Int64
    let kind: Kind
    /// The house of the citizen, and the citizen's id. A citizen who has left has no consequences.
    let house: Int
    let name: [UInt8]
}

/// The planned consequences in a binary heap. The earliest comes first; those of the same time come in the order in
/// which they were planned.
struct Agenda: Sendable {
    private var heap: [(consequence: Consequence, number: Int)] = []
    private var planned = 0

    /// Nil if nothing is planned.
    var due: Int64? { heap.first?.consequence.due }

    mutating func add(_ consequence: Consequence) {
        heap.append((consequence, planned))
        planned += 1
        var index = heap.count - 1
        while index > 0, isBefore(index, (index - 1) / 2) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    /// - Precondition: `due` is not nil.
    mutating func removeFirst() -> Consequence {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast().consequence
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            if least == index { return first }
            heap.swapAt(index, least)
            index = least
        }
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        (heap[one].consequence.due, heap[one].number) < (heap[other].consequence.due, heap[other].number)
    }
}
