internal import Events
internal import Replay

extension PipelineService {
    /// The effects of one of a subject's events, each time that the ledger has it, as `EventTrace` writes them. There
    /// are no occurrences if the subject has no such event. Otherwise as for a file.
    public func trace(
        of subject: [UInt8], source: [UInt8], id: [UInt8], asStandby: Bool = false
    ) throws -> FileLookup {
        let partition = ledgerPartition(of: subject).map { Int32($0) } ?? 0
        return try withHistory(of: subject, asStandby: asStandby) { entries, _, _, writer in
            try EventTrace(entries, source: source, id: id).write(ledgerPartition: partition, to: &writer)
        }
    }
}
