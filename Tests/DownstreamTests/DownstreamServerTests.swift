import Testing

@testable import Downstream

struct DownstreamServerTests {
    @Test func anUnknownOrRepeatedParameterIsNamed() {
        let known = ["subject", "measure"]
        #expect(DownstreamServer.mistake(in: ["measure", "subject"], known: known) == nil)
        #expect(
            DownstreamServer.mistake(in: ["subject", "mesure"], known: known)
                == "unknown query parameter \"mesure\"; this path takes subject, measure")
        #expect(
            DownstreamServer.mistake(in: ["as-of"], known: [])
                == "unknown query parameter \"as-of\"; this path takes none")
        #expect(
            DownstreamServer.mistake(in: ["subject", "subject"], known: known)
                == "the query parameter subject stands there twice")
    }
}
