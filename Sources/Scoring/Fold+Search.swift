internal import Events
internal import Policy

// Searches among the subjects of a partition.
extension Fold {
    /// Updates an index with about `maximum` more subjects. Returns true if it is complete.
    public func update(_ index: inout SubjectIndex, maximum: Int) -> Bool {
        index.update(
            subjects, newest: UInt32(truncatingIfNeeded: counters.enrolments), switches: counters.policySwitches,
            maximum: maximum)
    }

    /// The subjects with ids after `after`, or from the first one on if that is nil, that pass the filter. Returns at
    /// most `limit` of them, out of about `maximum` subjects at most. Subjects that enrolled after the index's last
    /// update are missing.
    public func search(
        _ index: inout SubjectIndex, for filter: SubjectFilter, after: [UInt8]?, limit: Int, maximum: Int
    ) -> SubjectRange {
        let isAfter = after.map { !$0.lexicographicallyPrecedes(filter.prefix) } ?? false
        let start = isAfter ? after! : filter.prefix
        let (block, entryIndex) = start.withUnsafeBytes { index.position(of: $0, after: isAfter, subjects) }
        return filter.prefix.withUnsafeBytes { prefix in
            read(index, from: block, entryIndex, prefix, filter, limit: limit, maximum: maximum)
        }
    }

    /// Records of this many entries ahead are prefetched.
    private static var searchedAhead: Int { 16 }

    private func read(
        _ index: borrowing SubjectIndex, from block: Int, _ entryIndex: Int, _ prefix: UnsafeRawBufferPointer,
        _ filter: SubjectFilter, limit: Int, maximum: Int
    ) -> SubjectRange {
        var range = SubjectRange()
        var (block, entryIndex) = (block, entryIndex)
        let isOpen = filter.isOpen
        var last: SubjectIndex.Entry?
        while block < index.blocks.count {
            let isDone = index.blocks[block].withUnsafeBufferPointer { entries in
                for ahead in entryIndex..<min(entries.count, entryIndex + Self.searchedAhead) {
                    prefetch(entries[ahead])
                }
                while entryIndex < entries.count {
                    if entryIndex + Self.searchedAhead < entries.count {
                        prefetch(entries[entryIndex + Self.searchedAhead])
                    }
                    let entry = entries[entryIndex]
                    entryIndex += 1
                    range.scanned += 1
                    let key = index.key(entry, subjects)
                    guard !key.isEmpty else { continue }
                    guard key.begins(with: prefix) else { return true }
                    last = entry
                    if isOpen || passes(filter, entry.subject) { range.subjects.append(summary(entry.subject)) }
                    if range.subjects.count == limit { return false }
                }
                return false
            }
            if isDone { return range }
            // If all subjects so far have withdrawn there is no id to continue after.
            if range.subjects.count >= limit || range.scanned >= maximum && last != nil { break }
            (block, entryIndex) = (block + 1, 0)
        }
        guard block < index.blocks.count else { return range }
        range.completeThrough = last.map { Array(index.key($0, subjects)) }
        return range
    }

    private func prefetch(_ entry: SubjectIndex.Entry) {
        CacheLine.prefetch(subjects.record(entry.subject), byteCount: SubjectTable.Layout.dimensionsAt * 8)
    }

    private func passes(_ filter: SubjectFilter, _ subject: UInt32) -> Bool {
        let record = subjects.record(subject)
        let header = SubjectTable.header(record).pointee
        if let kind = filter.kind, header.kind != kind.rawValue { return false }
        if let band = filter.band, Int(header.band) != band { return false }
        if let score = filter.score, !score.contains(record[SubjectTable.Layout.scoreAt]) { return false }
        if let perk = filter.perk, record[subjects.layout.perksAt + perk] == PerkState.idle { return false }
        if let enrolled = filter.enrolled, !enrolled.contains(subjects.enrolledAt(subject).pointee) { return false }
        if let sanction = filter.sanction {
            guard let activeSanction = activeSanction(sanction, record) else { return false }
            return filter.sanctionState.map { activeSanction.pointee.state == $0 } ?? true
        }
        guard let state = filter.sanctionState else { return true }
        return policy.sanctions.indices.contains { activeSanction($0, record)?.pointee.state == state }
    }

    private func summary(_ subject: UInt32) -> SubjectSummary {
        let record = subjects.record(subject)
        return SubjectSummary(
            subject: Array(SubjectTable.key(record)),
            kind: SubjectKind(rawValue: SubjectTable.header(record).pointee.kind) ?? .individual, level: level(record),
            enrolled: subjects.enrolledAt(subject).pointee,
            perks: policy.perks.indices.filter { record[subjects.layout.perksAt + $0] != PerkState.idle },
            sanctions: policy.sanctions.indices.compactMap { sanction in
                activeSanction(sanction, record).map { .init(sanction: sanction, state: $0.pointee.state) }
            })
    }
}

extension UnsafeRawBufferPointer {
    func begins(with prefix: UnsafeRawBufferPointer) -> Bool {
        count >= prefix.count && UnsafeRawBufferPointer(rebasing: self[..<prefix.count]).equals(prefix)
    }
}
