import Testing

@testable import Query

struct QueryServerTests {
    @Test func anUnknownOrRepeatedParameterIsNamed() {
        let known = ["as-of", "offset", "policy"]
        #expect(queryMistake([], known: known) == nil)
        #expect(queryMistake(["policy", "as-of"], known: known) == nil)
        #expect(
            queryMistake(["asof"], known: known)
                == "unknown query parameter \"asof\"; this path takes as-of, offset, policy")
        #expect(queryMistake(["as-of"], known: []) == "unknown query parameter \"as-of\"; this path takes none")
        #expect(
            queryMistake(["as-of", "offset", "as-of"], known: known) == "the query parameter as-of stands there twice")
    }
}
