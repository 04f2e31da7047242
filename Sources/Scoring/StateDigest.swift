internal import Events
internal import Policy

/// 128 bits that follow from a fold's state alone: the same for the same subjects, evidence, sanctions, perks and clock,
/// wherever and in whatever memory they lie. It tells states apart that came apart by mistake; it is no signature.
public struct StateDigest: Hashable, Sendable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    /// 32 hexadecimal digits.
    public var description: String { Self.hex(high) + Self.hex(low) }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension Fold {
    /// The digest of the state. Sums of hashes, so that neither the order of subjects nor that of evidence matters:
    /// each subject is written in a canonical form, hashed, and added.
    public borrowing func digest() -> StateDigest {
        var sum = DigestSum()
        var writer = ByteWriter()
        subjects.forEach { _, record in
            writer.removeAll()
            writeState(record, to: &writer)
            sum.add(writer.bytes)
        }
        writer.removeAll()
        writer.append(littleEndian: clock.microseconds)
        writer.append(littleEndian: Int64(subjects.count))
        identities.forEach { sum.add($0) }
        voided.forEach { sum.add($0, 1) }
        writer.append(littleEndian: Int64(identities.count))
        writer.append(jsonString: policy.text)
        sum.add(writer.bytes)
        return StateDigest(high: sum.high, low: sum.low)
    }

    /// Everything that a later entry could bring to light, in policy order.
    private borrowing func writeState(_ record: UnsafeMutablePointer<Int64>, to writer: inout ByteWriter) {
        let header = SubjectTable.header(record).pointee
        writer.append(jsonString: SubjectTable.key(record))
        writer.append(byte: header.kind)
        writer.append(littleEndian: header.errors)
        terms[SubjectTable.terms(record).pointee].withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(littleEndian: record[SubjectTable.Layout.scoreAt])
        writer.append(byte: header.band)
        for rule in policy.rules.indices {
            var buckets: [Bucket] = []
            forEachBucket(rule, record) { buckets.append($0.pointee) }
            buckets.sort { $0.number < $1.number }
            writer.append(littleEndian: Int64(buckets.count))
            for bucket in buckets {
                writer.append(littleEndian: bucket.number)
                writer.append(littleEndian: bucket.sum)
                writer.append(littleEndian: bucket.events)
                var sum = DigestSum()
                var number = bucket.evidence
                while number != 0 {
                    let item = evidence[number].pointee
                    sum.add(item.identity, item.points)
                    number = item.next
                }
                writer.append(littleEndian: sum.high)
                writer.append(littleEndian: sum.low)
            }
        }
        for perk in policy.perks.indices { writer.append(littleEndian: record[subjects.layout.perksAt + perk]) }
        for sanction in policy.sanctions.indices {
            guard let imposition = imposition(sanction, record)?.pointee else {
                writer.append(byte: 0)
                continue
            }
            writer.append(byte: imposition.state.rawValue)
            writer.append(byte: imposition.appeal.rawValue)
            for date in [imposition.since, imposition.noticeEnd, imposition.until, imposition.deadline] {
                writer.append(littleEndian: date)
            }
            writer.append(littleEndian: imposition.cause)
        }
    }
}

/// A sum of 128-bit hashes (Bellare and Micciancio's AdHash).
private struct DigestSum {
    private(set) var high: UInt64 = 0
    private(set) var low: UInt64 = 0

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(high: bytes.fingerprint(seed: 3), low: bytes.fingerprint(seed: 4))
    }

    mutating func add(_ identity: UInt64, _ points: Int64 = 0) {
        withUnsafeBytes(of: (identity.littleEndian, points.littleEndian)) { add($0) }
    }

    private mutating func add(high: UInt64, low: UInt64) {
        let (sum, carry) = self.low.addingReportingOverflow(low)
        self.low = sum
        self.high = self.high &+ high &+ (carry ? 1 : 0)
    }
}
