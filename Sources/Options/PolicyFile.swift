internal import Foundation
public import Policy
internal import Terminal

/// Reads a policy file. Ends the command with all mistakes in it.
public func loadPolicy(_ path: String) throws -> ScoringPolicy {
    try readPolicy(path) { try ScoringPolicy(yaml: $0, file: path) }
}

/// Like `loadPolicy`, with warnings about probable mistakes.
public func reviewPolicy(_ path: String) throws -> PolicyReview {
    try readPolicy(path) { try PolicyReview(yaml: $0, file: path) }
}

private func readPolicy<Result>(_ path: String, _ read: (String) throws -> Result) throws -> Result {
    guard let bytes = FileManager.default.contents(atPath: path) else {
        throw fail("\(path): error: cannot be read")
    }
    do {
        return try read(YAMLReader.text(of: bytes, file: path))
    } catch let mistakes as YAMLMistakes {
        throw fail(mistakes.description)
    }
}
