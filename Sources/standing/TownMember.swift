import struct Access.AccessConfiguration
import CoreMetrics
import HTTP
import Kafka
import Logging
import Options
import Pipeline
import Policy
import Query
import Quickstart

/// The town's one member of Standing, wired as `standing serve` wires one, with a console that is open to this machine.
struct TownMember {
    let service: PipelineService
    /// On a free port.
    let server: QueryServer
    private let lag: MemberLag
    private let control: ControlServices?

    /// `data`: a folder; files and plots are read from the archive in it.
    init(_ cluster: Cluster, policy: ScoringPolicy, workers: Int, data: String, _ logger: Logger) async throws {
        let access = try await AccessSettings(access: AccessConfiguration(), certificate: nil, key: nil).open(logger)
        let metrics = PrometheusMetrics()
        MetricsSystem.bootstrap(metrics)
        var configuration = try cluster.pipeline(policy: policy, clock: .events, workers: workers)
        configuration.data = LocalData(data)
        service = PipelineService(configuration, logger: logger)
        lag = try cluster.lag(of: service)
        control = try ControlServices(service, cluster, signer: nil, fourEyes: [], member: "quickstart", logger)
        server = QueryServer(
            service: service, metrics: metrics, address: HTTPAddress(host: TownRun.host, port: 0),
            announcement: .nothing, lag: lag, options: access.options(audit: control?.audit),
            more: control?.routes ?? [], desk: control?.desk, console: access.control,
            version: StandingCommand.release, logger: logger)
    }

    func close() {
        lag.stop()
        control?.close()
    }
}
