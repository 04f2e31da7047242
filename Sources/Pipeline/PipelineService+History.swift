public import Events
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Synchronization

// What is folded from the archive: a subject's file, and a standing of the past.
extension PipelineService {
    /// The file of a subject: its events, the effects of each, and the standing without voided events. It reads the
    /// disk and must not be called from async code. `source`: only the events of this source topic, or of this
    /// CloudEvents source. `asStandby`: as for a standing. Throws `HistoryFailure`.
    public func file(of subject: [UInt8], source: [UInt8]? = nil, asStandby: Bool = false) throws -> FileLookup {
        try withHistory(of: subject, asStandby: asStandby) { entries, _, clock, writer in
            try SubjectFile(entries, asOf: clock, declarations: configuration.topics.declarations)
                .write(to: &writer, source: source)
        }
    }

    /// A point of the ledger for a standing.
    public enum Point: Sendable {
        case time(Timestamp)
        /// Before the frame at this ledger offset.
        case offset(Int64)
    }

    /// A subject's standing at a point of the ledger, under the policies of that time or, if `isOfNow`, under the one
    /// that is active now: JSON like the live standing, null for a subject that was not enrolled. It reads the disk and
    /// must not be called from async code. Throws `HistoryFailure`, also for a point that the partition has not
    /// reached.
    public func standing(
        of subject: [UInt8], at point: Point, policyOfNow isOfNow: Bool, asStandby: Bool = false
    ) throws -> FileLookup {
        var time: Timestamp?
        if case .time(let asOf) = point { time = asOf }
        return try withHistory(of: subject, at: point, asStandby: asStandby) { entries, policy, _, writer in
            let replay = try SubjectReplay(entries, policy: isOfNow ? policy : nil, asOf: time)
            replay.writeStanding(to: &writer)
        }
    }

    func withHistory(
        of subject: [UInt8], at point: Point? = nil, asStandby: Bool,
        _ write: (SubjectEntries, ScoringPolicy, Timestamp, inout JSONWriter) throws -> Void
    ) throws -> FileLookup {
        guard let number = ledgerPartition(of: subject) else { return .notReady }
        let standby = asStandby ? owned.standby(Int32(number)) : nil
        guard let partition = owned[Int32(number)] ?? standby else { return .notOwned(partition: number) }
        let state = partition.readFold { ($0.policy, $0.nextOffset, $0.clock, $0.policySwitch) }
        guard let policy = state.0 else { return .notReady }
        let (next, clock) = (state.1, state.2)
        var end = next
        switch point {
        case .time(let time) where time > clock:
            // A partition that is not folded to the ledger's end may reach the point soon, unless it is in the future.
            let isFuture = time.microseconds > configuration.runtime.wallClock
            throw HistoryFailure(
                partition.isCurrent || isFuture ? .beyond : .notNow,
                clock == .distantPast
                    ? "as-of: ledger partition \(number) has no clock yet, so nothing of its past is known"
                    : "as-of: the past is known until \(clock), the clock of ledger partition \(number)")
        case .offset(let offset):
            guard offset <= next else {
                throw HistoryFailure(
                    partition.end.map { offset > $0 } ?? false ? .beyond : .notNow,
                    "offset: ledger partition \(number) is folded to offset \(next), and known until there")
            }
            end = offset
        case .time, nil: break
        }
        guard let entries = try entries(of: subject, in: partition, until: end) else { return .noArchive }
        var writer = JSONWriter()
        try write(entries, policy, state.2, &writer)
        let freshness = partition.freshness(
            offset: state.1, clock: state.2.microseconds, policySwitch: state.3)
        return .found(writer.take(), freshness)
    }

    /// From the partition's archive. Each damage of an archive is logged once per process.
    private func entries(of subject: [UInt8], in partition: OwnedPartition, until end: Int64) throws -> SubjectEntries?
    {
        func damaged(_ location: String, _ reason: String) -> HistoryFailure {
            if loggedDamages.withLock({ $0.insert(reason).inserted }) {
                logger.error(
                    "the archive is damaged: stop the member and fetch it from the topic, `standing archive repair`",
                    metadata: ["partition": "\(partition.partition)", "reason": "\(reason)"])
            }
            return HistoryFailure(
                .archive,
                "the archive of ledger partition \(partition.partition) is damaged, \(location): `standing archive repair` fetches "
                    + "it from the topic again, while the member is stopped")
        }
        do {
            return try partition.entries(of: subject, until: end)
        } catch let damage as ArchiveDamage {
            let name = damage.file.split(separator: "/").last ?? ""
            throw damaged("\(name), byte \(damage.byte), from offset \(damage.offsets.lowerBound) on", "\(damage)")
        } catch let error as FileError where error.isNotThere || error.isNoFile {
            throw damaged("\(error.path.split(separator: "/").last ?? "") is gone", "\(error)")
        } catch let error as FileError {
            logger.warning(
                "the archive cannot be read for a look-up",
                metadata: ["partition": "\(partition.partition)", "reason": "\(error)"])
            throw HistoryFailure(
                .notNow, "the archive of ledger partition \(partition.partition) cannot be read now; the log says why")
        } catch let tooMany as SubjectEntries.TooMany {
            throw HistoryFailure(
                .tooMany,
                "\(tooMany): its past cannot be told here; `standing replay --topic --subject ID` folds it, and `standing replay "
                    + "--archive DIR` everyone")
        }
    }
}
