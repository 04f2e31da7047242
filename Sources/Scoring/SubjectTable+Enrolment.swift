// The content of a chunk after its records: the time of each subject's enrolment, and the newest enrolment in the
// chunk.
extension SubjectTable {
    /// Bytes of a subject's enrolment, beside its record.
    static let enrolmentBytes = MemoryLayout<Int64>.stride

    var chunkWords: Int { Self.chunkRecords * (layout.words + 1) + 1 }

    /// The times of enrolments, one per record.
    func enrolments(ofChunk chunk: Int) -> UnsafeMutablePointer<Int64> {
        chunks[chunk] + Self.chunkRecords * layout.words
    }

    /// The greatest number of an enrolment that was ever in the chunk; 0 if there is none.
    func newestEnrolment(ofChunk chunk: Int) -> UnsafeMutablePointer<Int64> {
        enrolments(ofChunk: chunk) + Self.chunkRecords
    }

    /// The time of the subject's enrolment, in microseconds since 1970.
    func enrolledAt(_ subject: UInt32) -> UnsafeMutablePointer<Int64> {
        enrolments(ofChunk: Int(subject) >> Self.chunkShift) + (Int(subject) & (Self.chunkRecords - 1))
    }

    /// Stores the number and the time of a subject's enrolment.
    func enrol(_ subject: UInt32, enrolment: UInt32, at time: Int64) {
        Self.enrolment(record(subject)).pointee = enrolment
        enrolledAt(subject).pointee = time
        noteEnrolment(enrolment, ofChunk: Int(subject) >> Self.chunkShift)
    }

    func noteEnrolment(_ enrolment: UInt32, ofChunk chunk: Int) {
        let newest = newestEnrolment(ofChunk: chunk)
        newest.pointee = max(newest.pointee, Int64(enrolment))
    }
}
