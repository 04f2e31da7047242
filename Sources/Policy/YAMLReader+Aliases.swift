extension YAMLReader {
    /// The first alias (`*name`) of an anchor (`&name`) of the document; nil if there is none.
    ///
    /// Aliases are refused before anything is composed. A few levels of them expand to more nodes than fit any memory,
    /// and an error after an alias would be reported at the anchor. The search ignores quotes: a text that has both
    /// signs before the same word, each where a node may begin, counts as an alias.
    static func alias(in text: String) -> YAMLMistake? {
        let bytes = Array(text.utf8)
        var anchors: Set<ArraySlice<UInt8>> = []
        forEachMark(UInt8(ascii: "&"), in: bytes) { name, _ in
            anchors.insert(name)
            return true
        }
        guard !anchors.isEmpty else { return nil }
        var mistake: YAMLMistake?
        forEachMark(UInt8(ascii: "*"), in: bytes) { name, byteIndex in
            guard anchors.contains(name) else { return true }
            let (line, column) = self.location(of: byteIndex, in: bytes)
            mistake = YAMLMistake(
                line: line, column: column,
                message: "\"*\(String(decoding: name, as: UTF8.self))\": aliases are not supported here")
            return false
        }
        return mistake
    }

    /// Calls the body with every `mark` where a node may begin, and the word after it, until the body returns false.
    private static func forEachMark(
        _ mark: UInt8, in bytes: [UInt8], _ body: (ArraySlice<UInt8>, _ byteIndex: Int) -> Bool
    ) {
        let openers = Array(" \n\t[{,:?-".utf8)
        for index in bytes.indices where bytes[index] == mark && (index == 0 || openers.contains(bytes[index - 1])) {
            let name = bytes[(index + 1)...].prefix { byte in
                byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte == UInt8(ascii: "_")
                    || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "-")
            }
            if !name.isEmpty, !body(name, index) { return }
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

    /// The position of the second of two equal keys, after that of the first.
    static func second(_ key: String, after line: Int, _ column: Int, in text: String) -> (line: Int, column: Int)? {
        let bytes = Array(text.utf8)
        let key = Array(key.utf8)
        guard !key.isEmpty, bytes.count > key.count else { return nil }
        let openers = Array(" \n\t{,\"'".utf8)
        for index in 0...bytes.count - key.count
        where bytes[index..<index + key.count].elementsEqual(key) && (index == 0 || openers.contains(bytes[index - 1]))
        {
            let rest = bytes[(index + key.count)...].drop { $0 == 0x20 || $0 == 0x22 || $0 == 0x27 }
            guard rest.first == UInt8(ascii: ":") else { continue }
            let isQuoted = index > 0 && (bytes[index - 1] == 0x22 || bytes[index - 1] == 0x27)
            let found = location(of: isQuoted ? index - 1 : index, in: bytes)
            if (found.line, found.column) > (line, column) { return found }
        }
        return nil
    }
}
