import Access
import Console
import Testing

/// The JSON that a page links to has what the page shows.
struct JSONLinkTests {
    private func link(of path: String, _ query: [(name: String, value: String)] = []) async throws -> String {
        let routes = ConsoleRoutes(ConsolePages(), data: DemoTown()).all
        let caller = Caller(name: "vera", roles: Set(Role.allCases).subtracting([.subject]))
        let page = Visits.Page(name: "page", caller: caller, path: path, query: query)
        let answer = try #require(await Visits.answer(page, routes))
        let line = try #require(answer.body.split(separator: "\n").first { $0.contains("This page as JSON") })
        return try #require(line.split(separator: "href=\"").last?.split(separator: "\"").first.map(String.init))
    }

    @Test func aPolicyIsReadByItsNameAndVersion() async throws {
        #expect(try await link(of: "/console/policies") == "/policies")
    }

    @Test func aLetterIsReadByItsPlace() async throws {
        #expect(try await link(of: "/console/dead-letters", [("letter", "3-1200")]) == "/dead-letters/3/1200")
        #expect(
            try await link(of: "/console/dead-letters", [("reason", "time/in-the-future")])
                == "/dead-letters?reason=time%2Fin-the-future")
    }

    @Test func entriesAreReadOfASubjectOrOfAPartition() async throws {
        #expect(try await link(of: "/console/ledger") == "/ledger")
        #expect(try await link(of: "/console/ledger", [("subject", "a.b/c")]) == "/subjects/a%2Eb%2Fc/entries")
        #expect(
            try await link(of: "/console/ledger", [("partition", "3"), ("offset", "17")])
                == "/ledger/3/entries?offset=17")
    }
}
