internal import Events

/// A timer of a subject. Whether it still applies is checked when it fires: a timer that does not apply any more does
/// nothing.
struct Timer: BitwiseCopyable {
    var subject: UInt32
    /// The order of a subject's timers that fall due together: 0 for a bucket's end, then perks by id, then sanctions
    /// by id.
    var rank: UInt16
    /// The rule, perk or sanction.
    var item: UInt16
    /// The rule's bucket.
    var bucket: Int32
}

/// A timer that is due, with the first 16 bytes of its subject's key, which order most subjects without access to them.
struct DueTimer: BitwiseCopyable {
    var timer: Timer
    var order: (high: UInt64, low: UInt64)
}

/// Timers by due time. Many fall due together, because buckets end with the month. Timers of one due time are one list,
/// which is sorted by (subject, rank) only when it is due.
struct TimerQueue: ~Copyable {
    struct Link: BitwiseCopyable {
        var timer: Timer
        var next: UInt32
    }

    struct Group {
        /// The newest link.
        var head: UInt32
    }

    /// Size of the cache of groups by a hash of their due time. The same ends of buckets occur again and again.
    private static let recentCount = 512

    var links = SlabAllocator<Link>()
    var groups: [Group] = []
    private var freeGroups: [Int32] = []
    var groupOfDue: [Int64: Int32] = [:]
    private var recent = [(due: Int64, group: Int32)](repeating: (.max, -1), count: recentCount)
    /// A heap of dues, each once.
    private var heap: [Int64] = []

    /// The due time of the next timer; `Int64.max` if there is none.
    private(set) var nextDue: Int64 = .max

    /// The due time of the timers that have left the queue together and have not all fired; nil if there are none.
    private(set) var openDue: Int64?
    /// The first link of the open timers; 0 if all are taken.
    private var openLink: UInt32 = 0

    var isEmpty: Bool { heap.isEmpty && openDue == nil }

    mutating func add(_ timer: Timer, due: Int64) {
        guard due != .max else { return }
        let group = Int(group(due))
        groups[group].head = links.add(Link(timer: timer, next: groups[group].head))
    }

    /// Timers in the queue, and those that are open.
    var count: Int { links.used - links.freeCount }

    /// Bytes of the links. Due times are few in comparison.
    var byteCount: Int { links.byteCount }

    private static func slot(_ due: Int64) -> Int {
        // The product's upper nine bits (Knuth's multiplicative hash).
        Int(truncatingIfNeeded: (UInt64(bitPattern: due) &* 0x9E37_79B9_7F4A_7C15) >> 55)
    }

    @inline(__always) private mutating func group(_ due: Int64) -> Int32 {
        let known = recent[Self.slot(due)]
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
        recent[Self.slot(due)] = (due, number)
        return number
    }

    /// Opens the timers that are due next: they leave the queue, and `takeTimer` returns them. Until `close` they
    /// remain the next ones due.
    mutating func open() {
        let due = pop()
        recent[Self.slot(due)] = (.max, -1)
        openDue = due
        nextDue = due
        guard let number = groupOfDue.removeValue(forKey: due) else { return }
        openLink = groups[Int(number)].head
        freeGroups.append(number)
    }

    /// Takes one of the open timers, in no particular order; nil if all are taken.
    mutating func takeTimer() -> Timer? {
        guard openLink != 0 else { return nil }
        let (link, number) = (links[openLink].pointee, openLink)
        links.remove(number)
        openLink = link.next
        return link.timer
    }

    /// Closes the open timers, which are all taken and have fired.
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
