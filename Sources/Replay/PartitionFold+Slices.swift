extension PartitionFold {
    public struct Slice: Sendable { public static let standard = Slice() }
    public enum Progress: Sendable { case done, unfinished }
    public var isWithinFrame: Bool { false }
    public mutating func apply(
        frame: UnsafeRawBufferPointer, at offset: Int64, above published: [Int64], into facts: inout FactBatch,
        within slice: Slice
    ) throws -> Progress {
        try apply(frame: frame, at: offset, above: published, into: &facts)
        return .done
    }
}
