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

    private struct Group {
        var due: Int64
        var head: UInt32
    }

    private var links = Pool<Link>()
    private var groups: [Group] = []
    private var freeGroups: [Int32] = []
    private var groupOfDue: [Int64: Int32] = [:]
    /// Group numbers, a heap by due time.
    private var heap: [Int32] = []
    private var last: (due: Int64, group: Int32) = (.max, -1)

    /// When the next timer is due; `Int64.max`: there is none.
    private(set) var nextDue: Int64 = .max

    var count: Int { links.count }

    mutating func add(_ timer: Timer, due: Int64) {
        guard due != .max else { return }
        let group = group(due)
        groups[Int(group)].head = links.add(Link(timer: timer, next: groups[Int(group)].head))
    }

    private mutating func group(_ due: Int64) -> Int32 {
        if last.due == due { return last.group }
        let number: Int32
        if let known = groupOfDue[due] {
            number = known
        } else {
            if let reused = freeGroups.popLast() {
                number = reused
                groups[Int(number)] = Group(due: due, head: 0)
            } else {
                number = Int32(groups.count)
                groups.append(Group(due: due, head: 0))
            }
            groupOfDue[due] = number
            push(number)
        }
        last = (due, number)
        return number
    }

    /// Moves the timers that are due next into `timers`, and answers when they were due.
    mutating func takeNext(into timers: inout [Timer]) -> Int64 {
        timers.removeAll(keepingCapacity: true)
        let number = pop()
        let group = groups[Int(number)]
        var link = group.head
        while link != 0 {
            timers.append(links[link].pointee.timer)
            let next = links[link].pointee.next
            links.remove(link)
            link = next
        }
        groupOfDue[group.due] = nil
        freeGroups.append(number)
        last = (.max, -1)
        return group.due
    }

    private mutating func push(_ group: Int32) {
        heap.append(group)
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, due(child) < due(parent) {
            heap.swapAt(child, parent)
            child = parent
        }
        nextDue = due(0)
    }

    private mutating func pop() -> Int32 {
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && due(child) < due(least) {
                least = child
            }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        nextDue = heap.isEmpty ? .max : due(0)
        return first
    }

    private func due(_ place: Int) -> Int64 { groups[Int(heap[place])].due }
}
