extension YAMLReader {
    /// The text of a file's bytes. Throws one error: the first byte that is not UTF-8, or that the file has another of
    /// Unicode's encodings.
    /// - Parameter file: the file's name in the error.
    public static func text(of bytes: some Sequence<UInt8>, file: String) throws(YAMLMistakes) -> String {
        let bytes = Array(bytes)
        func mistake(_ line: Int, _ column: Int, _ message: String) -> YAMLMistakes {
            YAMLMistakes(file: file, mistakes: [YAMLMistake(line: line, column: column, message: message)])
        }
        // YAML detects an encoding by a byte order mark, or by the zeros around a first ASCII character.
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) || bytes.prefix(4).contains(0) {
            throw mistake(1, 1, "the file is UTF-16 or UTF-32: save it as UTF-8")
        }
        do {
            return String(copying: try UTF8Span(validating: bytes.span))
        } catch {
            let bad = error.byteOffsets.lowerBound
            // Columns do not count a byte order mark.
            let mark = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            let (line, column) = location(of: max(0, bad - mark), in: Array(bytes.dropFirst(mark)))
            let byte = String(bytes[bad], radix: 16, uppercase: true)
            throw mistake(line, column, "the byte 0x\(byte) is not UTF-8: save the file as UTF-8")
        }
    }

    /// The line and column of a byte, in Unicode scalars from 1.
    static func location(of byte: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var start = 0
        for index in 0..<byte
        where bytes[index] == 0x0A || bytes[index] == 0x0D && (index + 1 == bytes.count || bytes[index + 1] != 0x0A) {
            line += 1
            start = index + 1
        }
        return (line, bytes[start..<byte].count { $0 & 0xC0 != 0x80 } + 1)
    }
}
