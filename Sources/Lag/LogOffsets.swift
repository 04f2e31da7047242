import Kafka

/// Reads offsets from the leaders of partitions, one leader at a time. Every request has a time limit. A leader that
/// hangs is not asked again during a look, so only the offsets of its own partitions are unknown.
struct LogOffsets {
    enum Kind {
        case start, highWatermark, lastStableOffset
    }

    /// The longest wait for an answer of a leader.
    static let requestMilliseconds = 2_000
    /// No request of a look starts later than this after its first one.
    static let lookMilliseconds = 8_000

    /// With the `isolation.level` `read_uncommitted` and `read_committed`.
    private let uncommitted: Admin
    private let committed: Admin
    /// By partition. Partitions without a leader are missing.
    private let leaders: [TopicPartition: Int32]
    private let deadline = ContinuousClock.now + .milliseconds(Self.lookMilliseconds)
    private var silent: Set<Int32> = []
    /// By leader, the reason why some of its partitions' offsets are not known.
    private(set) var failures: [Int32: KafkaError] = [:]

    init(uncommitted: Admin, committed: Admin, leaders: [TopicPartition: Int32]) {
        (self.uncommitted, self.committed, self.leaders) = (uncommitted, committed, leaders)
    }

    /// The offsets of the partitions whose leaders answer.
    mutating func read(_ kind: Kind, of partitions: some Sequence<TopicPartition>) -> [TopicPartition: Int64] {
        var byLeader: [Int32: [TopicPartition]] = [:]
        for partition in partitions { leaders[partition].map { byLeader[$0, default: []].append(partition) } }
        var found: [TopicPartition: Int64] = [:]
        for (leader, own) in byLeader.sorted(by: { $0.key < $1.key }) {
            var rest = own.sorted()[...]
            while !rest.isEmpty {
                let part = rest.prefix(Admin.maximumOffsetsAsked)
                rest = rest.dropFirst(part.count)
                read(kind, of: Array(part), leader, into: &found)
            }
        }
        return found
    }

    private mutating func read(
        _ kind: Kind, of partitions: [TopicPartition], _ leader: Int32, into found: inout [TopicPartition: Int64]
    ) {
        let admin = kind == .lastStableOffset ? committed : uncommitted
        var open = partitions
        // A leader that has moved is looked up once.
        for isAgain in [false, true] where !open.isEmpty {
            guard !silent.contains(leader) else { return }
            guard ContinuousClock.now < deadline else {
                failures[leader] = failures[leader] ?? .tooLate
                return
            }
            do throws(KafkaError) {
                if isAgain { try admin.refreshLeaders(milliseconds: Self.requestMilliseconds) }
                let answers = try admin.offsets(
                    of: open, at: kind == .start ? .beginning : .end, milliseconds: Self.requestMilliseconds)
                found.merge(answers.offsets) { $1 }
                open = answers.failures.filter { $0.value.isRetriable }.keys.sorted()
                if let error = answers.failures.min(by: { $0.key < $1.key })?.value { failures[leader] = error }
                if answers.failures.isEmpty { failures[leader] = nil }
            } catch {
                failures[leader] = error
                silent.insert(leader)
            }
        }
    }
}

extension KafkaError {
    static let tooLate = KafkaError(code: 0, name: "_TIMED_OUT", message: "there was no time to ask", isRetriable: true)
}
