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
        /// Perks held and subjects scored, by what the facts say.
        var perksHeld: [String: Int] = [:]
    }

    private static let remembered = 200

    private let state = Mutex(State())
    private let stop = Atomic(false)
    private let done = DispatchSemaphore(value: 0)
    private let output: OutputFile?

    /// Starts reading at the topics' beginnings.
    init(kafka: KafkaConfiguration, topics: [String], partitions: Int, output: OutputFile?) throws {
        self.output = output
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
                    try owned.poll(timeoutMilliseconds: 50) { records in
                        for record in records { try take(record, owned.assignment[record.source].topicPartition) }
                    }
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

    private func take(_ record: Record, _ place: TopicPartition) throws {
        guard let value = record.value else { return }
        let fact = try FactMessage(json: value)
        let verdict = state.withLock { state -> FactSequence.Verdict in
            let verdict = state.sequences[place, default: FactSequence()].judge(fact.sequence)
            switch verdict {
            case .accept:
                state.byType[fact.type, default: 0] += 1
                if let perk = fact.data.perk {
                    state.perksHeld[perk, default: 0] += fact.type == "standing.perk.granted" ? 1 : -1
                }
                state.recent.append(fact)
                if state.recent.count > 2 * Self.remembered { state.recent.removeFirst(Self.remembered) }
            case .ignoreRepeat: state.repeats += 1
            case .ignoreGap: state.gaps += 1
            }
            return verdict
        }
        if verdict == .accept { try output?.write(line: value) }
    }

    var current: State { state.withLock { $0 } }

    /// Facts accepted so far.
    var accepted: Int { state.withLock { $0.byType.values.reduce(0, +) } }

    /// Ends the reading and closes the file.
    func finish() throws {
        stop.store(true, ordering: .relaxed)
        done.wait()
        done.signal()
        try output?.close()
        if let failure = state.withLock({ $0.failure }) { throw fail("error: facts: \(failure)") }
    }
}
