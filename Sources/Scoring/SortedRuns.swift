/// Sorts elements with bounded work per call: runs are sorted while elements are added, and merged through a heap while
/// they are removed. `precedes` must be the same order at every call.
///
/// A value that is used again does not allocate.
struct SortedRuns<Element: BitwiseCopyable> {
    /// Elements in one run.
    static var runLength: Int { 2048 }
    /// A run of at most this length is sorted by insertion.
    private static var shortRun: Int { 24 }

    private var elements: [Element] = []
    /// The begin of the run that is not sorted yet.
    private var unsorted = 0
    /// The rest of each sorted run. While they are merged they are a heap by their first elements.
    private var runs: [Range<Int>] = []
    /// Whether all elements are added.
    private(set) var isMerging = false

    init() {}

    /// The number of elements that were added.
    var count: Int { elements.count }

    /// Reserves memory at once, because growth copies all elements.
    mutating func reserve(_ count: Int) { elements.reserveCapacity(count) }

    mutating func append(_ element: Element, by precedes: (Element, Element) -> Bool) {
        elements.append(element)
        if elements.count - unsorted == Self.runLength { sortRun(by: precedes) }
    }

    /// Ends the additions: elements can be removed in order from here on.
    mutating func merge(by precedes: (Element, Element) -> Bool) {
        if unsorted < elements.count { sortRun(by: precedes) }
        for place in stride(from: runs.count / 2 - 1, through: 0, by: -1) { sift(place, by: precedes) }
        isMerging = true
    }

    /// The first in the order; nil if there is none, or if elements are still being added.
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

    /// Removes everything; elements can be added again.
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

    /// Sorts a few elements without an allocation.
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

    /// Moves the run at this index of the heap down to its position.
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
