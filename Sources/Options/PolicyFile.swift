internal import Foundation
public import Policy
internal import Terminal

/// Reads a policy file, or ends the command with all that is wrong with it.
public func loadPolicy(_ path: String) throws -> ScoringPolicy {
    try readPolicy(path) { try ScoringPolicy(yaml: $0, file: path) }
}

/// The same with what its author perhaps did not mean.
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
