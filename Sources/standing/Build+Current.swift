import Events
import HTTP
import Kafka
import Options
import Scoring

extension Build {
    /// This program. A build by hand has no commit.
    static let current = Build(
        version: StandingCommand.release, commit: StandingCommand.commit ?? "unknown",
        foldVersion: FoldVersion.newest.rawValue,
        librdkafka: KafkaConfiguration.libraryVersion)
}

extension Cluster {
    /// Collects the statistics of all clients that are made afterwards. Returns a function that adds them, the program
    /// and its process to a scrape.
    mutating func program() -> @Sendable (inout Exposition) -> Void {
        let statistics = KafkaStatistics()
        kafka.statistics = statistics
        return { exposition in
            exposition.add(.current)
            statistics.add(to: &exposition)
        }
    }
}
