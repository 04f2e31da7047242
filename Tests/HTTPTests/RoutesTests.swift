import Hummingbird
import Testing

@testable import HTTP

struct RoutesTests {
    @Test func anUnknownOrRepeatedParameterIsNamed() {
        let known = ["as-of", "offset", "policy"]
        #expect(Routes.mistake(in: [], known: known) == nil)
        #expect(Routes.mistake(in: ["policy", "as-of"], known: known) == nil)
        #expect(
            Routes.mistake(in: ["asof"], known: known)
                == "unknown query parameter \"asof\"; this path takes as-of, offset, policy")
        #expect(
            Routes.mistake(in: ["as-of"], known: []) == "unknown query parameter \"as-of\"; this path takes none")
        #expect(
            Routes.mistake(in: ["as-of", "offset", "as-of"], known: known)
                == "the query parameter as-of stands there twice")
    }

    @Test func aStandstillIsNotAliveFromItsLimitOn() {
        let limit = Duration.seconds(300)
        #expect(Response.liveness(standstill: .zero, limit: limit).status == .ok)
        #expect(Response.liveness(standstill: .seconds(299), limit: limit).status == .ok)
        #expect(Response.liveness(standstill: limit, limit: limit).status == .serviceUnavailable)
    }
}
