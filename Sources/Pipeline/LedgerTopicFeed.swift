internal import Kafka
internal import Ledger
internal import Synchronization

/// A ledger partition's frames from the topic, for slices. The broker line waits for them, and a slice takes the
/// available ones. At most two portions are in memory: the current one and the next.
final class LedgerTopicFeed: FrameFeed {
    /// The number of frames of a poll.
    private static let batch = 4
    /// The size of a portion in bytes, without the excess of its last poll.
    private static let portionBytes = 1 << 20
    /// How long the broker line waits for a portion's first frame.
    private static let waitMilliseconds = 50

    private let line: Line
    private var portion = LedgerTopicReader.Portion()
    private var index = 0
    private var isAsked = false

    /// The frames from `start` on, before `end`. `ready`: called in the broker line when `poll` has a new result, or
    /// must be called again. `isStopped`: if it returns true, `poll` throws `CancellationError`.
    init(
        _ kafka: any KafkaCluster, topic: String, partition: Int32, offsets: Range<Int64>, runtime: any Runtime,
        isStopped: @escaping @Sendable () -> Bool, ready: @escaping @Sendable () -> Void
    ) {
        line = Line(runtime: runtime, ready: ready) {
            try LedgerTopicReader(
                kafka, topic: topic, partition: partition, from: offsets.lowerBound, until: offsets.upperBound,
                batch: Self.batch, queuedKilobytes: 2 * Self.portionBytes / 1024, isStopped: isStopped)
        }
    }

    deinit { line.close() }

    func poll() throws -> NextFrame {
        while index == portion.count {
            guard !portion.isLast else { return .end }
            guard let fetched = try line.take() else {
                ask()
                return .notYet
            }
            (portion, index, isAsked) = (fetched, 0, false)
            guard !portion.isLast else { continue }
            ask()
            if portion.count == 0 { return .notYet }
        }
        defer { index += 1 }
        return .frame(portion[index])
    }

    private func ask() {
        guard !isAsked else { return }
        isAsked = true
        line.fetch()
    }

    /// The work of the broker line for a feed, one portion at a time.
    private final class Line: @unchecked Sendable {
        private let runtime: any Runtime
        private let ready: @Sendable () -> Void
        private let open: @Sendable () throws -> LedgerTopicReader
        /// Used in the broker line only. Nil before the first portion, and after the last.
        private var reader: LedgerTopicReader?
        private let fetched = Mutex<Result<LedgerTopicReader.Portion, any Error>?>(nil)

        init(
            runtime: any Runtime, ready: @escaping @Sendable () -> Void,
            open: @escaping @Sendable () throws -> LedgerTopicReader
        ) { (self.runtime, self.ready, self.open) = (runtime, ready, open) }

        /// The fetched portion, which may be empty; nil if there is none. Throws the error of its reading.
        func take() throws -> LedgerTopicReader.Portion? {
            try fetched.withLock { fetched in
                let portion = try fetched?.get()
                fetched = nil
                return portion
            }
        }

        func fetch() {
            runtime.background(.broker) { [self] in
                let result = Result { try read() }
                fetched.withLock { $0 = result }
                ready()
                // Closing takes time, and the portion is already available.
                if (try? result.get())?.isLast ?? true { reader = nil }
            }
        }

        /// Closing a consumer takes time, so the broker line does it.
        func close() { runtime.background(.broker) { [self] in reader = nil } }

        private func read() throws -> LedgerTopicReader.Portion {
            let reader = try reader ?? open()
            self.reader = reader
            var portion = LedgerTopicReader.Portion()
            var timeout = LedgerTopicFeed.waitMilliseconds
            while !reader.isAtEnd, portion.bytes.count < LedgerTopicFeed.portionBytes {
                let count = portion.count
                try reader.poll(into: &portion, timeoutMilliseconds: timeout)
                guard portion.count > count else { break }
                timeout = 0
            }
            portion.isLast = reader.isAtEnd
            return portion
        }
    }
}
