internal import Events
internal import HTTP
internal import Kafka
internal import Ledger
internal import Pipeline
internal import Policy
internal import Scoring

extension PipelineService.PartitionProgress.Policy? {
    /// `{"id","version"}`, or `null`.
    func write(to writer: inout ByteWriter) {
        guard let self else { return writer.append("null") }
        writer.append("{\"id\":")
        writer.append(jsonString: self.id)
        writer.append(",\"version\":")
        writer.append(decimal: self.version)
        writer.append("}")
    }
}

extension PolicyVersion {
    /// `{"id","version","sha256","active","since":{"partition","offset","clock"},"ignored"}`, and if `isWhole` also
    /// `explanation` and `text`. `id` and `version` are null if the text does not compile.
    func write(to writer: inout ByteWriter, isWhole: Bool) {
        writer.append("{\"id\":")
        writer.append(text: policy?.id)
        writer.append(",\"version\":")
        writer.append(number: policy.map { Int64($0.version) })
        writer.append(",\"sha256\":")
        writer.append(jsonString: hash)
        writer.append(",\"active\":")
        writer.append(isActive ? "true" : "false")
        writer.append(",\"since\":{\"partition\":")
        writer.append(decimal: Int64(PolicyReader.partition))
        writer.append(",\"offset\":")
        writer.append(decimal: offset)
        writer.append(",\"clock\":")
        writer.append(time: clock)
        writer.append("},\"ignored\":")
        switch refusal {
        case nil: writer.append("null")
        case .conflict(let replaces, let active):
            writer.append("{\"replaces\":")
            writer.append(jsonString: replaces)
            writer.append(",\"active\":")
            writer.append(jsonString: active)
            writer.append("}")
        case .olderLedger(let version):
            writer.append("{\"foldVersion\":")
            writer.append(decimal: version)
            writer.append("}")
        }
        if isWhole {
            writer.append(",\"explanation\":")
            writer.append(text: policy.map { PolicyExplanation($0).text })
            writer.append(",\"text\":")
            writer.append(jsonString: text)
        }
        writer.append("}")
    }
}

extension SourceReading {
    /// `{"topic","control","intake","declaration","partitions","read","unread","records","frozen","withdrawn",
    /// "deadLetters","notEnrolled"}`
    func write(to writer: inout ByteWriter) {
        writer.append("{\"topic\":")
        writer.append(jsonString: topic)
        writer.append(",\"control\":")
        writer.append(isControl ? "true" : "false")
        writer.append(",\"intake\":")
        writer.append(isRead ? "true" : "false")
        writer.append(",\"declaration\":")
        if let declaration { Self.write(declaration, to: &writer) } else { writer.append("null") }
        writer.append(",\"partitions\":")
        if let positions {
            writer.appendList(positions) { writer, item in
                writer.append("{\"partition\":")
                writer.append(decimal: Int64(item.partition))
                writer.append(",\"beginning\":")
                writer.append(decimal: item.beginning)
                writer.append(",\"position\":")
                writer.append(number: item.position)
                writer.append(",\"end\":")
                writer.append(decimal: item.end)
                writer.append("}")
            }
        } else {
            writer.append("null")
        }
        writer.append(",\"read\":")
        writer.append(number: positions?.reduce(0) { $0 + ($1.position ?? 0) })
        writer.append(",\"unread\":")
        writer.append(number: positions?.reduce(0) { $0 + $1.unread })
        writer.append(",\"records\":")
        writer.append(decimal: records)
        writer.append(",\"frozen\":")
        writer.append(isFrozen ? "true" : "false")
        writer.append(",\"withdrawn\":")
        if let isWithdrawn { writer.append(isWithdrawn ? "true" : "false") } else { writer.append("null") }
        writer.append(",\"deadLetters\":{")
        for (index, count) in deadLetters.enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(jsonString: count.reason)
            writer.append(":")
            writer.append(decimal: Int64(count.letters))
        }
        writer.append("},\"notEnrolled\":")
        writer.append(decimal: notEnrolled)
        writer.append("}")
    }

    private static func write(_ declaration: SourceDeclaration, to writer: inout ByteWriter) {
        writer.append("{\"owner\":")
        writer.append(jsonString: declaration.owner)
        writer.append(",\"sector\":")
        writer.append(jsonString: declaration.sector.rawValue)
        writer.append(",\"purpose\":")
        writer.append(jsonString: declaration.purpose)
        writer.append(",\"types\":")
        writer.appendList(declaration.types) { $0.append(jsonString: $1) }
        writer.append(",\"sources\":")
        writer.appendList(declaration.sources) { $0.append(jsonString: $1) }
        writer.append(",\"lasts\":")
        writer.append(text: declaration.lasts.map { "\($0)" })
        writer.append(",\"format\":")
        writer.append(jsonString: declaration.format.rawValue)
        writer.append(",\"contact\":")
        writer.append(jsonString: declaration.contact)
        writer.append("}")
    }
}

