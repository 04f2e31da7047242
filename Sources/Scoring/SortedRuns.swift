/// Sorts elements with bounded work per call: runs are sorted while elements are added, and merged through a heap while
/// they are removed. `precedes` must be the same order at every call.
///
/// A value that is used again does not allocate.
struct SortedRuns<Element: BitwiseCopyable> {
    /// Elements in one run.
    static var runLength: Int { 2048 }
    /// So many elements are sorted by insertion, before they are merged.
    private static var block: Int { 8 }

    private var elements: [Element] = []
    /// Memory for the merges within a run.
    private var scratch: [Element] = []
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

    @inline(__always) mutating func append(_ element: Element, by precedes: (Element, Element) -> Bool) {
        elements.append(element)
        if elements.count - unsorted == Self.runLength { sortRun(by: precedes) }
    }

    /// Ends the additions: elements can be removed in order from here on.
    @inline(__always) mutating func merge(by precedes: (Element, Element) -> Bool) {
        if unsorted < elements.count { sortRun(by: precedes) }
        for index in stride(from: runs.count / 2 - 1, through: 0, by: -1) { sift(index, by: precedes) }
        isMerging = true
    }

    /// The first in the order; nil if there is none, or if elements are still being added.
    var first: Element? { isMerging && !runs.isEmpty ? elements[runs[0].lowerBound] : nil }

    /// An element that follows the first one in its run, and mostly soon in the order; nil if there is none.
    @inline(__always) func ahead(_ distance: Int) -> Element? {
        guard isMerging, let run = runs.first, run.count > distance else { return nil }
        return elements[run.lowerBound + distance]
    }

    @inline(__always) mutating func removeFirst(by precedes: (Element, Element) -> Bool) {
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

    @inline(__always) private mutating func sortRun(by precedes: (Element, Element) -> Bool) {
        let start = unsorted
        let count = elements.count - start
        if count > Self.block, scratch.count < count {
            scratch = [Element](repeating: elements[start], count: min(2 * count, Self.runLength))
        }
        elements.withUnsafeMutableBufferPointer { elements in
            scratch.withUnsafeMutableBufferPointer { scratch in
                Self.sort(elements.baseAddress! + start, count, scratch.baseAddress, by: precedes)
            }
        }
        runs.append(start..<elements.count)
        unsorted = elements.count
    }

    /// Sorts blocks by insertion, and merges them in passes from one memory to the other.
    @inline(__always) private static func sort(
        _ elements: UnsafeMutablePointer<Element>, _ count: Int, _ scratch: UnsafeMutablePointer<Element>?,
        by precedes: (Element, Element) -> Bool
    ) {
        for start in stride(from: 0, to: count, by: block) {
            for index in start + 1..<max(start + 1, min(start + block, count)) {
                let element = elements[index]
                var hole = index
                while hole > start, precedes(element, elements[hole - 1]) {
                    elements[hole] = elements[hole - 1]
                    hole -= 1
                }
                elements[hole] = element
            }
        }
        guard var target = scratch, count > block else { return }
        var source = elements
        var width = block
        while width < count {
            for start in stride(from: 0, to: count, by: 2 * width) {
                let (middle, end) = (min(start + width, count), min(start + 2 * width, count))
                var (left, right) = (start, middle)
                for index in start..<end {
                    if left < middle, right == end || !precedes(source[right], source[left]) {
                        target[index] = source[left]
                        left += 1
                    } else {
                        target[index] = source[right]
                        right += 1
                    }
                }
            }
            swap(&source, &target)
            width *= 2
        }
        if source != elements { elements.update(from: source, count: count) }
    }

    /// Moves the run at this index of the heap down to its position.
    @inline(__always) private mutating func sift(_ index: Int, by precedes: (Element, Element) -> Bool) {
        let run = runs[index]
        var parent = index
        while case let left = 2 * parent + 1, left < runs.count {
            let right = left + 1
            let child = right < runs.count && isBefore(runs[right], runs[left], precedes) ? right : left
            guard isBefore(runs[child], run, precedes) else { break }
            runs[parent] = runs[child]
            parent = child
        }
        runs[parent] = run
    }

    @inline(__always) private func isBefore(_ a: Range<Int>, _ b: Range<Int>, _ precedes: (Element, Element) -> Bool)
        -> Bool
    {
        precedes(elements[a.lowerBound], elements[b.lowerBound])
    }
}
