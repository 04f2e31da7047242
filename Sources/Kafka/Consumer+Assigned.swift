extension Consumer {
    /// A partition that is read, with its position.
    public struct Assigned {
        public let topicPartition: TopicPartition
        /// The next offset to be passed to the reader; negative until the first record of a logical start.
        public var position: Int64
        /// The partition's end, once every record before it has been passed to the reader. It is greater than
        /// `position` if no record lies between them, as after a transaction. Nil if the end is not reached, or if
        /// records have followed it.
        public var end: Int64?
        public var reachedEnd: Bool { end != nil }
        /// The call of `poll` that found a hole, which is being read again; nil if there is none.
        private var holeFound: Int?
        /// True if the broker has no records at some offsets, such as those at which transactions end.
        private var hasHoles = false
        var topicHandle: OpaquePointer?

        public init(_ start: PartitionOffset) { (topicPartition, position) = (start.topicPartition, start.offset) }

        enum Verdict { case take, drop, readAgain }

        /// Compares a record with the position. A record from the same call as the one after the hole was fetched
        /// before the seek, so it says nothing about the second reading. Records are lost only around moves and
        /// pauses: after one hole has been confirmed, later holes are accepted.
        mutating func judge(_ offset: Int64, call: Int) -> Verdict {
            let verdict = judgeOffset(offset, call: call)
            guard verdict == .take else { return verdict }
            (position, end) = (offset + 1, nil)
            return .take
        }

        /// Compares the partition's end with the position. An end after a hole is read again, like a record.
        mutating func judgeEnd(_ offset: Int64, call: Int) -> Verdict {
            let verdict = judgeOffset(offset, call: call)
            guard verdict == .take else { return verdict }
            end = offset
            if position < 0 { position = offset }
            return .take
        }

        @inline(__always) private mutating func judgeOffset(_ offset: Int64, call: Int) -> Verdict {
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

        /// Records may be lost around a pause, as around a move. The next hole is read again, even if one is being
        /// read again now.
        mutating func pause() { (holeFound, hasHoles) = (nil, false) }

        mutating func move(to offset: Int64) {
            (position, end, holeFound, hasHoles) = (offset, nil, nil, false)
        }
    }
}
