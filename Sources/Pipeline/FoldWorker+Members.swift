internal import Kafka
internal import Logging

// The other members learn what is owned here.
extension FoldWorker {
    /// Says who owns what, where it is not said yet.
    func announce() throws {
        guard let topic = outlet.members, assignment != nil,
            let news = directory.news(of: assignedPartitions.map(\.number), isFull: memory.isFull, at: host.now)
        else { return }
        try say(news.json, of: news.address, to: topic)
    }

    /// A member that stops is asked nothing more.
    func takeLeave() {
        guard let topic = outlet.members, let address = directory.farewell() else { return }
        do {
            try say(nil, of: address, to: topic)
        } catch {
            logger.warning("others still take this member for running", metadata: ["reason": "\(error)"])
        }
        let deadline = host.now + .milliseconds(Self.handOverMilliseconds)
        while outlet.producer.queued > 0, failure == nil, host.now < deadline { serve(10) }
    }

    private func say(_ value: [UInt8]?, of address: String, to topic: Int) throws {
        func produce(_ value: UnsafeRawBufferPointer?) throws {
            try Array(address.utf8).withUnsafeBytes { key in
                while try !outlet.producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value, tag: Self.otherTag)
                { try waitForRoom() }
            }
        }
        guard let value else { return try produce(nil) }
        try value.withUnsafeBytes { try produce($0) }
    }
}
