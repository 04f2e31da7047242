extension UnsafeMutableBufferPointer {
    /// Elements in memory that the caller deallocates. Reading them counts no references.
    static func copy(_ elements: [Element]) -> Self {
        let copy = allocate(capacity: elements.count)
        _ = copy.initialize(fromContentsOf: elements)
        return copy
    }
}
