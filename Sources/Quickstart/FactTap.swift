internal import Downstream
internal import Events
internal import Foundation
internal import Kafka
internal import Synchronization
internal import Terminal

/// The sum of the sanction facts: the sanctions that exist now, and the outcomes of the others.
struct SanctionTally {
    /// The part of a fact's type after `standing.sanction.`.
    enum State: String {
        case noticed, stayed, lifted
        case inForce = "in-force"
    }

    private static let typePrefix = "standing.sanction."

    /// Sanctions that are noticed, in force or stayed now.
    private(set) var standing: [State: Int] = [:]
    /// Sanctions lifted so far, by reason.
    private(set) var lifted: [String: Int] = [:]
    private(set) var rejectedAppeals = 0
    /// The number of subjects to whom a measure is denied now.
    private(set) var denied: [String: Int] = [:]

    private struct Key: Hashable {
        let subject: String
        /// A sanction or a measure.
        let name: String
    }

    private var imposed: [Key: (state: State, measures: [String])] = [:]
    /// The number of sanctions in force that deny the subject the measure.
    private var denials: [Key: Int] = [:]

    static func state(of fact: FactMessage) -> State? {
        fact.type.hasPrefix(typePrefix) ? State(rawValue: String(fact.type.dropFirst(typePrefix.count))) : nil
    }

    /// Whether the fact restores a sanction after a rejected appeal.
    static func isRejection(_ fact: FactMessage) -> Bool {
        fact.data.cause.type == "standing.appeal.decided" && state(of: fact) != .lifted
    }

    mutating func take(_ fact: FactMessage) {
        guard let sanction = fact.data.sanction, let state = Self.state(of: fact) else { return }
        if Self.isRejection(fact) { rejectedAppeals += 1 }
        let key = Key(subject: fact.subject, name: sanction)
        if let before = imposed.removeValue(forKey: key) {
            standing[before.state, default: 0] -= 1
            if before.state == .inForce { for measure in before.measures { allow(measure, fact.subject) } }
        }
        if state == .lifted {
            lifted[fact.data.reason ?? "no reason", default: 0] += 1
            return
        }
        let measures = fact.data.measures ?? []
        imposed[key] = (state, measures)
        standing[state, default: 0] += 1
        if state == .inForce { for measure in measures { deny(measure, fact.subject) } }
    }

    private mutating func deny(_ measure: String, _ subject: String) {
        let key = Key(subject: subject, name: measure)
        denials[key, default: 0] += 1
        if denials[key] == 1 { denied[measure, default: 0] += 1 }
    }

    private mutating func allow(_ measure: String, _ subject: String) {
        let key = Key(subject: subject, name: measure)
        guard let left = denials[key].map({ $0 - 1 }) else { return }
        denials[key] = left > 0 ? left : nil
        if left == 0 { denied[measure, default: 0] -= 1 }
    }
}

/// Follows every fact topic by the consumers' rule. It counts facts, retains the last changes for the view, and writes
/// the facts to a file if there is one.
final class FactTap: @unchecked Sendable {
    struct State {
        var byType: [String: Int] = [:]
        var repeats = 0
        var gaps = 0
        /// By topic and partition.
        var sequences: [TopicPartition: FactSequence] = [:]
        /// The last changes, the newest last. Those of sanctions are separate, because they are rare.
        var recent: [FactMessage] = []
        var recentSanctions: [FactMessage] = []
        var failure: String?
        /// Holders of each perk, according to the facts.
        var perksHeld: [String: Int] = [:]
        var sanctions = SanctionTally()
    }

    private static let remembered = 200
    private static let shownOfBatch = 16
    private static let scoreType: StaticString = "standing.score."

    private let state = Mutex(State())
    private let stop = Atomic(false)
    private let done = DispatchSemaphore(value: 0)
    private let output: OutputFile?
    private let remembers: Bool
    private let decoder = EventDecoder()
    private let memberDecoder = EventDecoder()
    private var fact = EventView.empty

    /// Starts reading at the topics' beginnings. `remembers`: retains the last changes and counts perks and sanctions,
    /// for a view.
    init(
        kafka: KafkaConfiguration, topics: [String], partitions: Int, output: OutputFile? = nil, remembers: Bool = false
    ) throws {
        self.output = output
        self.remembers = remembers
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = 64 * 1024
        let consumer = try Consumer(kafka, options: options)
        let topicPartitions = topics.flatMap { topic in (0..<Int32(partitions)).map { TopicPartition(topic, $0) } }
        try consumer.assign(topicPartitions.map { PartitionOffset($0, offset: 0) })
        state.withLock { state in
            for topicPartition in topicPartitions { state.sequences[topicPartition] = FactSequence() }
        }
        nonisolated(unsafe) let owned = consumer
        let thread = Thread { [self] in
            defer { done.signal() }
            while !stop.load(ordering: .relaxed) {
                do {
                    try owned.poll(timeoutMilliseconds: 50) { try take($0, owned) }
                } catch {
                    state.withLock { $0.failure = "\(error)" }
                    return
                }
            }
            owned.close()
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    private func take(_ records: UnsafeBufferPointer<Record>, _ consumer: Consumer) throws {
        try state.withLock { state in
            for (index, record) in records.enumerated() {
                let topicPartition = consumer.assignment[record.source].topicPartition
                guard let value = record.value, decoder.decode(structured: value, into: &fact) == nil,
                    let sequence = memberDecoder.sequence(ofFact: value)
                else { throw fail("error: \(topicPartition) offset \(record.offset) is no fact") }
                switch state.sequences[topicPartition, default: FactSequence()].judge(sequence) {
                case .accept:
                    state.byType[String(decoding: fact.type, as: UTF8.self), default: 0] += 1
                    // Most facts are score changes, and a view shows only the last of them.
                    let isShown = index >= records.count - Self.shownOfBatch || !fact.type.starts(with: Self.scoreType)
                    if remembers, isShown { try remember(FactMessage(json: value), in: &state) }
                    try output?.write(line: value)
                case .ignoreRepeat: state.repeats += 1
                case .ignoreGap: state.gaps += 1
                }
            }
        }
    }

    private func remember(_ fact: FactMessage, in state: inout State) {
        if let perk = fact.data.perk {
            state.perksHeld[perk, default: 0] += fact.type == "standing.perk.granted" ? 1 : -1
        }
        if fact.data.sanction != nil {
            state.sanctions.take(fact)
            Self.add(fact, in: &state.recentSanctions)
        } else {
            Self.add(fact, in: &state.recent)
        }
    }

    private static func add(_ fact: FactMessage, in recent: inout [FactMessage]) {
        recent.append(fact)
        if recent.count > 2 * remembered { recent.removeFirst(remembered) }
    }

    var current: State { state.withLock { $0 } }

    /// Facts accepted so far.
    var accepted: Int { state.withLock { $0.byType.values.reduce(0, +) } }

    /// Throws the error that ended the reading.
    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw fail("error: facts: \(failure)") }
    }

    /// Ends the reading and closes the file.
    func finish() throws {
        stop.store(true, ordering: .relaxed)
        done.wait()
        done.signal()
        try output?.close()
        try check()
    }
}
