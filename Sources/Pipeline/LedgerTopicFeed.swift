internal import Kafka
internal import Ledger
internal import Synchronization

/// A ledger partition's frames as they lie in the topic, for slices: the broker line waits for them, and a slice takes what is
/// here. Two portions are in memory at most: the one that is taken from, and the next.
final class LedgerTopicFeed: FrameFeed {
    /// Frames that a poll brings.
    private static let batch = 4
    /// Bytes of a portion, but for what the last poll brings beyond that.
    private static let portionBytes = 1 << 20
    /// For so long the broker line waits for a portion's first frame.
    private static let waitMilliseconds = 50

    private let line: Line
    private var portion = LedgerTopicReader.Portion()
    private var index = 0
    private var isAsked = false

    /// The frames from `start` on, before `end`. `ready`: called in the broker line when `poll` has more to say, or is to ask
    /// again. `isStopped`: then `poll` throws `CancellationError`.
    init(
        _ kafka: any KafkaCluster, topic: String, partition: Int32, offsets: Range<Int64>, host: any Runtime,
        isStopped: @escaping @Sendable () -> Bool, ready: @escaping @Sendable () -> Void
    ) {
        line = Line(host: host, ready: ready) {
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

    /// What the broker line does for a feed, a portion at a time.
    private final class Line: @unchecked Sendable {
        private let host: any Runtime
        private let ready: @Sendable () -> Void
        private let open: @Sendable () throws -> LedgerTopicReader
        /// The broker line's alone. Nil before the first portion, and after the last.
        private var reader: LedgerTopicReader?
        private let fetched = Mutex<Result<LedgerTopicReader.Portion, any Error>?>(nil)

        init(
            host: any Runtime, ready: @escaping @Sendable () -> Void,
            open: @escaping @Sendable () throws -> LedgerTopicReader
        ) { (self.host, self.ready, self.open) = (host, ready, open) }

        /// The portion that was fetched, which may be empty; nil: none is here. Throws what its reading has thrown.
        func take() throws -> LedgerTopicReader.Portion? {
            try fetched.withLock { fetched in
                let portion = try fetched?.get()
                fetched = nil
                return portion
            }
        }

        func fetch() {
            host.background(.broker) { [self] in
                let result = Result { try read() }
                fetched.withLock { $0 = result }
                ready()
                // Closing takes time, and what was fetched is there.
                if (try? result.get())?.isLast ?? true { reader = nil }
            }
        }

        /// Closing a consumer takes time too.
        func close() { host.background(.broker) { [self] in reader = nil } }

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