extension ByteWriter {
    /// The members that every letter has, without the braces.
    fileprivate mutating func append(
        letter position: DeadLetter.Position, time: Timestamp?, reason: String, source: TopicPartition, offset: Int64,
        size: Int64, outcome: DeadLetterReader.Outcome
    ) {
        append("\"letter\":")
        append(jsonString: position.description)
        append(",\"time\":")
        append(time: time)
        append(",\"reason\":")
        append(jsonString: reason)
        append(",\"topic\":")
        append(jsonString: source.topic)
        append(",\"partition\":")
        append(decimal: Int64(source.partition))
        append(",\"offset\":")
        append(decimal: offset)
        append(",\"bytes\":")
        append(decimal: size)
        switch outcome {
        case .waiting: append(",\"state\":\"waiting\"")
        case .sent(let destination):
            append(",\"state\":\"sent\",\"sentTo\":")
            append(jsonString: destination)
        case .discarded(let reason):
            append(",\"state\":\"discarded\",\"discarded\":")
            append(jsonString: reason)
        }
    }
}

extension DeadLetterReader.Summary {
    /// `{"letter","time","reason","topic","partition","offset","bytes","state"}`, and `sentTo` or `discarded`.
    func write(to writer: inout ByteWriter) {
        writer.append("{")
        writer.append(
            letter: position, time: time, reason: reason, source: source, offset: sourceOffset, size: size,
            outcome: outcome)
        writer.append("}")
    }
}

extension DeadLetter {
    /// The number of bytes of a letter's text that are shown.
    static let shownBytes = 64 << 10

    /// A summary. With bytes also `message`, `key`, `headers` and `value`: of each `{"text","hex","bytes"}`, with at
    /// most the first `shownBytes`. `text` is null if the bytes are not UTF-8; the whole is null if it is missing.
    func write(to writer: inout ByteWriter, outcome: DeadLetterReader.Outcome, withBytes: Bool) {
        writer.append("{")
        writer.append(
            letter: position, time: timestamp < 0 ? nil : Timestamp(microseconds: timestamp * 1000), reason: reason,
            source: source, offset: sourceOffset, size: droppedBytes ?? Int64(value?.count ?? 0), outcome: outcome)
        if withBytes {
            writer.append(",\"message\":")
            writer.append(jsonString: message)
            writer.append(",\"key\":")
            Self.write(key, to: &writer)
            writer.append(",\"headers\":")
            writer.appendList(headers) { writer, header in
                writer.append("{\"name\":")
                writer.append(jsonString: header.name)
                writer.append(",\"value\":")
                Self.write(header.value, to: &writer)
                writer.append("}")
            }
            writer.append(",\"value\":")
            Self.write(value, to: &writer)
        }
        writer.append("}")
    }

    private static func write(_ bytes: [UInt8]?, to writer: inout ByteWriter) {
        guard let bytes else { return writer.append("null") }
        var shown = bytes.prefix(shownBytes)
        writer.append("{\"text\":")
        if let whole = String(validating: bytes, as: UTF8.self) {
            // The cut must be between two characters.
            while shown.count < bytes.count, !shown.isEmpty, bytes[shown.endIndex] & 0xC0 == 0x80 { shown.removeLast() }
            writer.append(jsonString: shown.count == bytes.count ? whole : String(decoding: shown, as: UTF8.self))
        } else {
            writer.append("null")
        }
        writer.append(",\"hex\":")
        writer.append(hex: shown)
        writer.append(",\"bytes\":")
        writer.append(decimal: Int64(bytes.count))
        writer.append("}")
    }
}

extension LedgerPartitionReading {
    /// `{"partition","beginning","end","owner","fold":{"offset","clock","policy","chain":{"offset","head"}},"quarantine","checkpoint"}`
    func write(to writer: inout ByteWriter) {
        writer.append("{\"partition\":")
        writer.append(decimal: Int64(partition))
        writer.append(",\"beginning\":")
        writer.append(decimal: beginning)
        writer.append(",\"end\":")
        writer.append(decimal: end)
        writer.append(",\"owner\":")
        writer.append(text: owner)
        writer.append(",\"fold\":")
        if let fold {
            writer.append("{\"offset\":")
            writer.append(decimal: fold.nextOffset)
            writer.append(",\"clock\":")
            writer.append(time: fold.clock)
            writer.append(",\"policy\":")
            fold.policy.write(to: &writer)
            writer.append(",\"chain\":")
            if let head = fold.chainHead {
                writer.append("{\"offset\":")
                writer.append(decimal: fold.chainOffset)
                writer.append(",\"head\":")
                writer.append(hex: head)
                writer.append("}}")
            } else {
                writer.append("null}")
            }
        } else {
            writer.append("null")
        }
        writer.append(",\"quarantine\":")
        writer.append(text: quarantine)
        writer.append(",\"checkpoint\":")
        if let statement = checkpoint {
            let checkpoint = statement.checkpoint
            writer.append("{\"offset\":")
            writer.append(decimal: checkpoint.nextOffset)
            writer.append(",\"head\":")
            writer.append(hex: checkpoint.chainHead)
            writer.append(",\"state\":")
            writer.append(jsonString: checkpoint.state)
            writer.append(",\"member\":")
            writer.append(jsonString: checkpoint.member)
            writer.append(",\"time\":")
            writer.append(time: statement.time)
            writer.append(",\"trusted\":")
            writer.append(statement.isTrusted ? "true" : "false")
            writer.append("}")
        } else {
            writer.append("null")
        }
        writer.append("}")
    }
}
