extension PartitionFold {
    public struct Problem: Error, Sendable, CustomStringConvertible {
        public let partition: Int32
        /// The ledger offset of the frame at fault.
        public let offset: Int64
        public let message: String
        /// Whether the frame is of a version that this program does not know, or has such an entry.
        public let needsNewerProgram: Bool
        public var description: String { "ledger partition \(partition), offset \(offset): \(message)" }
    }

    func problem(_ message: String, needsNewerProgram: Bool = false) -> Problem {
        Problem(
            partition: partition, offset: frameOffset, message: message, needsNewerProgram: needsNewerProgram)
    }
}
