internal import Events

/// Something of a subject that falls due. Whether it still applies is seen when it comes up: a timer that no longer
/// applies stays until then and does nothing.
struct Timer: BitwiseCopyable {
    var subject: UInt32
    /// Order among the timers of a subject that fall due together: 0 for a bucket's end, then perks by id, then
    /// sanctions by id.
    var rank: UInt16
    /// The rule, perk or sanction.
    var item: UInt16
    /// The rule's bucket.
    var bucket: Int32
}

/// Timers by due time. Many fall due together (buckets end with the month), so those are kept as one list, and put in
/// order (subject, rank) only when they come up.
struct TimerQueue: ~Copyable {
    struct Link: BitwiseCopyable {
        var timer: Timer
        var next: UInt32
    }

    struct Group {
        /// The newest link.
        var head: UInt32
    }

    /// Dues whose group was asked for of late, by a hash of the due: the ends of buckets come again and again.
    private static let recentCount = 512

    var links = SlabAllocator<Link>()
    var groups: [Group] = []
    private var freeGroups: [Int32] = []
    var groupOfDue: [Int64: Int32] = [:]
    private var recent = [(due: Int64, group: Int32)](repeating: (.max, -1), count: recentCount)
    /// A heap of dues, each once.
    private var heap: [Int64] = []

    /// When the next timer is due; `Int64.max`: there is none.
    private(set) var nextDue: Int64 = .max

    /// When the timers that have left the queue together, and have not all fired, are due; nil if there are none.
    private(set) var openDue: Int64?
    /// The first of their links; 0 if all are taken.
    private var openLink: UInt32 = 0

    var isEmpty: Bool { heap.isEmpty && openDue == nil }

    mutating func add(_ timer: Timer, due: Int64) {
        guard due != .max else { return }
        let group = Int(group(due))
        groups[group].head = links.add(Link(timer: timer, next: groups[group].head))
    }

    /// Timers in the queue, and those that are open.
    var count: Int { links.used - links.freeCount }

    /// Of the links. Dues are few beside them.
    var byteCount: Int { links.byteCount }

    private static func place(_ due: Int64) -> Int {
        // The product's upper nine bits (Knuth's multiplicative hash).
        Int(truncatingIfNeeded: (UInt64(bitPattern: due) &* 0x9E37_79B9_7F4A_7C15) >> 55)
    }

    @inline(__always) private mutating func group(_ due: Int64) -> Int32 {
        let known = recent[Self.place(due)]
        return known.due == due ? known.group : findGroup(due)
    }

    mutating func findGroup(_ due: Int64) -> Int32 {
        let number: Int32
        if let known = groupOfDue[due] {
            number = known
        } else {
            if let reused = freeGroups.popLast() {
                number = reused
                groups[Int(number)] = Group(head: 0)
            } else {
                number = Int32(groups.count)
                groups.append(Group(head: 0))
            }
            groupOfDue[due] = number
            push(due)
        }
        recent[Self.place(due)] = (due, number)
        return number
    }

    /// The timers that are due next leave the queue: `takeTimer` gives them. Until `close` they stay what is due next.
    mutating func open() {
        let due = pop()
        recent[Self.place(due)] = (.max, -1)
        openDue = due
        nextDue = due
        guard let number = groupOfDue.removeValue(forKey: due) else { return }
        openLink = groups[Int(number)].head
        freeGroups.append(number)
    }

    /// One of the timers that are open, in no particular order; nil if all are taken.
    mutating func takeTimer() -> Timer? {
        guard openLink != 0 else { return nil }
        let (link, number) = (links[openLink].pointee, openLink)
        links.remove(number)
        openLink = link.next
        return link.timer
    }

    /// The open timers are all taken, and have fired.
    mutating func close() {
        openDue = nil
        nextDue = heap.first ?? .max
    }

    private mutating func push(_ due: Int64) {
        heap.append(due)
        heap.withUnsafeMutableBufferPointer { heap in
            var child = heap.count - 1
            while child > 0, case let parent = (child - 1) / 2, heap[child] < heap[parent] {
                heap.swapAt(child, parent)
                child = parent
            }
        }
        nextDue = openDue ?? heap[0]
    }

    private mutating func pop() -> Int64 {
        let first = heap[0]
        let last = heap.removeLast()
        guard !heap.isEmpty else {
            nextDue = .max
            return first
        }
        heap.withUnsafeMutableBufferPointer { heap in
            var parent = 0
            while case let left = 2 * parent + 1, left < heap.count {
                let child = left + 1 < heap.count && heap[left + 1] < heap[left] ? left + 1 : left
                guard heap[child] < last else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        nextDue = heap[0]
        return first
    }
}
