import Events
import HTTP
import Kafka
import Options
import Scoring

extension Build {
    /// This program. Sources that are built by hand name no commit.
    static let current = Build(
        version: StandingCommand.release, commit: StandingCommand.commit ?? "unknown",
        foldVersion: FoldVersion.newest.rawValue,
        librdkafka: KafkaConfiguration.libraryVersion)
}

extension Cluster {
    /// Keeps the statistics of the clients that are made from here on. Returns what adds them, the program and its process to a
    /// scrape.
    mutating func program() -> @Sendable (inout Exposition) -> Void {
        let statistics = KafkaStatistics()
        kafka.statistics = statistics
        return { exposition in
            exposition.add(.current)
            statistics.add(to: &exposition)
        }
    }
}
