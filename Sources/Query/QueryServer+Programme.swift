import Access
import Events
import HTTP
import Hummingbird
import Pipeline

/// The process and its topics, without data of subjects.
extension QueryServer {
    static let shadowPath = "/shadow"

    var programmeRoutes: [Route] {
        let shadow = Route(
            .get, Self.shadowPath, name: "readShadow", summary: "What the policy in the shadow would change.",
            tag: "programme",
            answers: [.json("The shadow's report of this member.")], requires: .permission(.readProgramme)
        ) { [self] _ in .json(service.shadowReport.json) }
        return [
            .liveness { [self] in liveness() }, .readiness { [self] in readiness() },
            .metrics { [self] call in .metrics(scrape(), for: call) }, shadow,
        ] + (lag?.routes ?? [])
    }

    private func liveness() -> Response {
        if let failure = service.finalFailure {
            return .error("\(failure)", status: .serviceUnavailable, code: "ended")
        }
        return .liveness(
            standstill: service.standstill, limit: .milliseconds(service.configuration.maximumPollInterval))
    }

    private func readiness() -> Response {
        let readiness = Readiness(service, service.status)
        return .json(status: readiness.isReady ? .ok : .serviceUnavailable) { $0.value(json: readiness.json) }
    }
}
