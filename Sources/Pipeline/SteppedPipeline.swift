internal import Events
internal import Kafka
internal import Ledger
public import Logging
internal import Policy
public import Replay
public import Scoring

/// A process's intake and fold, stepped by the caller on one thread, for a simulation. The work of the threads in
/// `PipelineService` is done by the callers of `step` and `runSlice`.
public final class SteppedPipeline {
    private static let pause = Duration.milliseconds(500)

    let member: Member
    private(set) var ledgerPartitions: Int?
    private var supervisors: [Role: Supervisor] = [:]
    private var pausedUntil: [Role: ContinuousClock.Instant] = [:]
    /// Reads the topic of announcements; nil before the first reading, and after an error.
    var membersReader: MembersReader?
    /// For a planted bug: all partitions that this member has ever owned.
    private(set) var everOwned: [Int32: OwnedPartition] = [:]

    public init(_ configuration: PipelineConfiguration, logger: Logger) {
        member = Member(configuration, logger: logger)
    }

    /// Without `stop` it ends as a process that is killed: work that waits is not done.
    deinit { member.slices.end() }

    var configuration: PipelineConfiguration { member.configuration }
    var logger: Logger { member.logger }

    /// One round of a role. A role that failed continues after half a second. Throws `PipelineError`, which ends a
    /// process.
    public func step(_ role: Role) throws {
        guard pausedUntil[role].map({ $0 <= configuration.runtime.now }) ?? true else { return }
        defer { if !configuration.forgetsLostPartitions { noteEverOwned() } }
        do {
            try supervisor(role)?.step()
        } catch let error as PipelineError {
            throw error
        } catch {
            logger.warning("\(role.rawValue) starts again", metadata: ["reason": "\(error)"])
            pausedUntil[role] = configuration.runtime.now + Self.pause
        }
    }

    private func noteEverOwned() {
        for partition in member.owned.all { everOwned[partition.partition] = partition }
    }

    /// Ledger partitions that wait for a worker.
    public var slices: Int { member.slices.count }

    /// Runs a slice of one of them.
    public func runSlice(_ index: Int) { member.slices.runNext(index) }

    /// Nil if the broker does not answer yet.
    private func supervisor(_ role: Role) throws -> Supervisor? {
        if let supervisor = supervisors[role] { return supervisor }
        guard let partitions = try prepare() else { return nil }
        let supervisor = member.supervisor(of: role, ledgerPartitions: partitions)
        supervisors[role] = supervisor
        return supervisor
    }

    /// Begins an empty ledger. Returns the number of its partitions; nil if the broker does not answer yet.
    @discardableResult public func prepare() throws -> Int? {
        if ledgerPartitions == nil {
            do {
                ledgerPartitions = try Bootstrap(configuration: configuration, stop: member.stop, logger: logger)
                    .attempt()
            } catch let error as KafkaError where error.isRetriable {
                return nil
            }
        }
        return ledgerPartitions
    }

    /// Stops like a process: waits for records in flight, and leaves the groups.
    public func stop() throws {
        member.stop.set()
        for role in Role.allCases {
            do {
                try supervisors[role]?.finish()
            } catch let error as PipelineError {
                throw error
            } catch {
                logger.warning("\(role.rawValue) ends badly", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// A ledger partition that is folded here.
    public struct Folded: Sendable {
        /// The ledger offset of the next frame.
        public let nextOffset: Int64
        /// The last sequence number of each fact topic.
        public let sequences: [Int64]
        /// Microseconds since 1970.
        public let clock: Int64
        /// Whether it is folded to the end of the ledger, and every fact acknowledged.
        public let isCurrent: Bool
        /// As `PartitionFold.lookUps`.
        public let lookUps: Int64
    }

    /// Whether a ledger partition is owned here.
    public var owns: Bool { !member.owned.all.isEmpty }

    /// By ledger partition.
    public var folded: [Int32: Folded] {
        var result: [Int32: Folded] = [:]
        for partition in member.owned.all {
            result[partition.partition] = partition.readFold { state in
                Folded(
                    nextOffset: state.nextOffset, sequences: state.sequences,
                    clock: state.fold.clock.microseconds, isCurrent: partition.isCurrent, lookUps: state.lookUps)
            }
        }
        return result
    }

    /// As `PipelineService.status`.
    public var status: PipelineReading { member.pipelineStatus.current }

    /// Whether the views of the partitions that are folded here equal their states.
    public var viewsAreOfStates: Bool {
        member.owned.all.allSatisfy { partition in partition.view == partition.readFold { PartitionView($0) } }
    }

    /// The shadow of a ledger partition that is folded here.
    public struct Shadowed: Sendable, Equatable {
        /// Of the policy's text; nil if there is no shadow.
        public let hash: String?
        public let activeHash: String?
        /// Whether the shadow is at the state's offset.
        public let isLive: Bool
    }

    /// Nil if the partition is not folded here.
    public func shadow(of partition: Int32) -> Shadowed? {
        member.owned[partition]?.readFold { state in
            Shadowed(
                hash: state.shadow?.policyHash, activeHash: state.policy.map { PolicyHash.of($0.text) },
                isLive: state.shadow?.isLive ?? false)
        }
    }

    /// The standings under the policy in the shadow, as `StandingsWriter` writes them; nil if there is none.
    public func shadowStandings(of partition: Int32) -> StandingsWriter? {
        member.owned[partition]?.readFold { state in
            state.withShadow { fold in
                var standings = StandingsWriter()
                standings.add(fold)
                return standings
            }
        }
    }

    /// The digest of a ledger partition's state; nil if it is not folded here.
    public func digest(of partition: Int32) -> StateDigest? {
        member.owned[partition]?.readFold { $0.fold.digest() }
    }
}
