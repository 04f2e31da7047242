internal import Events
internal import HTTP
internal import HTTPTypes
internal import Kafka
internal import Ledger
internal import Pipeline
internal import Policy

/// The state of the programme as JSON: policies, sources, dead letters, the ledger. The functions have plain values as
/// arguments, so that a route only adds the permission. Each reads the cluster for a limited time, in a few threads of
/// its own.
struct ProgrammeAnswers: Sendable {
    private static let (threads, maximum) = (3, 24)

    let service: PipelineService
    let policies: PolicyReader
    let letters: DeadLetterReader
    let sources: SourceReader
    let ledger: LedgerReader
    /// Of all members.
    let withdrawals: @Sendable () async -> WithdrawalReading
    private let work = BlockingWork(threads: threads, maximum: maximum)

    init(_ service: PipelineService, withdrawals: @escaping @Sendable () async -> WithdrawalReading) {
        (self.service, self.withdrawals) = (service, withdrawals)
        policies = PolicyReader(service.configuration)
        letters = DeadLetterReader(service.configuration)
        sources = SourceReader(service, letters: letters)
        ledger = LedgerReader(service)
    }

    /// Throws a problem if the cluster does not answer within the time.
    func read<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        guard service.ledgerPartitionCount != nil else {
            throw Problem.retryLater(code: "not-ready", "this member does not know the ledger yet: ask again")
        }
        do {
            return try await work.run(body)
        } catch let error as NotReadYet {
            throw Problem.retryLater(code: "not-ready", error.description)
        } catch let error as KafkaError {
            throw Problem.retryLater(code: "no-cluster", "the cluster cannot be read now: \(error.code)")
        } catch let error as PipelineError {
            throw Problem(.serviceUnavailable, code: "ledger-unreadable", error.description)
        } catch let damage as ArchiveDamage {
            throw Problem(
                .internalServerError, code: "archive-damaged",
                "the archive is damaged from offset \(damage.offsets.lowerBound) on: `standing archive repair`")
        }
    }

    // MARK: - Policies

    /// `{"active","policies","partitions","proposals"}`. `proposals`: the list's JSON; nil if the caller may not see
    /// it.
    func policies(proposals: [UInt8]?) async throws -> Answer {
        let (versions, partitions) = try await read { [policies, service] in
            (try policies.versions(), service.partitions)
        }
        return .json { writer in
            writer.open()
            writer.key("active")
            if let active = versions.last(where: \.isActive) {
                active.write(to: &writer, isWhole: true)
            } else {
                writer.null()
            }
            // The newest first.
            writer.list("policies", versions.reversed()) { $1.write(to: &$0, isWhole: false) }
            writer.list("partitions", partitions) { writer, partition in
                writer.open()
                writer.member("partition", partition.partition)
                writer.member("offset", partition.nextOffset)
                writer.member("clock", partition.clock)
                writer.key("policy")
                partition.policy.write(to: &writer)
                writer.close()
            }
            writer.member("proposals", json: proposals)
            writer.close()
        }
    }

    /// The latest policy of this name and version that became active or was refused; nil if there is none.
    func policy(_ name: String, version: Int64) async throws -> Answer? {
        let versions = try await read { [policies] in try policies.versions() }
        let found = versions.filter { $0.policy?.id == name && $0.policy?.version == version }
        guard let policy = found.last(where: { $0.refusal == nil }) ?? found.last else { return nil }
        return .json { policy.write(to: &$0, isWhole: true) }
    }

    // MARK: - Sources

    /// `{"sources":[…],"missing":[…]}`
    func allSources() async throws -> Answer {
        let withdrawn = await withdrawals().sources
        let found = try await read { [sources] in try sources.sources(withdrawn) }
        let missing = withdrawn.missing(of: service.ledgerPartitionCount ?? 0)
        return .json { writer in
            writer.open()
            writer.list("sources", found) { $1.write(to: &$0) }
            writer.member("missing", missing)
            writer.close()
        }
    }

    // MARK: - Dead letters

    /// `{"letters","next","reasons","complete"}`
    func deadLetters(
        _ filter: DeadLetterReader.Filter, after cursor: DeadLetterReader.Cursor?, limit: Int
    ) async throws -> Answer {
        let (page, counts) = try await read { [letters] in
            (try letters.page(filter, after: cursor, limit: limit), try letters.counts())
        }
        return .json { writer in
            writer.open()
            writer.list("letters", page.letters) { $1.write(to: &$0) }
            writer.member("next", page.next?.description)
            writer.list("reasons", counts.counts) { writer, count in
                writer.open()
                writer.member("topic", count.topic)
                writer.member("reason", count.reason)
                writer.member("letters", count.letters)
                writer.close()
            }
            writer.member("complete", counts.isComplete)
            writer.close()
        }
    }

    /// Nil if there is no letter at this position. `withBytes`: also its message and its bytes, which can name a
    /// subject.
    func deadLetter(at position: DeadLetter.Position, withBytes: Bool) async throws -> Answer? {
        let found = try await read { [letters] in try letters.letter(at: position) }
        guard let found else { return nil }
        return .json { found.letter.write(to: &$0, outcome: found.outcome, withBytes: withBytes) }
    }

    // MARK: - Ledger

    /// `{"ledger","partitions"}`
    func partitions() async throws -> Answer {
        let (name, partitions) = try await read { [ledger] in (ledger.name, try ledger.partitions()) }
        return .json { writer in
            writer.open()
            writer.member("ledger", name)
            writer.list("partitions", partitions) { $1.write(to: &$0) }
            writer.close()
        }
    }

    /// Entries from the frame at `offset` on, after `position`.
    func entries(
        of partition: Int32, from offset: Int64, after position: LedgerEntry.Position?, limit: Int
    ) async throws -> Answer {
        let page = try await read { [ledger] in
            try ledger.entries(of: partition, from: offset, after: position, limit: limit)
        }
        return .json { page.write(to: &$0) }
    }
}
