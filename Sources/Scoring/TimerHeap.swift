internal import Events

/// A due time of a subject. In this version the only timer is the end of a perk's grace.
struct Timer {
    var due: Int64
    var subject: UInt32
    /// The perk's number; perks fire by id, so this is its rank among the ids.
    var rank: UInt32
    var perk: UInt32
}

/// Timers in the order of (due time, subject, timer). A timer that no longer applies stays until it comes up.
struct TimerHeap {
    private var heap: [Timer] = []

    var first: Timer? { heap.first }
    var count: Int { heap.count }

    mutating func push(_ timer: Timer, precedes: (Timer, Timer) -> Bool) {
        heap.append(timer)
        var child = heap.count - 1
        while child > 0, case let parent = (child - 1) / 2, precedes(heap[child], heap[parent]) {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out every timer of a subject: before its key goes, by which the heap is ordered.
    mutating func removeAll(of subject: UInt32, precedes: (Timer, Timer) -> Bool) {
        let kept = heap.filter { $0.subject != subject }
        heap.removeAll(keepingCapacity: true)
        for timer in kept { push(timer, precedes: precedes) }
    }

    mutating func pop(precedes: (Timer, Timer) -> Bool) {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
