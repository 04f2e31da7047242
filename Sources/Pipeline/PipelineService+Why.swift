internal import Events
internal import Replay

// Explanations of a subject's score, from the archive of its partition. All functions read the disk, and must not be
// called from async code.
extension PipelineService {
    /// Why a subject's score at `end` differs from that at `start`, as `SubjectDifference` writes it. Otherwise as for
    /// a standing at a point. A start after the end is refused like a point after the ledger's end.
    public func difference(
        of subject: [UInt8], from start: Point, to end: Point, asStandby: Bool = false
    ) throws -> FileLookup {
        // The reading of the later point checks whether it is known here, and finds its clock.
        var clocks: [Timestamp] = []
        for point in [start, end] {
            let found = try withHistory(of: subject, at: point, asStandby: asStandby) { entries, _, _, _ in
                clocks.append(entries.clock)
            }
            guard case .found = found else { return found }
        }
        return try withHistory(of: subject, asStandby: asStandby) { entries, _, _, writer in
            let points = zip([start, end], clocks).map { point, clock in
                switch point {
                case .time(let time): SubjectDifference.Point(time, in: entries)
                case .offset(let offset): SubjectDifference.Point(offset: offset, clock: clock, in: entries)
                }
            }
            guard !points[0].isAfter(points[1]) else {
                throw HistoryFailure(.beyond, "between and and: the first moment is after the second")
            }
            try SubjectDifference(entries, from: points[0], to: points[1]).write(to: &writer)
        }
    }

    /// A subject's score over time, as `ScoreHistory` writes it, in at most `maximum` points. Otherwise as for a file.
    public func scoreHistory(of subject: [UInt8], maximum: Int, asStandby: Bool = false) throws -> FileLookup {
        try withHistory(of: subject, asStandby: asStandby) { entries, _, clock, writer in
            try ScoreHistory(entries, asOf: clock, maximum: maximum).write(to: &writer)
        }
    }
}
