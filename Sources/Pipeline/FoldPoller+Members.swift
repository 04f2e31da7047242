internal import Kafka
internal import Logging

// The announcements of this member's partitions to other members.
extension FoldPoller {
    /// Announces the owned partitions, if the topic does not have them yet. An announcement without room in the
    /// producer is repeated later.
    func announce() throws {
        guard let topic = factProducer.members, let assignment,
            let news = directory.news(of: assignment.map(\.partition), isFull: memory.isFull, at: runtime.now)
        else { return }
        _ = try publish(news.json, of: news.address, to: topic)
    }

    /// Withdraws the announcement of a member that stops, so that it gets no more requests.
    func takeLeave() {
        guard let topic = factProducer.members, let address = directory.farewell() else { return }
        var isPublished = false
        wait(milliseconds: Self.handOverMilliseconds) {
            do {
                if !isPublished { isPublished = try publish(nil, of: address, to: topic) }
                return isPublished && factProducer.producer.queued == 0
            } catch {
                logger.warning("others still take this member for running", metadata: ["reason": "\(error)"])
                return true
            }
        }
    }

    /// Returns false if there is no room in the producer.
    private func publish(_ value: [UInt8]?, of address: String, to topic: Int) throws -> Bool {
        func produce(_ value: UnsafeRawBufferPointer?) throws -> Bool {
            try Array(address.utf8).withUnsafeBytes { key in
                try factProducer.producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value,
                    tag: FoldEnvironment.otherTag)
            }
        }
        guard let value else { return try produce(nil) }
        return try value.withUnsafeBytes { try produce($0) }
    }
}
