extension Consumer {
    /// A partition that is read, and how far.
    public struct Assigned {
        public let topicPartition: TopicPartition
        /// The next offset to be handed out; negative until the first record of a logical start.
        public var position: Int64
        /// The partition's end, once everything before it was handed out: beyond `position` where what lies between is no
        /// record, as where a transaction ends. Nil: not reached, or there are records behind it since.
        public var end: Int64?
        public var reachedEnd: Bool { end != nil }
        /// The call of `poll` in which a hole was found that is being read again; nil: there is none.
        private var holeFound: Int?
        /// The broker has nothing in some places, such as where transactions end.
        private var hasHoles = false
        var topicHandle: OpaquePointer?

        public init(_ start: PartitionOffset) { (topicPartition, position) = (start.topicPartition, start.offset) }

        enum Verdict { case take, drop, readAgain }

        /// Holds a record against the position. What came in the same call as the one behind the hole was fetched before
        /// the seek, and says nothing of what is read again. Records are lost around moves and pauses alone: once a hole has
        /// stood, those that follow do too.
        mutating func judge(_ offset: Int64, call: Int) -> Verdict {
            let verdict = judgePlace(offset, call: call)
            guard verdict == .take else { return verdict }
            (position, end) = (offset + 1, nil)
            return .take
        }

        /// Holds the partition's end against the position: one behind a hole is read again like a record.
        mutating func judgeEnd(_ offset: Int64, call: Int) -> Verdict {
            let verdict = judgePlace(offset, call: call)
            guard verdict == .take else { return verdict }
            end = offset
            if position < 0 { position = offset }
            return .take
        }

        @inline(__always) private mutating func judgePlace(_ offset: Int64, call: Int) -> Verdict {
            if position >= 0 {
                if offset < position || holeFound == call { return .drop }
                if offset > position, !hasHoles {
                    guard holeFound != nil else {
                        holeFound = call
                        return .readAgain
                    }
                    hasHoles = true
                }
            }
            holeFound = nil
            return .take
        }

        /// Records may be lost around a pause as around a move: the next hole is read again, also one that is being read again now.
        mutating func pause() { (holeFound, hasHoles) = (nil, false) }

        /// Reads on from another offset.
        mutating func move(to offset: Int64) {
            (position, end, holeFound, hasHoles) = (offset, nil, nil, false)
        }
    }
}
