public import ArgumentParser
internal import Events
internal import Foundation
internal import Pipeline
internal import Policy
internal import Topics

/// The completions that a shell offers after an option. Files and lists are in the completion script. Names from topic
/// files or from a policy come from the program, while the user types. It prints no messages, and offers nothing if it
/// fails.
extension CompletionKind {
    public static var policies: CompletionKind { .file(extensions: ["yaml", "yml"]) }
    public static var events: CompletionKind { .file(extensions: ["jsonl", "gz"]) }
    public static var clocks: CompletionKind { .list(["wall", "events"]) }

    /// The source topics and the control topic, of `STANDING_TOPICS` or the program's own.
    public static var sourceTopics: CompletionKind {
        .custom { words, _, _ in
            let folder = value(of: "--topics", in: words) ?? ProcessInfo.processInfo.environment["STANDING_TOPICS"]
            let topics = try? folder.map { try TopicDefinition.load(directory: $0) } ?? TopicDefinition.builtIn()
            return (topics ?? []).filter { $0.role == .source || $0.role == .control }.map(\.name)
        }
    }

    /// The sanctions of the policy that `STANDING_POLICY` names.
    public static var sanctions: CompletionKind { .custom { _, _, _ in policy()?.sanctions.map(\.id) ?? [] } }

    /// The name of the policy that `STANDING_POLICY` names, with each version up to its own, the newest first.
    public static var policyVersions: CompletionKind {
        .custom { _, _, _ in
            guard let policy = policy() else { return [] }
            let oldest = max(1, policy.version - maximumVersions + 1)
            return (oldest...policy.version).reversed().map { "\(policy.id)/\($0)" }
        }
    }

    private static let maximumVersions: Int64 = 20

    public static var settings: CompletionKind { .list(Setting.all.map(\.name)) }

    private static func policy() -> ScoringPolicy? {
        guard let path = ProcessInfo.processInfo.environment["STANDING_POLICY"],
            let bytes = FileManager.default.contents(atPath: path),
            let text = try? YAMLReader.text(of: bytes, file: path)
        else { return nil }
        return try? ScoringPolicy(yaml: text, file: path)
    }

    /// The word after an option on the line in the shell.
    private static func value(of option: String, in words: [String]) -> String? {
        guard let index = words.lastIndex(of: option), index + 1 < words.count else { return nil }
        return words[index + 1]
    }
}
