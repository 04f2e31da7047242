internal import Events
internal import HTTP
internal import Kafka
internal import Ledger
internal import Pipeline
internal import Policy
internal import Scoring

extension PipelineService.PartitionProgress.Policy? {
    /// `{"id","version"}`, or `null`.
    func write(to writer: inout JSONWriter) {
        guard let self else { return writer.null() }
        writer.open()
        writer.member("id", self.id)
        writer.member("version", self.version)
        writer.close()
    }
}

extension PolicyVersion {
    /// `{"id","version","sha256","active","since":{"partition","offset","clock"},"ignored"}`, and if `isWhole` also
    /// `explanation` and `text`. `id` and `version` are null if the text does not compile.
    func write(to writer: inout JSONWriter, isWhole: Bool) {
        writer.open()
        writer.member("id", policy?.id)
        writer.member("version", policy?.version)
        writer.member("sha256", hash)
        writer.member("active", isActive)
        writer.open("since")
        writer.member("partition", PolicyReader.partition)
        writer.member("offset", offset)
        writer.member("clock", clock)
        writer.close()
        writer.key("ignored")
        switch refusal {
        case nil: writer.null()
        case .conflict(let replaces, let active):
            writer.open()
            writer.member("replaces", replaces)
            writer.member("active", active)
            writer.close()
        case .olderLedger(let version):
            writer.open()
            writer.member("foldVersion", version)
            writer.close()
        }
        if isWhole {
            writer.member("explanation", policy.map { PolicyExplanation($0).text })
            writer.member("text", text)
        }
        writer.close()
    }
}

extension SourceReading {
    /// `{"topic","control","intake","declaration","partitions","read","unread","records","frozen","withdrawn",
    /// "withdrawnIn","deadLetters","notEnrolled"}`
    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("topic", topic)
        writer.member("control", isControl)
        writer.member("intake", isRead)
        writer.key("declaration")
        if let declaration { declaration.write(to: &writer) } else { writer.null() }
        writer.key("partitions")
        if let positions {
            writer.list(positions) { writer, item in
                writer.open()
                writer.member("partition", item.partition)
                writer.member("beginning", item.beginning)
                writer.member("position", item.position)
                writer.member("end", item.end)
                writer.close()
            }
        } else {
            writer.null()
        }
        writer.member("read", positions?.reduce(0) { $0 + ($1.position ?? 0) })
        writer.member("unread", positions?.reduce(0) { $0 + $1.unread })
        writer.member("records", records)
        writer.member("frozen", isFrozen)
        writer.member("withdrawn", withdrawal.map { !$0.isNowhere })
        writer.member("withdrawnIn", withdrawal?.partitions)
        writer.open("deadLetters")
        for count in deadLetters { writer.member(count.reason, count.letters) }
        writer.close()
        writer.member("notEnrolled", notEnrolled)
        writer.close()
    }
}

extension JSONWriter {
    /// The members that every letter has, without the braces.
    fileprivate mutating func members(
        ofLetter position: DeadLetter.Position, time: Timestamp?, reason: String, source: TopicPartition, offset: Int64,
        size: Int64, outcome: DeadLetterReader.Outcome
    ) {
        member("letter", position.description)
        member("time", time)
        member("reason", reason)
        member("topic", source.topic)
        member("partition", source.partition)
        member("offset", offset)
        member("bytes", size)
        switch outcome {
        case .waiting: member("state", "waiting")
        case .sent(let destination):
            member("state", "sent")
            member("sentTo", destination)
        case .discarded(let reason):
            member("state", "discarded")
            member("discarded", reason)
        }
    }
}

extension DeadLetterReader.Summary {
    /// `{"letter","time","reason","topic","partition","offset","bytes","state"}`, and `sentTo` or `discarded`.
    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.members(
            ofLetter: position, time: time, reason: reason, source: source, offset: sourceOffset, size: size,
            outcome: outcome)
        writer.close()
    }
}

extension DeadLetter {
    /// The number of bytes of a letter's text that are shown.
    static let shownBytes = 64 << 10

    /// A summary. With bytes also `message`, `key`, `headers` and `value`: of each `{"text","hex","bytes"}`, with at
    /// most the first `shownBytes`. `text` is null if the bytes are not UTF-8; the whole is null if it is missing.
    func write(to writer: inout JSONWriter, outcome: DeadLetterReader.Outcome, withBytes: Bool) {
        writer.open()
        writer.members(
            ofLetter: position, time: timestamp < 0 ? nil : Timestamp(microseconds: timestamp * 1000), reason: reason,
            source: source, offset: sourceOffset, size: droppedBytes ?? Int64(value?.count ?? 0), outcome: outcome)
        if withBytes {
            writer.member("message", message)
            writer.key("key")
            Self.write(key, to: &writer)
            writer.list("headers", headers) { writer, header in
                writer.open()
                writer.member("name", header.name)
                writer.key("value")
                Self.write(header.value, to: &writer)
                writer.close()
            }
            writer.key("value")
            Self.write(value, to: &writer)
        }
        writer.close()
    }

    private static func write(_ bytes: [UInt8]?, to writer: inout JSONWriter) {
        guard let bytes else { return writer.null() }
        var shown = bytes.prefix(shownBytes)
        writer.open()
        writer.key("text")
        if let whole = String(validating: bytes, as: UTF8.self) {
            // The cut must be between two characters.
            while shown.count < bytes.count, !shown.isEmpty, bytes[shown.endIndex] & 0xC0 == 0x80 { shown.removeLast() }
            writer.value(shown.count == bytes.count ? whole : String(decoding: shown, as: UTF8.self))
        } else {
            writer.null()
        }
        writer.member("hex", Hex.text(shown))
        writer.member("bytes", bytes.count)
        writer.close()
    }
}

extension LedgerPartitionReading {
    /// `{"partition","beginning","end","owner","fold":{"offset","clock","policy","chain":{"offset","head"}},"quarantine","checkpoint"}`
    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("partition", partition)
        writer.member("beginning", beginning)
        writer.member("end", end)
        writer.member("owner", owner)
        writer.key("fold")
        if let fold {
            writer.open()
            writer.member("offset", fold.nextOffset)
            writer.member("clock", fold.clock)
            writer.key("policy")
            fold.policy.write(to: &writer)
            writer.key("chain")
            if let head = fold.chainHead {
                writer.open()
                writer.member("offset", fold.chainOffset)
                writer.member("head", Hex.text(head))
                writer.close()
            } else {
                writer.null()
            }
            writer.close()
        } else {
            writer.null()
        }
        writer.member("quarantine", quarantine)
        writer.key("checkpoint")
        if let statement = checkpoint {
            let checkpoint = statement.checkpoint
            writer.open()
            writer.member("offset", checkpoint.nextOffset)
            writer.member("head", Hex.text(checkpoint.chainHead))
            writer.member("state", checkpoint.state)
            writer.member("member", checkpoint.member)
            writer.member("time", statement.time)
            writer.member("trusted", statement.isTrusted)
            writer.close()
        } else {
            writer.null()
        }
        writer.close()
    }
}
