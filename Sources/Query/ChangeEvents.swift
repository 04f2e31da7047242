internal import Events
public import HTTP
public import Pipeline
internal import Scoring
internal import Synchronization

/// The changes that a subscription reads, as server-sent events:
///
/// | event | data |
/// | --- | --- |
/// | `change` | a fact: CloudEvents JSON, whole or masked |
/// | `partitions` | `{"here":[0],"elsewhere":[{"partition":1,"address":"HOST:PORT"}],"nowhere":[]}`: the first event in a stream of all partitions, and again when it changes |
/// | `overview` | the figures of the overview, every five seconds, if the reader wants them |
/// | `skipped` | `{"facts":17}`: the number of facts that were left out, because there were more than the stream's limit |
/// | `reset` | `{"reason":"gap","read":PATH}`: facts are missing. The reader requests `read` again and connects again; the stream ends |
/// | `end` | `{"reason":"moved","address":"HOST:PORT"}` or `{"reason":"shutdown"}`: the stream ends; `address` is left out if it is unknown |
///
/// The id of each event is the token with which a reader continues after it (`ChangeToken`).
public final class ChangeEvents: EventSource {
    /// The part of a fact that its reader may see.
    public enum Form: Sendable {
        case whole
        /// Replaces a subject's id.
        case masked(@Sendable (ArraySlice<UInt8>) -> String)
    }

    private static let figuresEvery = Duration.seconds(5)

    private let subscription: ChangeSubscription
    private let form: Form
    private let mostAtOnce: Int?
    /// The path that a reader requests after a gap.
    private let read: String
    private let routing: @Sendable () -> PipelineService.ChangeRouting
    private let figures: Figures?
    private struct State {
        var hasBegun = false
        /// The time of the next figures.
        var figuresAt = ContinuousClock.now
    }
    private let state = Mutex(State())

    /// Makes JSON of one line; nil if there is none now.
    public typealias Figures = @Sendable () async -> [UInt8]?

    /// `most`: facts per second, of which the newest are written if there are more; nil if all are. `read`: the path
    /// that a reader requests after a gap. `figures`: those of the overview; nil if the reader wants none.
    public init(
        _ subscription: ChangeSubscription, form: Form, most: Int?, read: String, figures: Figures? = nil,
        routing: @escaping @Sendable () -> PipelineService.ChangeRouting
    ) {
        (self.subscription, self.form, self.read, self.routing) = (subscription, form, read, routing)
        self.figures = figures
        mostAtOnce = most.map { max(1, Int(Double($0) * (EventStreams.pace / .seconds(1)))) }
    }

    public var position: String? {
        let text = subscription.token.text
        return text.isEmpty ? nil : text
    }

    public func cancel() { subscription.cancel() }

    public func next(into events: inout ServerSentEvents, until deadline: ContinuousClock.Instant) async -> Bool {
        let (hasBegun, figuresAt) = state.withLock { state in
            defer { state.hasBegun = true }
            return (state.hasBegun, figures == nil ? deadline : state.figuresAt)
        }
        // The first call does not wait: it writes the partitions, and the changes since the reader's token.
        if hasBegun { await subscription.wait(until: min(deadline, figuresAt)) }
        guard !subscription.hasEnded else {
            events.event("end", data: JSONWriter.object { $0.member("reason", "shutdown") })
            return false
        }
        var batch = ChangeBatch()
        var taken = subscription.take(into: &batch, bytes: EventStreams.fullBytes, most: mostAtOnce)
        let token = subscription.token
        if taken.hasOtherPartitions, let continues = writeRouting(to: &events), !continues { return false }
        if mostAtOnce != nil { Self.forgive(&taken) }
        if taken.skipped > 0 {
            events.event("skipped", data: JSONWriter.object { $0.member("facts", taken.skipped) })
        }
        write(batch, until: token, to: &events)
        if let figures, ContinuousClock.now >= figuresAt {
            if let data = await figures() { events.event("overview", data: data) }
            state.withLock { $0.figuresAt = .now + Self.figuresEvery }
        }
        guard !taken.gaps.isEmpty else { return true }
        var data = JSONWriter()
        data.open()
        data.member("reason", "gap")
        data.member("read", read)
        data.close()
        events.event("reset", id: token.text, data: data.bytes)
        return false
    }

    /// A stream that leaves facts out anyway counts missing facts as skipped, and needs no reset.
    private static func forgive(_ taken: inout ChangeSubscription.Taken) {
        taken.skipped += taken.gaps.reduce(0) { $0 + ($1.missed ?? 0) }
        taken.gaps.removeAll { $0.missed != nil }
    }

    /// Returns nil if there is nothing to write, and false if the stream ends.
    private func writeRouting(to events: inout ServerSentEvents) -> Bool? {
        let routing = routing()
        switch subscription.scope {
        case .own, .everything:
            events.event("partitions", data: routing.json)
            return true
        case .subject(_, let partition):
            guard !routing.here.contains(partition) else { return nil }
            var data = JSONWriter()
            data.open()
            data.member("reason", "moved")
            if let address = routing.elsewhere.first(where: { $0.partition == partition })?.address {
                data.member("address", address)
            }
            data.close()
            events.event("end", data: data.bytes)
            return false
        }
    }

    private func write(_ batch: ChangeBatch, until last: ChangeToken, to events: inout ServerSentEvents) {
        // In each fact's token, partitions that come later have their positions from before the batch.
        var token = last
        for item in batch.items.reversed() { token[item.partition] = item.count }
        var masked = ByteWriter()
        for item in batch.items {
            token[item.partition] = item.count + 1
            switch form {
            case .whole: events.event("change", id: token.text, data: batch.json(item))
            case .masked(let mask):
                // Masking needs the encoder's format, so a record in another format is not written.
                guard let text = FactText(batch.json(item)) else { continue }
                masked.removeAll()
                text.writeMasked(mask(batch.subject(item)), to: &masked)
                events.event("change", id: token.text, data: masked.bytes)
            }
        }
    }
}

extension PipelineService.ChangeRouting {
    /// `{"here":[…],"elsewhere":[{"partition","address"}],"nowhere":[…]}`
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("here", here)
        writer.list("elsewhere", elsewhere) { writer, item in
            writer.open()
            writer.member("partition", item.partition)
            writer.member("address", item.address)
            writer.close()
        }
        writer.member("nowhere", nowhere)
        writer.close()
        return writer.take()
    }
}
