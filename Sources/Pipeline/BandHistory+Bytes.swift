internal import Events

// The format of the file beside the snapshots, from which the history continues after a restart:
//
//     4  version, 1
//     4  number of the first set of names
//     …  `varint` sets of names; each: `varint` names, each `bytes`
//     …  by minute, then by hour: `varint` samples, oldest first; each: 8 clock, 4 number of the set of names, 4 each number of subjects
extension BandHistory {
    private static let version: UInt32 = 1
    private static let maximumBands = 256

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 1 << 16)
        writer.append(littleEndian: Self.version)
        writer.append(littleEndian: firstNames)
        writer.append(varint: UInt64(names.count))
        for names in names {
            writer.append(varint: UInt64(names.count))
            for name in names {
                writer.append(varint: UInt64(name.utf8.count))
                writer.append(name)
            }
        }
        for ring in [byMinute, byHour] {
            let samples = ring.ordered
            writer.append(varint: UInt64(samples.count))
            for sample in samples {
                writer.append(littleEndian: sample.clock.microseconds)
                writer.append(littleEndian: sample.names)
                for number in sample.subjects { writer.append(littleEndian: number) }
            }
        }
        return Array(writer.bytes)
    }

    /// Reads the format of `bytes`.
    init(_ reader: inout ByteReader) throws(ByteReader.Failure) {
        self.init()
        guard try reader.integer(UInt32.self) == Self.version else { throw reader.failure }
        firstNames = try reader.integer()
        let sets = try reader.count(bytesEach: 1)
        guard sets <= Self.maximumNames, (0...Int32.max / 2).contains(firstNames) else { throw reader.failure }
        for _ in 0..<sets {
            let bands = try reader.count(bytesEach: 1)
            guard (1...Self.maximumBands).contains(bands) else { throw reader.failure }
            var list: [String] = []
            for _ in 0..<bands {
                let text = try reader.take(try reader.count(bytesEach: 1))
                guard let name = String(validating: text, as: UTF8.self) else { throw reader.failure }
                list.append(name)
            }
            names.append(list)
        }
        byMinute = try ring(byMinute, from: &reader)
        byHour = try ring(byHour, from: &reader)
        guard reader.isAtEnd else { throw reader.failure }
    }

    private func ring(_ empty: Ring, from reader: inout ByteReader) throws(ByteReader.Failure) -> Ring {
        var ring = empty
        let count = try reader.count(bytesEach: 16)
        guard count <= ring.capacity else { throw reader.failure }
        for _ in 0..<count {
            let clock = Timestamp(microseconds: try reader.integer())
            let number = try reader.integer(Int32.self)
            let index = Int(number) - Int(firstNames)
            guard names.indices.contains(index), ring.isDue(clock),
                (EntryTime.first...EntryTime.last).contains(clock)
            else { throw reader.failure }
            var subjects: [Int32] = []
            for _ in names[index].indices {
                let count = try reader.integer(Int32.self)
                guard count >= 0 else { throw reader.failure }
                subjects.append(count)
            }
            ring.append(Sample(clock: clock, names: number, subjects: subjects))
        }
        return ring
    }
}
