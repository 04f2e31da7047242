import Foundation
import Testing

extension CommandTests {
    /// What is counted and what the line has; no time is asserted.
    struct BenchSearchTests {
        private struct Result: Decodable {
            let bench: String
            let pages: Int
            let subjects: Int
            let found: Int
            let pageMaxMilliseconds: Double
            let rarePageMilliseconds: Double
            let rarePageScanned: Int
            let indexBytesPerSubject: Double
        }

        @Test func pagesComeFromAnIndexOfAtMostFortyBytesASubject() async throws {
            let run = try await Running(["bench", "search", "--subjects", "5003", "--pages", "20"])
                .finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            let line = try #require(run.lines.first, "\(run.messages.suffix(2000))")
            let result = try JSONDecoder().decode(Result.self, from: Data(line.utf8))
            #expect(result.bench == "search" && result.pages == 20 && result.subjects == 5003)
            #expect(result.found > 20 * 100 && result.rarePageScanned == 5003)
            #expect(result.indexBytesPerSubject <= 40)
        }
    }
}
