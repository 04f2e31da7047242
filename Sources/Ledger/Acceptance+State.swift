public import Events

// The binary form of an acceptance. It is part of a snapshot and of an archive's index.
extension Acceptance {
    /// Four counts, then the sessions, the topics' names, the sources, the numbers of the frozen topics, the clock
    /// and the last fold version. A session is its id, its next frame number plus one (0 if the session is broken)
    /// and its last use. A source is its topic's number, its partition and its greatest origin.
    public func write(to writer: inout ByteWriter) {
        for count in [repeatedFrames, brokenFrames, repeatedOrigins, uses] { writer.append(littleEndian: count) }
        writer.append(varint: UInt64(sessions.count))
        for session in sessions {
            writer.append(littleEndian: session.id)
            writer.append(littleEndian: session.next.map { $0 &+ 1 } ?? 0)
            writer.append(littleEndian: session.lastUse)
        }
        writer.append(varint: UInt64(topics.count))
        for topic in topics {
            writer.append(varint: UInt64(topic.count))
            writer.append(topic)
        }
        writer.append(varint: UInt64(sources.count))
        for source in sources {
            writer.append(varint: UInt64(source.topic))
            writer.append(littleEndian: source.partition)
            writer.append(littleEndian: source.greatest)
        }
        writer.append(varint: UInt64(frozen.count))
        for topic in frozen { writer.append(varint: UInt64(topic)) }
        writer.append(littleEndian: clock.microseconds)
        writer.append(littleEndian: foldVersion)
    }

    public init(
        from reader: inout ByteReader, maximumSessions: Int = Self.maximumSessions
    ) throws(ByteReader.Failure) {
        sessionLimit = maximumSessions
        repeatedFrames = try reader.tally()
        brokenFrames = try reader.tally()
        repeatedOrigins = try reader.tally()
        uses = try reader.tally()
        let sessionCount = try reader.count(bytesEach: 24)
        guard sessionCount <= maximumSessions else { throw reader.failure }
        for _ in 0..<sessionCount {
            let id = try reader.integer(UInt64.self)
            let next = UInt64(try reader.tally())
            sessions.append(Session(id: id, next: next == 0 ? nil : next - 1, lastUse: try reader.tally()))
        }
        for _ in 0..<(try reader.count(bytesEach: 1)) {
            topics.append(Array(try reader.take(try reader.count(bytesEach: 1))))
        }
        for _ in 0..<(try reader.count(bytesEach: 13)) {
            let topic = try reader.varint()
            guard topic < UInt64(topics.count) else { throw reader.failure }
            sources.append(
                Source(topic: Int(topic), partition: try reader.integer(), greatest: try reader.integer()))
        }
        for _ in 0..<(try reader.count(bytesEach: 1)) {
            let topic = try reader.varint()
            guard topic < UInt64(topics.count), !frozen.contains(Int(topic)) else { throw reader.failure }
            frozen.append(Int(topic))
        }
        clock = Timestamp(microseconds: try reader.integer())
        foldVersion = try reader.tally()
    }
}
