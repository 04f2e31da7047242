/// A command line of an example.
enum ShellLine {
    /// Splits as a shell does, as far as examples need it: single quotes, and no further than a pipe, a redirection or a comment.
    static func words(_ line: String) -> [String] {
        var words: [String] = []
        for (index, part) in line.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if index % 2 == 1 {
                words.append(String(part))
            } else {
                words += part.split(separator: " ").map(String.init)
            }
        }
        return Array(words.prefix { !["|", ">", "<", "&&", "&", "#", ";"].contains($0) })
    }
}
