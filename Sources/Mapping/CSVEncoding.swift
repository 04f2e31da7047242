internal import Events

/// The encoding of a table's texts.
public enum CSVEncoding: String, CaseIterable, Sendable {
    case utf8 = "utf-8"
    case latin1
    case windows1252 = "windows-1252"

    /// The scalars of the bytes 0x80 to 0x9F in Windows-1252; 0 where there is none.
    private static let windows: [UInt16] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
        0x0178,
    ]

    /// The index of the first byte that is not valid in this encoding; nil if there is none.
    func firstWrongByte(in bytes: UnsafeRawBufferPointer) -> Int? {
        switch self {
        case .latin1: return nil
        case .windows1252:
            return bytes.firstIndex { (0x80...0x9F).contains($0) && Self.windows[Int($0) - 0x80] == 0 }
        case .utf8:
            guard !bytes.isASCII else { return nil }
            do {
                _ = try UTF8Span(validating: bytes.bindMemory(to: UInt8.self).span)
                return nil
            } catch {
                return error.byteOffsets.lowerBound
            }
        }
    }

    /// Appends a text, which has no wrong byte, as UTF-8.
    func append(_ text: UnsafeRawBufferPointer, to utf8: inout ByteWriter) {
        guard self != .utf8, !text.isASCII else { return utf8.append(text) }
        for byte in text {
            let scalar: UInt16 =
                self == .windows1252 && (0x80...0x9F).contains(byte) ? Self.windows[Int(byte) - 0x80] : UInt16(byte)
            switch scalar {
            case ..<0x80: utf8.append(byte: UInt8(scalar))
            case ..<0x800:
                utf8.append(byte: 0xC0 | UInt8(scalar >> 6))
                utf8.append(byte: 0x80 | UInt8(scalar & 0x3F))
            default:
                utf8.append(byte: 0xE0 | UInt8(scalar >> 12))
                utf8.append(byte: 0x80 | UInt8(scalar >> 6 & 0x3F))
                utf8.append(byte: 0x80 | UInt8(scalar & 0x3F))
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var isASCII: Bool {
        var index = 0
        var union: UInt64 = 0
        while index &+ 8 <= count {
            union |= loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        while index < count {
            union |= UInt64(self[index])
            index &+= 1
        }
        return union & 0x8080_8080_8080_8080 == 0
    }
}
