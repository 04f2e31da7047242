import CEL
import CELJSON
import Foundation
import Testing

/// The open rows of the public CEL suite.
@Suite struct ConformanceTests {
    /// Rows that contradict themselves: their bytes have a backslash that their expression does not have.
    static let excused: Set<String> = [
        "parse/bytes_literals/triple_single_quoted_unescaped_punctuation",
        "parse/bytes_literals/triple_double_quoted_unescaped_punctuation",
    ]

    static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "../shared/cel/conformance-open.jsonl").standardizedFileURL.path

    @Test(.enabled(if: FileManager.default.fileExists(atPath: path), "there is no \(path)"))
    func everyRowHasTheValueItExpects() throws {
        let lines = try String(contentsOfFile: Self.path, encoding: .utf8).split(separator: "\n")
        var excused = 0
        for line in lines {
            let row = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let name = try #require(row["name"] as? String)
            let expectation = try #require(row["expect"] as? [String: Any])
            let result = EvaluationRow(line: line.utf8)
            let output = try #require(
                JSONSerialization.jsonObject(with: Data(result.resultLine.utf8)) as? [String: Any])
            #expect(output["name"] as? String == name)
            if Self.excused.contains(name) {
                excused += 1
                continue
            }
            guard let value = expectation["value"] else {
                #expect(result.error != nil, "\(name): \(row["expr"] ?? "")")
                continue
            }
            #expect(canonical(value) != "none")
            #expect(canonical(output["value"]) == canonical(value), "\(name): \(row["expr"] ?? "")")
            if row["unchecked"] == nil { #expect(result.diagnostics.isEmpty, "\(name): \(row["expr"] ?? "")") }
        }
        #expect(lines.count >= 757)
        #expect(excused == Self.excused.count)
    }

    /// A typed value on which the order of a map's entries leaves no trace.
    private func canonical(_ json: Any?) -> String {
        guard let value = json as? [String: Any], let type = value["type"] as? String else { return "none" }
        if let items = value["value"] as? [Any], type == "list" {
            return "[\(items.map { canonical($0) }.joined(separator: ","))]"
        }
        if let pairs = value["value"] as? [[Any]], type == "map" {
            return "{\(pairs.map { "\(canonical($0.first)):\(canonical($0.last))" }.sorted().joined(separator: ","))}"
        }
        return "\(type) \(value["value"] ?? "")"
    }
}
