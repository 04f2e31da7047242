/// Puts elements in order a bounded number at a time: they are sorted in runs while they come, and the runs are merged through a
/// heap while they go. The order is the one that `precedes` gives; it must be the same at every call.
///
/// Reused, it does not allocate.
struct SortedRuns<Element: BitwiseCopyable> {
    /// Elements that are sorted in one go.
    static var runLength: Int { 2048 }
    /// A run of so many is sorted by insertion.
    private static var shortRun: Int { 24 }

    private var elements: [Element] = []
    /// Where the run begins that is not sorted yet.
    private var unsorted = 0
    /// What is left of each sorted run; while they are merged a heap by their first elements.
    private var runs: [Range<Int>] = []
    /// All elements have come.
    private(set) var isMerging = false

    init() {}

    /// How many have come.
    var count: Int { elements.count }

    /// Room for so many at once: to grow copies what is there.
    mutating func reserve(_ count: Int) { elements.reserveCapacity(count) }

    mutating func append(_ element: Element, by precedes: (Element, Element) -> Bool) {
        elements.append(element)
        if elements.count - unsorted == Self.runLength { sortRun(by: precedes) }
    }

    /// All elements have come: they go in order from here on.
    mutating func merge(by precedes: (Element, Element) -> Bool) {
        if unsorted < elements.count { sortRun(by: precedes) }
        for place in stride(from: runs.count / 2 - 1, through: 0, by: -1) { sift(place, by: precedes) }
        isMerging = true
    }

    /// The first in the order; nil if none is left, or if they still come.
    var first: Element? { isMerging && !runs.isEmpty ? elements[runs[0].lowerBound] : nil }

    mutating func removeFirst(by precedes: (Element, Element) -> Bool) {
        let rest = runs[0].dropFirst()
        if rest.isEmpty {
            let last = runs.removeLast()
            guard !runs.isEmpty else { return }
            runs[0] = last
        } else {
            runs[0] = rest
        }
        if runs.count > 1 { sift(0, by: precedes) }
    }

    /// Begins anew.
    mutating func removeAll() {
        elements.removeAll(keepingCapacity: true)
        runs.removeAll(keepingCapacity: true)
        (unsorted, isMerging) = (0, false)
    }

    private mutating func sortRun(by precedes: (Element, Element) -> Bool) {
        let start = unsorted
        if elements.count - start > 1 {
            elements.withUnsafeMutableBufferPointer { elements in
                var run = UnsafeMutableBufferPointer(rebasing: elements[start...])
                if run.count > Self.shortRun { run.sort(by: precedes) } else { Self.insert(run, by: precedes) }
            }
        }
        runs.append(start..<elements.count)
        unsorted = elements.count
    }

    /// Sorts a few elements, without asking for memory.
    private static func insert(
        _ elements: UnsafeMutableBufferPointer<Element>, by precedes: (Element, Element) -> Bool
    ) {
        for place in 1..<elements.count {
            let element = elements[place]
            var hole = place
            while hole > 0, precedes(element, elements[hole - 1]) {
                elements[hole] = elements[hole - 1]
                hole -= 1
            }
            elements[hole] = element
        }
    }

    /// Moves the run in this place of the heap down to where it belongs.
    private mutating func sift(_ place: Int, by precedes: (Element, Element) -> Bool) {
        let run = runs[place]
        var parent = place
        while case let left = 2 * parent + 1, left < runs.count {
            let right = left + 1
            let child = right < runs.count && isBefore(runs[right], runs[left], precedes) ? right : left
            guard isBefore(runs[child], run, precedes) else { break }
            runs[parent] = runs[child]
            parent = child
        }
        runs[parent] = run
    }

    private func isBefore(_ a: Range<Int>, _ b: Range<Int>, _ precedes: (Element, Element) -> Bool) -> Bool {
        precedes(elements[a.lowerBound], elements[b.lowerBound])
    }
}
