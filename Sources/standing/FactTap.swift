import Downstream
import Events
import Foundation
import Kafka
import Logging
import Synchronization

/// Follows every fact topic by the consumers' rule: counts, remembers the last changes for the view, and writes the
/// facts to a file if there is one.
final class FactTap: @unchecked Sendable {
    struct State {
        var byType: [String: Int] = [:]
        var repeats = 0
        var gaps = 0
        /// By topic and partition.
        var sequences: [TopicPartition: FactSequence] = [:]
        /// The last changes, newest last.
        var recent: [FactMessage] = []
        var failure: String?
        /// Holders of each perk, by what the facts say.
        var perksHeld: [String: Int] = [:]
    }

    private static let remembered = 200

    private let state = Mutex(State())
    private let stop = Atomic(false)
    private let done = DispatchSemaphore(value: 0)
    private let output: OutputFile?
    private let remembers: Bool
    private let decoder = EventDecoder()
    private let memberDecoder = EventDecoder()
    private var fact = EventView.empty

    /// Starts reading at the topics' beginnings. `remembers`: for a view, keep the last changes and count perks.
    init(
        kafka: KafkaConfiguration, topics: [String], partitions: Int, output: OutputFile? = nil, remembers: Bool = false
    ) throws {
        self.output = output
        self.remembers = remembers
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = 64 * 1024
        let consumer = try Consumer(kafka, options: options)
        let places = topics.flatMap { topic in (0..<Int32(partitions)).map { TopicPartition(topic, $0) } }
        try consumer.assign(places.map { PartitionOffset($0, offset: 0) })
        state.withLock { state in for place in places { state.sequences[place] = FactSequence() } }
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
            for record in records {
                let place = consumer.assignment[record.source].topicPartition
                guard let value = record.value, decoder.decode(structured: value, into: &fact) == nil,
                    let sequence = memberDecoder.integer("sequence", of: value)
                else { throw fail("error: \(place) offset \(record.offset) is no fact") }
                switch state.sequences[place, default: FactSequence()].judge(sequence) {
                case .accept:
                    state.byType[String(decoding: fact.type, as: UTF8.self), default: 0] += 1
                    if remembers { try remember(FactMessage(json: value), in: &state) }
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
        state.recent.append(fact)
        if state.recent.count > 2 * Self.remembered { state.recent.removeFirst(Self.remembered) }
    }

    var current: State { state.withLock { $0 } }

    /// Facts accepted so far.
    var accepted: Int { state.withLock { $0.byType.values.reduce(0, +) } }

    /// Throws what ended the reading before its time.
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
