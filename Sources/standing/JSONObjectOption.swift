import Foundation
import Terminal

/// Returns `text`, the value of `option`, if it is one JSON object. Ends the command otherwise.
func requireJSONObject(_ text: String, option: String) throws -> String {
    guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)), value is [String: Any] else {
        throw fail("error: \(option): not a JSON object", Exit.usage)
    }
    return text
}
