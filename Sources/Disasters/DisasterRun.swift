public import Logging

/// Members, brokers, disks, clocks, traffic and disasters, on one thread, everything from one seed: a run with the same
/// seed and steps is the same run. After the steps all faults end. Then the members' states, the topics, and the facts
/// that consumers accept are compared with the `Oracle`.
public struct DisasterRun: Sendable {
    /// The results of a run that ended well: the same for the same seed and steps.
    public struct Summary: Sendable, Equatable, CustomStringConvertible {
        public let records: Int
        public let checkpoints: Int
        public let frames: Int
        public let facts: Int
        /// Records that were in the ledger more than once, or were of an appender that had to begin anew. Both were
        /// passed over.
        public let repeats: Repeats
        public let answers: Answers
        /// How often a group expelled a member because it did not poll in time.
        public let expulsions: Int
        /// Ledger partitions that had a policy in the shadow at the end, and were compared with a fold under it.
        public let shadows: Int
        /// Events for which owners looked up earlier events, since their states began or came from a snapshot.
        public let lookUps: Int
        /// For a run whose members' programs are of two releases.
        public let upgrades: Upgrades
        /// How often each kind of disaster happened, in order of the names.
        public let disasters: [String: Int]
        /// The digests of the ledger partitions' states.
        public let digests: [String]

        public struct Repeats: Sendable, Equatable {
            public var frames = 0
            public var brokenFrames = 0
            public var origins = 0
            public var facts = 0

            public init(frames: Int = 0, brokenFrames: Int = 0, origins: Int = 0, facts: Int = 0) {
                (self.frames, self.brokenFrames, self.origins, self.facts) = (frames, brokenFrames, origins, facts)
            }
        }

        /// How questions about subjects were answered, including those after all faults ended.
        public struct Answers: Sendable, Equatable {
            public var ofOwners = 0
            public var ofStandbys = 0
            /// Answers of both kinds from another member than the one that was asked.
            public var forwarded = 0
            public var notNow = 0

            public init() {}
        }

        public struct Upgrades: Sendable, Equatable {
            /// Programs that were replaced by the other one.
            public var programs = 0
            public var ledgers = 0
            /// Partitions that members did not continue to fold, because their programs did not know the ledger's
            /// version.
            public var refusals = 0

            public init() {}
        }

        public var description: String {
            let happened = disasters.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            return "\(records) records, \(frames) frames, \(facts) facts, \(repeats.origins) entries and "
                + "\(repeats.facts) facts repeated, \(answers.ofOwners) answers of owners and "
                + "\(answers.ofStandbys) of standbys, \(answers.notNow) questions not answered, \(expulsions) expulsions for not polling, "
                + "\(shadows) shadows, \(lookUps) look-ups of earlier events, \(upgrades.programs) programs replaced, \(upgrades.refusals) partitions of unknown fold "
                + "versions refused; \(happened); "
                + digests.joined(separator: " ")
        }
    }

    /// The first error that a run found.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let seed: UInt64
        public let steps: Int
        public let reason: String
        public let bug: PlantedBug?

        /// The command that repeats it.
        public var command: String {
            "standing simulate --seed \(seed) --steps \(steps)" + (bug.map { " --plant \($0.rawValue)" } ?? "")
        }
        public var description: String { "seed \(seed), \(steps) steps: \(reason)\nrepeat: \(command)" }
    }

    public let seed: UInt64
    public let steps: Int
    public let bug: PlantedBug?

    public init(seed: UInt64, steps: Int, bug: PlantedBug? = nil) {
        (self.seed, self.steps, self.bug) = (seed, steps, bug)
    }

    /// `logger`: logs the messages of the members and the disasters.
    public func run(logger: Logger? = nil) throws(Failure) -> Summary {
        do {
            return try Disaster(self, logger: logger ?? Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() })
                .run()
        } catch {
            throw Failure(seed: seed, steps: steps, reason: "\(error)", bug: bug)
        }
    }

    /// The smallest number of steps with which this seed fails, as far as halving and then decrementing finds it. A run
    /// with fewer steps begins in the same way.
    public func shrunk(from failure: Failure) -> Failure {
        func attempt(_ steps: Int) -> Failure? {
            do {
                _ = try DisasterRun(seed: seed, steps: steps, bug: bug).run()
                return nil
            } catch {
                return error
            }
        }
        var best = failure
        var cut = failure.steps / 2
        while cut > 0 {
            if best.steps > cut, let smaller = attempt(best.steps - cut) { best = smaller } else { cut /= 2 }
        }
        return best
    }
}
